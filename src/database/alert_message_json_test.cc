// Alerts as text: the same for the same, and never half read.
#include "database/alert_message_json.h"

#include <gtest/gtest.h>

namespace vigil::database {
namespace {

TEST(AlertMessageJson, IsTheSameTextForTheSameMessage) {
  AlertMessage message;
  message.id = "1";
  message.person_name = "quote \" and newline \n";
  message.severity = Severity::kCritical;
  message.event_time = WallTime{std::chrono::milliseconds{1'700'000'000'123}};
  message.face_count = 3;
  message.similarity = 0.7123F;
  message.stranger_odds = 0.00025;
  message.suppressed_before = 5;
  const std::string text = AlertMessageToJson(message);
  EXPECT_EQ(text, AlertMessageToJson(message));
  const AlertMessage read = *AlertMessageFromJson(text);
  EXPECT_EQ(AlertMessageToJson(read), text);
  EXPECT_EQ(read.person_name, message.person_name);
  EXPECT_EQ(read.severity, Severity::kCritical);
  EXPECT_EQ(read.event_time, message.event_time);
  EXPECT_EQ(read.similarity, message.similarity);
  EXPECT_EQ(read.suppressed_before, 5);
}

TEST(AlertMessageJson, RefusesDamage) {
  const std::string text = AlertMessageToJson({});
  for (const std::string& damaged :
       {std::string(), std::string("[]"), std::string("{}"), text.substr(0, text.size() / 2)}) {
    EXPECT_EQ(AlertMessageFromJson(damaged).error().code, ErrorCode::kDataLoss) << damaged;
  }
}

}  // namespace
}  // namespace vigil::database
