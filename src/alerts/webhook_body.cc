// The fields are documented by their names; receivers drop repeats by the alert's id.
#include "alerts/webhook_body.h"

#include <cmath>

#include "alerts/message_text.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/time_text.h"

namespace vigil::alerts {
namespace {

constexpr std::size_t kTextCharactersMax = 1'000;

// Scores carry four meaningful digits; a float's further ones are noise.
double Rounded(float score) { return std::round(static_cast<double>(score) * 1e4) / 1e4; }

json::value Snapshot(std::span<const std::byte> jpeg) {
  if (jpeg.empty()) return nullptr;
  const std::string_view bytes(reinterpret_cast<const char*>(jpeg.data()), jpeg.size());
  return {{"mime_type", "image/jpeg"}, {"base64", Base64Encode(bytes)}};
}

json::value OtherPerson(const AlertMessage& message) {
  if (message.or_person_id.empty()) return nullptr;
  return {{"id", message.or_person_id},
          {"name", OneLine(message.or_person_name, kTextCharactersMax)}};
}

}  // namespace

std::string WebhookBody(const AlertMessage& message, std::span<const std::byte> snapshot_jpeg,
                        WallTime sent_at, std::string_view link) {
  const json::value body = {{"type", message.is_test ? "vigil.test" : "vigil.match"},
                            {"timestamp", FormatTime(message.event_time)},
                            {"data",
                             {
                                 {"alert_id", message.id},
                                 {"incident_id", message.incident_id},
                                 {"event_time", FormatTime(message.event_time)},
                                 {"sent_at", FormatTime(sent_at)},
                                 {"expires_at", FormatTime(ExpiryOf(message))},
                                 {"late", IsLate(message, sent_at)},
                                 {"text", AlertVerdict(message)},
                                 {"person",
                                  {{"id", message.person_id},
                                   {"name", OneLine(message.person_name, kTextCharactersMax)},
                                   {"reason", OneLine(message.reason, kTextCharactersMax)},
                                   {"severity", SeverityName(message.severity)}}},
                                 {"near_equal", message.near_equal},
                                 {"or_person", OtherPerson(message)},
                                 {"camera",
                                  {{"id", message.camera_id},
                                   {"name", OneLine(message.camera_name, kTextCharactersMax)}}},
                                 {"similarity", Rounded(message.similarity)},
                                 {"threshold", Rounded(message.threshold)},
                                 {"stranger_odds", message.stranger_odds},
                                 {"stranger_odds_text", OddsText(message.stranger_odds)},
                                 {"face_count", message.face_count},
                                 {"suppressed_before", message.suppressed_before},
                                 {"link", link},
                                 {"snapshot", Snapshot(snapshot_jpeg)},
                             }}};
  return json::serialize(body);
}

}  // namespace vigil::alerts
