// /detections: every face that was seen and kept, enrolled or not.
#include <charconv>

#include "api/body_fields.h"
#include "api/resources.h"
#include "base/time_text.h"
#include "database/detection_repository.h"

namespace vigil::api {
namespace {

Schema DetectionSchema() {
  return Object(
      "Detection",
      {{"id", Id(), kRequired},
       {"camera_id", Text(), kRequired},
       {"seen_at", Time(), kRequired},
       {"track_id", Integer(), kRequired},
       {"box", BoxSchema(), kRequired},
       {"score", Number(), kRequired},
       {"quality", Number(0, 1), kRequired},
       {"outcome", OutcomeSchema(), kRequired},
       {"reason", Described(Nullable(ReasonSchema()), "why unrecognisable"), kRequired},
       {"best_person_id", Described(Nullable(Text()), "null: nobody enrolled"), kRequired},
       {"similarity", Number(), kRequired},
       {"threshold", Number(), kRequired}});
}

json::object DetectionJson(const DetectionRecord& detection) {
  return {{"id", detection.id},
          {"camera_id", detection.camera_id},
          {"seen_at", FormatTime(detection.seen_at)},
          {"track_id", detection.track_id},
          {"box", BoxJson(detection.box)},
          {"score", Rounded(detection.score)},
          {"quality", Rounded(detection.quality)},
          {"outcome", OutcomeName(detection.outcome)},
          {"reason", detection.reason ? json::value(ReasonName(*detection.reason)) : nullptr},
          {"best_person_id", OrNull(detection.best_person_id)},
          {"similarity", Rounded(detection.similarity)},
          {"threshold", Rounded(detection.threshold)}};
}

std::optional<Outcome> OutcomeOf(std::string_view word) {
  for (const Outcome outcome : {Outcome::kMatch, Outcome::kPossibleMatch, Outcome::kStranger,
                                Outcome::kUnrecognisable, Outcome::kSpoof}) {
    if (word == OutcomeName(outcome)) return outcome;
  }
  return std::nullopt;
}

std::optional<std::int64_t> TrackOf(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::expected<DetectionFilter, Problem> FilterOf(const HttpRequest& request) {
  DetectionFilter filter;
  std::vector<FieldError> errors;
  filter.camera_id = request.Query("camera").value_or("");
  ReadTimeQuery(request, "from", filter.from, errors);
  ReadTimeQuery(request, "to", filter.to, errors);
  if (const auto word = request.Query("outcome")) {
    filter.outcome = OutcomeOf(*word);
    if (!filter.outcome) {
      errors.push_back(
          {"outcome", "must be one of match, possible_match, stranger, unrecognisable, spoof"});
    }
  }
  if (const auto text = request.Query("track")) {
    filter.track_id = TrackOf(*text);
    if (!filter.track_id) errors.push_back({"track", "must be a whole number"});
  }
  if (!errors.empty()) return std::unexpected(InvalidFields(std::move(errors)));
  return filter;
}

Answer List(const ApiContext& context, const Call& call) {
  VIGIL_ASSIGN_OR_RETURN(const Page page, PageOf(call.request));
  VIGIL_ASSIGN_OR_RETURN(const DetectionFilter filter, FilterOf(call.request));
  VIGIL_ASSIGN_OR_RETURN(
      const database::Page<DetectionRecord> detections,
      database::DetectionRepository(context.database).List({page.limit, page.after}, filter));
  json::array items;
  for (const DetectionRecord& detection : detections.items) {
    items.push_back(DetectionJson(detection));
  }
  return ListResponse(std::move(items), detections.next);
}

}  // namespace

std::vector<Route> DetectionRoutes(const ApiContext& context) {
  return {
      {Method::kGet, "/api/v1/detections", Role::kOperator, Lane::kStore, kNoBody,
       Description("listDetections", "incidents", "Every face track kept, newest first.",
                   Gives(PageSchema(DetectionSchema())))
           .Query(PageFields())
           .Query({{"camera", Id()},
                   {"from", Described(Time(), "at that time or later")},
                   {"to", Described(Time(), "at that time or earlier")},
                   {"outcome", OutcomeSchema()},
                   {"track", Described(Integer(), "of the camera's stream")}}),
       [&](const Call& call) { return List(context, call); }},
  };
}

}  // namespace vigil::api
