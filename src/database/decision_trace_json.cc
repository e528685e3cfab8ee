// See decision_trace_json.h.
#include "database/decision_trace_json.h"

#include <cmath>
#include <exception>
#include <initializer_list>

#include "base/time_text.h"

namespace vigil::database {
namespace {

constexpr std::size_t kTextMax = 16'000;

// Four decimals say all that a similarity or a quality means; rates need their own digits.
double Short(double value) {
  return std::isfinite(value) ? std::round(value * 10'000) / 10'000 : 0;
}

double Milliseconds(std::chrono::microseconds time) {
  return static_cast<double>(time.count()) / 1000;
}

std::chrono::microseconds TimeOf(const json::value& value) {
  return std::chrono::microseconds(std::llround(value.to_number<double>() * 1000));
}

// Null for what nobody measured.
json::value ShortOrNull(const std::optional<float>& value) {
  return value ? json::value(Short(*value)) : json::value(nullptr);
}

// Nothing for null and for what older versions did not write.
std::optional<float> NumberOrNothing(const json::value& object, std::string_view key) {
  const json::value* value = object.as_object().if_contains(key);
  if (value == nullptr || value->is_null()) return std::nullopt;
  return value->to_number<float>();
}

json::object QualityJson(const FaceQuality& quality) {
  json::object object{
      {"score", Short(quality.score)},           {"face_px", Short(quality.face_px)},
      {"sharpness", Short(quality.sharpness)},   {"frontal", Short(quality.frontal)},
      {"brightness", Short(quality.brightness)}, {"covered", ShortOrNull(quality.covered)},
      {"live", ShortOrNull(quality.live)},       {"unrecognisable", nullptr}};
  if (quality.unrecognisable) object["unrecognisable"] = ReasonName(*quality.unrecognisable);
  return object;
}

FaceQuality QualityOf(const json::value& value) {
  FaceQuality quality;
  quality.score = value.at("score").to_number<float>();
  quality.face_px = value.at("face_px").to_number<float>();
  quality.sharpness = value.at("sharpness").to_number<float>();
  quality.frontal = value.at("frontal").to_number<float>();
  quality.brightness = value.at("brightness").to_number<float>();
  quality.covered = NumberOrNothing(value, "covered");
  quality.live = NumberOrNothing(value, "live");
  using enum UnrecognisableReason;
  if (const auto* word = value.at("unrecognisable").if_string()) {
    for (const auto reason : {kTooSmall, kTurnedAway, kBlurred, kDark, kOccluded}) {
      if (ReasonName(reason) == *word) quality.unrecognisable = reason;
    }
  }
  return quality;
}

json::object ShotJson(const ShotTrace& shot) {
  const Box& box = shot.box;
  return {{"captured_at", FormatTime(shot.captured_at)},
          {"pts_ms", shot.pts.count()},
          {"box", {Short(box.x1), Short(box.y1), Short(box.x2), Short(box.y2)}},
          {"score", Short(shot.score)},
          {"quality", QualityJson(shot.quality)},
          {"embedded", shot.embedded},
          {"weight", Short(shot.weight)},
          {"similarity", Short(shot.similarity)}};
}

ShotTrace ShotOf(const json::value& value) {
  ShotTrace shot;
  shot.captured_at = ParseTime(value.at("captured_at").as_string()).value_or(WallTime{});
  shot.pts = std::chrono::milliseconds(value.at("pts_ms").to_number<std::int64_t>());
  const json::value& box = value.at("box");
  shot.box = {box.at(0).to_number<float>(), box.at(1).to_number<float>(),
              box.at(2).to_number<float>(), box.at(3).to_number<float>()};
  shot.score = value.at("score").to_number<float>();
  shot.quality = QualityOf(value.at("quality"));
  shot.embedded = value.at("embedded").as_bool();
  shot.weight = value.at("weight").to_number<float>();
  shot.similarity = value.at("similarity").to_number<float>();
  return shot;
}

json::object ThresholdJson(const ThresholdTrace& threshold) {
  return {{"calibrated", threshold.calibrated},
          {"floor", Short(threshold.floor)},
          {"permitted_rate", threshold.permitted_rate},
          {"comparisons", threshold.comparisons},
          {"runner_up", Short(threshold.runner_up)},
          {"crowding", Short(threshold.crowding)},
          {"false_match_rate", threshold.false_match_rate},
          {"lone_shot", threshold.lone_shot},
          {"lead", Short(threshold.lead)},
          {"lead_min", Short(threshold.lead_min)},
          {"near_equal", threshold.near_equal},
          {"disputed", threshold.disputed}};
}

ThresholdTrace ThresholdOf(const json::value& value) {
  ThresholdTrace threshold;
  threshold.calibrated = value.at("calibrated").as_bool();
  threshold.floor = value.at("floor").to_number<float>();
  threshold.permitted_rate = value.at("permitted_rate").to_number<double>();
  threshold.comparisons = value.at("comparisons").to_number<double>();
  threshold.runner_up = value.at("runner_up").to_number<float>();
  threshold.crowding = value.at("crowding").to_number<double>();
  threshold.false_match_rate = value.at("false_match_rate").to_number<double>();
  threshold.lone_shot = value.at("lone_shot").as_bool();
  // Older traces have none of these.
  if (value.as_object().contains("near_equal")) {
    threshold.lead = value.at("lead").to_number<float>();
    threshold.lead_min = value.at("lead_min").to_number<float>();
    threshold.near_equal = value.at("near_equal").as_bool();
    threshold.disputed = value.at("disputed").as_bool();
  }
  return threshold;
}

json::object EvidenceJson(const EvidenceTrace& evidence) {
  return {
      {"judgements", evidence.judgements},        {"seen_ms", evidence.seen.count()},
      {"quality", Short(evidence.quality)},       {"quality_min", Short(evidence.quality_min)},
      {"patience_ms", evidence.patience.count()}, {"renames_refused", evidence.renames_refused}};
}

EvidenceTrace EvidenceOf(const json::value& value) {
  using std::chrono::milliseconds;
  return {.judgements = value.at("judgements").to_number<int>(),
          .seen = milliseconds(value.at("seen_ms").to_number<std::int64_t>()),
          .quality = value.at("quality").to_number<float>(),
          .quality_min = value.at("quality_min").to_number<float>(),
          .patience = milliseconds(value.at("patience_ms").to_number<std::int64_t>()),
          .renames_refused = value.at("renames_refused").to_number<int>()};
}

json::array WatchlistsJson(const std::vector<WatchlistTrace>& lists) {
  json::array array;
  for (const WatchlistTrace& list : lists) {
    array.push_back(json::object{{"id", list.id},
                                 {"name", list.name},
                                 {"threshold", Short(list.threshold)},
                                 {"passed", list.passed}});
  }
  return array;
}

std::vector<WatchlistTrace> WatchlistsOf(const json::value& value) {
  std::vector<WatchlistTrace> lists;
  for (const json::value& list : value.as_array()) {
    lists.push_back({.id = std::string(list.at("id").as_string()),
                     .name = std::string(list.at("name").as_string()),
                     .threshold = list.at("threshold").to_number<float>(),
                     .passed = list.at("passed").as_bool()});
  }
  return lists;
}

json::object TimesJson(const StageTimes& times) {
  return {{"decode", Milliseconds(times.decode)}, {"queue", Milliseconds(times.queue)},
          {"detect", Milliseconds(times.detect)}, {"embed", Milliseconds(times.embed)},
          {"search", Milliseconds(times.search)}, {"decide", Milliseconds(times.decide)},
          {"store", Milliseconds(times.store)},   {"embed_batch", times.embed_batch}};
}

StageTimes TimesOf(const json::value& value) {
  StageTimes times;
  times.decode = TimeOf(value.at("decode"));
  times.queue = TimeOf(value.at("queue"));
  times.detect = TimeOf(value.at("detect"));
  times.embed = TimeOf(value.at("embed"));
  times.search = TimeOf(value.at("search"));
  times.decide = TimeOf(value.at("decide"));
  times.store = TimeOf(value.at("store"));
  times.embed_batch = value.at("embed_batch").to_number<int>();
  return times;
}

}  // namespace

json::value DecisionTraceJson(const DecisionTrace& trace) {
  if (trace.shots.empty()) return nullptr;
  json::array shots;
  for (const ShotTrace& shot : trace.shots) shots.push_back(ShotJson(shot));
  return json::object{
      {"shots", std::move(shots)},
      {"probe",
       {{"dimension", trace.probe.dimension},
        {"shots", trace.probe.shots},
        {"agreement", Short(trace.probe.agreement)}}},
      {"threshold", ThresholdJson(trace.threshold)},
      {"state",
       {{"covered", ShortOrNull(trace.state.covered)}, {"live", ShortOrNull(trace.state.live)}}},
      {"evidence", EvidenceJson(trace.evidence)},
      {"watchlists", WatchlistsJson(trace.watchlists)},
      {"near_equal_watchlists", WatchlistsJson(trace.near_equal_watchlists)},
      {"faces_outside", trace.faces_outside},
      {"times_ms", TimesJson(trace.times)}};
}

std::string DecisionTraceToText(const DecisionTrace& trace) {
  const json::value value = DecisionTraceJson(trace);
  if (value.is_null()) return {};
  std::string text = WriteJson(value);
  return text.size() <= kTextMax ? text : std::string();
}

DecisionTrace DecisionTraceFromText(const std::string& text) {
  if (text.empty()) return {};
  try {
    const Result<json::value> value = ParseJson(text);
    if (!value.has_value()) return {};
    DecisionTrace trace;
    for (const json::value& shot : value->at("shots").as_array()) {
      trace.shots.push_back(ShotOf(shot));
    }
    const json::value& probe = value->at("probe");
    trace.probe = {.dimension = probe.at("dimension").to_number<int>(),
                   .shots = probe.at("shots").to_number<int>(),
                   .agreement = probe.at("agreement").to_number<float>()};
    trace.threshold = ThresholdOf(value->at("threshold"));
    if (const json::value* state = value->as_object().if_contains("state")) {
      trace.state = {.covered = NumberOrNothing(*state, "covered"),
                     .live = NumberOrNothing(*state, "live")};
    }
    if (const json::value* evidence = value->as_object().if_contains("evidence")) {
      trace.evidence = EvidenceOf(*evidence);
    }
    if (const json::value* lists = value->as_object().if_contains("watchlists")) {
      trace.watchlists = WatchlistsOf(*lists);
    }
    if (const json::value* lists = value->as_object().if_contains("near_equal_watchlists")) {
      trace.near_equal_watchlists = WatchlistsOf(*lists);
    }
    if (const json::value* outside = value->as_object().if_contains("faces_outside")) {
      trace.faces_outside = outside->to_number<int>();
    }
    trace.times = TimesOf(value->at("times_ms"));
    return trace;
  } catch (const std::exception&) {
    // An incident is shown without its trace rather than not at all.
    return {};
  }
}

}  // namespace vigil::database
