// Field by field, in the order of the struct.
#include "database/alert_message_json.h"

#include "base/format.h"
#include "base/json.h"
#include "base/time_text.h"
#include "database/rows.h"

namespace vigil::database {
namespace {

std::string TextAt(const json::object& object, const char* key) {
  return std::string(object.at(key).as_string());
}

Severity SeverityFromWord(std::string_view word) {
  return FromWord(word, {Severity::kLow, Severity::kMedium, Severity::kHigh, Severity::kCritical},
                  [](Severity severity) { return SeverityName(severity); });
}

AlertMessage MessageOf(const json::object& object) {
  const Result<WallTime> event_time = ParseTime(object.at("event_time").as_string());
  if (!event_time.has_value()) throw RowError(event_time.error().message);
  return {
      .id = TextAt(object, "id"),
      .incident_id = TextAt(object, "incident_id"),
      .person_id = TextAt(object, "person_id"),
      .person_name = TextAt(object, "person_name"),
      .reason = TextAt(object, "reason"),
      // Rows of older versions have none of the three.
      .near_equal = object.contains("near_equal") && object.at("near_equal").as_bool(),
      .or_person_id = object.contains("or_person_id") ? TextAt(object, "or_person_id") : "",
      .or_person_name = object.contains("or_person_name") ? TextAt(object, "or_person_name") : "",
      .severity = SeverityFromWord(object.at("severity").as_string()),
      .camera_id = TextAt(object, "camera_id"),
      .camera_name = TextAt(object, "camera_name"),
      .event_time = *event_time,
      .face_count = object.at("face_count").to_number<int>(),
      .similarity = object.at("similarity").to_number<float>(),
      .threshold = object.at("threshold").to_number<float>(),
      .stranger_odds = object.at("stranger_odds").to_number<double>(),
      .snapshot_media_id = TextAt(object, "snapshot_media_id"),
      .suppressed_before = object.at("suppressed_before").to_number<std::int64_t>()};
}

}  // namespace

std::string AlertMessageToJson(const AlertMessage& message) {
  return json::serialize(json::object{{"id", message.id},
                                      {"incident_id", message.incident_id},
                                      {"person_id", message.person_id},
                                      {"person_name", message.person_name},
                                      {"reason", message.reason},
                                      {"near_equal", message.near_equal},
                                      {"or_person_id", message.or_person_id},
                                      {"or_person_name", message.or_person_name},
                                      {"severity", SeverityName(message.severity)},
                                      {"camera_id", message.camera_id},
                                      {"camera_name", message.camera_name},
                                      {"event_time", FormatTime(message.event_time)},
                                      {"face_count", message.face_count},
                                      {"similarity", message.similarity},
                                      {"threshold", message.threshold},
                                      {"stranger_odds", message.stranger_odds},
                                      {"snapshot_media_id", message.snapshot_media_id},
                                      {"suppressed_before", message.suppressed_before}});
}

Result<AlertMessage> AlertMessageFromJson(std::string_view text) {
  const Result<json::value> parsed = ParseJson(text);
  if (!parsed.has_value() || !parsed->is_object()) {
    return Fail(ErrorCode::kDataLoss, "the stored alert is not a JSON object");
  }
  try {
    return MessageOf(parsed->get_object());
  } catch (const std::exception& error) {
    return Fail(ErrorCode::kDataLoss, format("the stored alert is damaged: {}", error.what()));
  }
}

}  // namespace vigil::database
