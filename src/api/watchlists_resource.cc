// /watchlists: lists of people with rules of their own.
#include <algorithm>

#include "api/body_fields.h"
#include "api/resources.h"
#include "base/time_text.h"
#include "database/schedule_json.h"
#include "database/watchlist_repository.h"

namespace vigil::api {
namespace {

using database::WatchlistRepository;

std::optional<Severity> SeverityOf(std::string_view word) {
  for (const Severity severity :
       {Severity::kLow, Severity::kMedium, Severity::kHigh, Severity::kCritical}) {
    if (SeverityName(severity) == word) return severity;
  }
  return std::nullopt;
}

// `suffix` tells the shapes of requests, which refuse other fields, from those of answers.
Schema ScheduleSchema(const std::string& suffix, Presence presence) {
  const Schema period =
      Object("SchedulePeriod" + suffix,
             {{"days", ListOf(Word({"mon", "tue", "wed", "thu", "fri", "sat", "sun"})), kRequired},
              {"from", Described(Text(5, 5), "06:30"), kRequired},
              {"to", Described(Text(5, 5), "exclusive; at or before `from`: passes midnight"),
               kRequired}});
  return Object("Schedule" + suffix,
                {{"time_zone", Described(Text(1, 64), "Europe/Berlin"), presence},
                 {"periods", Described(ListOf(period, 0, 50), "none: always"), presence}});
}

std::vector<Field> WatchlistFields(const Schema& schedule, Presence presence) {
  return {
      {"name", Text(1, 100), kRequired},
      {"named_strangers_max",
       Described(Nullable(Number(1e-6, 0.5)), "permitted share of strangers who get a name"),
       presence},
      {"threshold",
       Described(Nullable(Number(0, 1)),
                 "fixed cosine in place of a rate; the model's floor holds below"),
       presence},
      {"severity", Described(Nullable(SeveritySchema()), "raises that of its people"), presence},
      {"channels", Described(ListOf(Text(1, 100), 0, 50), "names; none: all channels"), presence},
      {"cooldown_s", Described(Nullable(Integer(0, 86'400)), "null: the channel's"), presence},
      {"schedule", Described(schedule, "when it alerts; incidents are always recorded"), presence},
      {"cameras", Described(ListOf(Id(), 0, 1000), "ids; without cameras and groups: everywhere"),
       presence},
      {"camera_groups", ListOf(Id(), 0, 200), presence}};
}

Schema WatchlistBody() {
  return Object("WatchlistCreate", WatchlistFields(ScheduleSchema("Create", kOptional), kOptional));
}

Schema WatchlistSchema() {
  return Extended("Watchlist",
                  Object("", WatchlistFields(ScheduleSchema("", kRequired), kRequired)),
                  {{"id", Id(), kRequired},
                   {"person_count", Count(), kRequired},
                   {"created_at", Time(), kRequired},
                   {"updated_at", Time(), kRequired}});
}

json::array TextsJson(const std::vector<std::string>& texts) {
  return json::array(texts.begin(), texts.end());
}

template <class Number>
json::value OrNull(const std::optional<Number>& number) {
  return number ? json::value(*number) : json::value(nullptr);
}

json::object WatchlistJson(const Watchlist& list) {
  json::object object{{"id", list.id},
                      {"name", list.name},
                      {"named_strangers_max", OrNull(list.named_strangers_max)},
                      {"threshold", OrNull(list.threshold)},
                      {"severity", nullptr},
                      {"channels", TextsJson(list.channels)},
                      {"cooldown_s", OrNull(list.cooldown_s)},
                      {"schedule", database::ScheduleJson(list.schedule)},
                      {"cameras", TextsJson(list.camera_ids)},
                      {"camera_groups", TextsJson(list.camera_group_ids)},
                      {"person_count", list.person_count},
                      {"created_at", FormatTime(list.created_at)},
                      {"updated_at", FormatTime(list.updated_at)}};
  if (list.severity) object["severity"] = SeverityName(*list.severity);
  return object;
}

Status CheckChannels(const ApiContext& context, BodyFields& fields, const Watchlist& list) {
  if (!fields.Present("channels") || list.channels.empty()) return {};
  VIGIL_ASSIGN_OR_RETURN(const std::vector<std::string> known, ChannelNames(context));
  for (const std::string& channel : list.channels) {
    if (std::ranges::find(known, channel) != known.end()) continue;
    std::string names;
    for (const std::string& name : known) names += (names.empty() ? "" : ", ") + name;
    fields.Wrong("channels", format("there is no channel {}; there are: {}", channel,
                                    names.empty() ? "none" : names));
  }
  return {};
}

void ReadWatchlist(BodyFields& fields, Watchlist& list) {
  fields.Text("name", list.name);
  fields.Number("named_strangers_max", list.named_strangers_max);
  fields.Number("threshold", list.threshold);
  if (list.named_strangers_max && list.threshold) {
    fields.Wrong("threshold", "a list has a permitted rate or a fixed cosine: set one to null");
  }
  Severity severity = Severity::kMedium;
  if (fields.Null("severity")) {
    list.severity.reset();
  } else if (fields.Present("severity")) {
    fields.Word("severity", severity, SeverityOf);
    list.severity = severity;
  }
  fields.Texts("channels", list.channels);
  fields.Integer("cooldown_s", list.cooldown_s);
  if (const json::value* schedule = fields.Find("schedule")) {
    if (Result<Schedule> read = database::ScheduleOf(*schedule)) {
      list.schedule = *std::move(read);
    } else {
      fields.Wrong("schedule", read.error().message);
    }
  }
  fields.Texts("cameras", list.camera_ids);
  fields.Texts("camera_groups", list.camera_group_ids);
}

Answer List(const ApiContext& context) {
  VIGIL_ASSIGN_OR_RETURN(const std::vector<Watchlist> lists,
                         WatchlistRepository(context.database).List());
  json::array items;
  for (const Watchlist& list : lists) items.push_back(WatchlistJson(list));
  return ListResponse(std::move(items), "");
}

Answer Save(const ApiContext& context, const Call& call, Watchlist list) {
  const bool is_new = list.id.empty();
  VIGIL_ASSIGN_OR_RETURN(BodyFields fields, BodyFields::Of(call));
  ReadWatchlist(fields, list);
  VIGIL_RETURN_IF_ERROR(CheckChannels(context, fields, list));
  if (auto problem = fields.Finish()) return std::unexpected(*std::move(problem));
  WatchlistRepository lists(context.database);
  VIGIL_ASSIGN_OR_RETURN(list, is_new ? lists.Create(list) : lists.Update(list));
  if (context.watch_rules_changed) context.watch_rules_changed();
  VIGIL_RETURN_IF_ERROR(RecordAudit(context, call.who,
                                    is_new ? "watchlist.create" : "watchlist.change", list.id,
                                    WatchlistJson(list)));
  return JsonResponse(WatchlistJson(list), is_new ? 201 : 200);
}

Answer Get(const ApiContext& context, const Call& call) {
  VIGIL_ASSIGN_OR_RETURN(const Watchlist list,
                         WatchlistRepository(context.database).Get(call.Parameter("id")));
  return JsonResponse(WatchlistJson(list));
}

Answer Change(const ApiContext& context, const Call& call) {
  VIGIL_ASSIGN_OR_RETURN(Watchlist list,
                         WatchlistRepository(context.database).Get(call.Parameter("id")));
  return Save(context, call, std::move(list));
}

Answer Delete(const ApiContext& context, const Call& call) {
  const std::string& id = call.Parameter("id");
  VIGIL_RETURN_IF_ERROR(WatchlistRepository(context.database).Delete(id));
  if (context.watch_rules_changed) context.watch_rules_changed();
  VIGIL_RETURN_IF_ERROR(RecordAudit(context, call.who, "watchlist.delete", id));
  return NoContent();
}

}  // namespace

std::vector<Route> WatchlistRoutes(const ApiContext& context) {
  return {
      {Method::kGet, "/api/v1/watchlists", Role::kOperator, Lane::kStore, kNoBody,
       Description("listWatchlists", "watchlists", "All watch-lists, by name.",
                   Gives(PageSchema(WatchlistSchema()))),
       [&](const Call&) { return List(context); }},
      {Method::kPost, "/api/v1/watchlists", Role::kAdmin, Lane::kStore, kJsonBodyBytesMax,
       Description("createWatchlist", "watchlists", "Makes a watch-list.",
                   Gives(WatchlistSchema(), 201))
           .Takes(WatchlistBody())
           .Fails({409}),
       [&](const Call& call) { return Save(context, call, {}); }},
      {Method::kGet, "/api/v1/watchlists/{id}", Role::kOperator, Lane::kStore, kNoBody,
       Description("getWatchlist", "watchlists", "One watch-list.", Gives(WatchlistSchema())),
       [&](const Call& call) { return Get(context, call); }},
      {Method::kPatch, "/api/v1/watchlists/{id}", Role::kAdmin, Lane::kStore, kJsonBodyBytesMax,
       Description("changeWatchlist", "watchlists", "Changes the fields that are given.",
                   Gives(WatchlistSchema()))
           .Takes(api::Change("WatchlistChange", WatchlistBody()))
           .Fails({409}),
       [&](const Call& call) { return Change(context, call); }},
      {Method::kDelete, "/api/v1/watchlists/{id}", Role::kAdmin, Lane::kStore, kNoBody,
       Description("deleteWatchlist", "watchlists", "Deletes a list in which nobody stands.",
                   GivesNothing())
           .Fails({409}),
       [&](const Call& call) { return Delete(context, call); }},
  };
}

}  // namespace vigil::api
