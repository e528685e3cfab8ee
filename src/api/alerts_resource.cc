// /alerts: what was sent where, what the receivers said, and another try.
#include <algorithm>

#include "api/body_fields.h"
#include "api/resources.h"
#include "base/format.h"
#include "base/time_text.h"
#include "database/alert_repository.h"

namespace vigil::api {
namespace {

using database::AlertFilter;
using database::AlertRepository;
using database::StoredAlert;

std::string_view StateWord(DeliveryState state) {
  switch (state) {
    case DeliveryState::kPending:
      return "pending";
    case DeliveryState::kSent:
      return "sent";
    case DeliveryState::kDead:
      break;
  }
  return "dead";
}

json::object AlertJson(const StoredAlert& alert) {
  const AlertMessage& message = alert.message;
  json::array attempts;
  for (const database::DeliveryRecord& attempt : alert.deliveries) {
    attempts.push_back({{"at", FormatTime(attempt.at)},
                        {"state", StateWord(attempt.state)},
                        {"answer", attempt.answer}});
  }
  const bool pending = alert.state == DeliveryState::kPending;
  return {{"id", message.id},
          {"channel", alert.channel},
          {"incident_id", message.incident_id},
          {"state", StateWord(alert.state)},
          {"person_id", message.person_id},
          {"person_name", message.person_name},
          {"severity", SeverityName(message.severity)},
          {"camera_id", message.camera_id},
          {"camera_name", message.camera_name},
          {"similarity", Rounded(message.similarity)},
          {"event_time", FormatTime(message.event_time)},
          {"created_at", FormatTime(alert.created_at)},
          {"expires_at",
           FormatTime(alert.expires_at.value_or(message.event_time + std::chrono::hours{24}))},
          {"next_attempt_at",
           pending ? json::value(FormatTime(alert.next_attempt_at)) : json::value(nullptr)},
          {"suppressed_before", message.suppressed_before},
          {"attempts", std::move(attempts)}};
}

std::expected<AlertFilter, Problem> FilterOf(const HttpRequest& request) {
  AlertFilter filter;
  std::vector<FieldError> errors;
  filter.channel = request.Query("channel").value_or("");
  filter.incident_id = request.Query("incident").value_or("");
  ReadTimeQuery(request, "from", filter.from, errors);
  ReadTimeQuery(request, "to", filter.to, errors);
  if (const auto word = request.Query("state")) {
    for (const DeliveryState state :
         {DeliveryState::kPending, DeliveryState::kSent, DeliveryState::kDead}) {
      if (StateWord(state) == *word) filter.state = state;
    }
    if (!filter.state) errors.push_back({"state", "must be one of pending, sent, dead"});
  }
  if (!errors.empty()) return std::unexpected(InvalidFields(std::move(errors)));
  return filter;
}

Answer List(const ApiContext& context, const Call& call) {
  VIGIL_ASSIGN_OR_RETURN(const Page page, PageOf(call.request));
  VIGIL_ASSIGN_OR_RETURN(const AlertFilter filter, FilterOf(call.request));
  VIGIL_ASSIGN_OR_RETURN(const database::Page<StoredAlert> alerts,
                         AlertRepository(context.database).List(filter, {page.limit, page.after}));
  json::array items;
  for (const StoredAlert& alert : alerts.items) items.push_back(AlertJson(alert));
  return ListResponse(std::move(items), alerts.next);
}

Answer Retry(const ApiContext& context, const Call& call) {
  const std::string& id = call.Parameter("id");
  AlertRepository alerts(context.database);
  VIGIL_ASSIGN_OR_RETURN(StoredAlert alert, alerts.Get(id));
  VIGIL_ASSIGN_OR_RETURN(const std::vector<std::string> channels, ChannelNames(context));
  if (std::ranges::find(channels, alert.channel) == channels.end()) {
    return Refuse(409, "conflict", format("there is no channel {} any more", alert.channel));
  }
  VIGIL_ASSIGN_OR_RETURN(alert, alerts.Retry(id));
  if (context.alert_due) context.alert_due(alert.channel);
  VIGIL_RETURN_IF_ERROR(
      RecordAudit(context, call.who, "alert.retry", id, {{"channel", alert.channel}}));
  return JsonResponse(AlertJson(alert));
}

Schema StateSchema() { return Word({"pending", "sent", "dead"}); }

Schema AlertSchema() {
  const Schema attempt = Object("DeliveryAttempt", {{"at", Time(), kRequired},
                                                    {"state", StateSchema(), kRequired},
                                                    {"answer", Text(), kRequired}});
  return Object("Alert", {{"id", Id(), kRequired},
                          {"channel", Text(), kRequired},
                          {"incident_id", Text(), kRequired},
                          {"state", StateSchema(), kRequired},
                          {"person_id", Text(), kRequired},
                          {"person_name", Text(), kRequired},
                          {"severity", SeveritySchema(), kRequired},
                          {"camera_id", Text(), kRequired},
                          {"camera_name", Text(), kRequired},
                          {"similarity", Number(), kRequired},
                          {"event_time", Time(), kRequired},
                          {"created_at", Time(), kRequired},
                          {"expires_at", Time(), kRequired},
                          {"next_attempt_at", Nullable(Time()), kRequired},
                          {"suppressed_before", Count(), kRequired},
                          {"attempts", ListOf(attempt), kRequired}});
}

}  // namespace

std::vector<Route> AlertRoutes(const ApiContext& context) {
  return {
      {Method::kGet, "/api/v1/alerts", Role::kOperator, Lane::kStore, kNoBody,
       Description("listAlerts", "alerts", "What was sent where, newest first, with every attempt.",
                   Gives(PageSchema(AlertSchema())))
           .Query(PageFields())
           .Query({{"channel", Described(Text(1, 100), "its name")},
                   {"incident", Id()},
                   {"state", StateSchema()},
                   {"from", Described(Time(), "at that time or later")},
                   {"to", Described(Time(), "at that time or earlier")}}),
       [&](const Call& call) { return List(context, call); }},
      {Method::kPost, "/api/v1/alerts/{id}/retry", Role::kOperator, Lane::kStore,
       kIgnoredBodyBytesMax,
       Description("retryAlert", "alerts", "Makes an alert due now.", Gives(AlertSchema()))
           .Fails({409}),
       [&](const Call& call) { return Retry(context, call); }},
  };
}

}  // namespace vigil::api
