// Channels and alerts through the API, with a real receiver on loopback.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "alerts/loopback_server.h"
#include "api/api_fixture.h"
#include "database/alert_repository.h"
#include "database/audit_repository.h"
#include "database/channel_repository.h"
#include "database/incident_repository.h"

namespace vigil::api {
namespace {

using testing::HasSubstr;
using testing::Not;

class ChannelsTest : public ApiTest {
 protected:
  HttpResponse Make(const std::string& name, const json::object& settings,
                    const std::string& kind = "http") {
    return Ask(
        Method::kPost, "/api/v1/channels", AdminToken(),
        json::serialize(json::object{{"name", name}, {"kind", kind}, {"settings", settings}}));
  }
  json::object SmsSettings() {
    return {{"url", receiver_.Url() + "?key=hunter2"},
            {"secret", "hunter2"},
            {"headers", {{"Authorization", "Bearer {{secret}}"}}},
            {"body", R"({"to": "+49170", "text": "{{title}}", "test": {{test}}})"},
            {"allow_private_addresses", true}};
  }
  std::string MadeId(const HttpResponse& made) {
    EXPECT_EQ(made.status, 201) << made.body;
    return std::string(Json(made).at("id").as_string());
  }
  // An alert of a visit on `channel`.
  std::string QueueAlert(const std::string& channel) {
    NewSighting sighting;
    sighting.person.id = MakePerson("Ada");
    sighting.person.name = "Ada";
    sighting.camera_group_id = "group";
    sighting.sighting.seen_at = clock_.WallNow();
    sighting.sighting.decision.outcome = Outcome::kMatch;
    sighting.sighting.decision.similarity = 0.7F;
    const std::vector<AlertRoute> routes = {{channel, alerts::MakeCooldownRule({})}};
    const auto result = database::IncidentRepository(*database_)
                            .RecordSighting(sighting, std::chrono::seconds{60}, routes);
    EXPECT_TRUE(result.has_value()) << result.error().message;
    return database::AlertRepository(*database_).List({}, {})->items.front().message.id;
  }
  json::value Alerts(const std::string& query = "") {
    return Json(Ask(Method::kGet, "/api/v1/alerts" + query, OperatorToken())).at("items");
  }

  alerts::HttpReceiver receiver_;
};

TEST_F(ChannelsTest, SecretsDoNotFollowAChangedAddress) {
  const std::string target = "/api/v1/channels/" + MadeId(Make("sms", SmsSettings()));
  const HttpResponse refused = Ask(Method::kPatch, target, AdminToken(),
                                   R"({"settings": {"url": "http://127.0.0.1:9/elsewhere"}})");
  EXPECT_EQ(refused.status, 400);
  EXPECT_THAT(refused.body, HasSubstr("settings.secret"));
  EXPECT_THAT(refused.body, HasSubstr("settings.headers"));
  const HttpResponse given = Ask(
      Method::kPatch, target, AdminToken(),
      R"({"settings": {"url": "http://127.0.0.1:9/elsewhere", "secret": "s2", "headers": null}})");
  EXPECT_EQ(given.status, 200) << given.body;
}

TEST_F(ChannelsTest, NeverShowTheirSecrets) {
  const HttpResponse made = Make("sms", SmsSettings());
  const std::string id = MadeId(made);
  EXPECT_THAT(made.body, Not(HasSubstr("hunter2")));
  const HttpResponse list = Ask(Method::kGet, "/api/v1/channels", OperatorToken());
  EXPECT_THAT(list.body, Not(HasSubstr("hunter2")));
  const json::value told = Json(list).at("items").at(0).at("settings");
  EXPECT_EQ(std::string(told.at("url").as_string()),
            format("http://127.0.0.1:{}/***", receiver_.Port()));
  EXPECT_EQ(told.at("body"), "***") << "operators see no literals, which may be tokens";
  const HttpResponse for_admins = Ask(Method::kGet, "/api/v1/channels", AdminToken());
  EXPECT_THAT(for_admins.body, Not(HasSubstr("hunter2")));
  const json::value channel = Json(for_admins).at("items").at(0);
  EXPECT_EQ(channel.at("from_file"), false);
  EXPECT_EQ(channel.at("settings").at("secret"), "***");
  EXPECT_EQ(channel.at("state").at("waiting"), 0);
  // Sent back as shown, with one change.
  json::object settings = channel.at("settings").as_object();
  settings["method"] = "PUT";
  const HttpResponse changed =
      Ask(Method::kPatch, "/api/v1/channels/" + id, AdminToken(),
          json::serialize(json::object{{"settings", settings}, {"enabled", false}}));
  ASSERT_EQ(changed.status, 200) << changed.body;
  const auto stored = database::ChannelRepository(*database_).Get(id);
  EXPECT_FALSE(stored->enabled);
  EXPECT_THAT(stored->settings.Reveal(), HasSubstr("key=hunter2"));
  EXPECT_THAT(stored->settings.Reveal(), HasSubstr(R"("secret":"hunter2")"));
  EXPECT_THAT(stored->settings.Reveal(), HasSubstr("PUT"));
}

TEST_F(ChannelsTest, FaultsNameFieldAndMend) {
  json::object settings = SmsSettings();
  settings["body"] = R"({"text": "{{titel}}"})";
  const HttpResponse refused = Make("sms", settings);
  EXPECT_EQ(refused.status, 400);
  EXPECT_THAT(refused.body, HasSubstr("settings.body"));
  EXPECT_THAT(refused.body, HasSubstr("did you mean {{title}}?"));
  EXPECT_EQ(Make("x", {{"url", "https://h/"}}, "pigeon").status, 400);
  MadeId(Make("sms", SmsSettings()));
  EXPECT_EQ(Make("sms", SmsSettings()).status, 409);
  const HttpResponse renamed = Ask(Method::kPatch, "/api/v1/channels/none", AdminToken(), "{}");
  EXPECT_EQ(renamed.status, 404);
}

TEST_F(ChannelsTest, TestSendsAMarkedMessageAndTellsTheAnswer) {
  const std::string id = MadeId(Make("sms", SmsSettings()));
  const HttpResponse tested = Ask(Method::kPost, "/api/v1/channels/" + id + "/test", AdminToken());
  ASSERT_EQ(tested.status, 200) << tested.body;
  EXPECT_EQ(Json(tested).at("delivered"), true);
  EXPECT_EQ(Json(tested).at("answer"), "HTTP 204");
  const auto request = receiver_.requests.All().at(0);
  EXPECT_EQ(request.Header("Authorization"), "Bearer hunter2");
  EXPECT_EQ(ParseJson(request.body)->at("test"), true);
  EXPECT_THAT(request.body, HasSubstr("Test: "));
  receiver_.SetReply("HTTP/1.1 500 No\r\nContent-Length: 4\r\nConnection: close\r\n\r\nfull");
  const HttpResponse failed = Ask(Method::kPost, "/api/v1/channels/" + id + "/test", AdminToken());
  EXPECT_EQ(Json(failed).at("delivered"), false);
  EXPECT_THAT(failed.body, HasSubstr("HTTP 500"));
  EXPECT_THAT(failed.body, Not(HasSubstr("full"))) << "what a private machine says is not told";
  const json::value channel =
      Json(Ask(Method::kGet, "/api/v1/channels", OperatorToken())).at("items").at(0);
  EXPECT_EQ(channel.at("last_test").at("delivered"), false);
  EXPECT_EQ(channel.at("last_test").at("by"), "anna");
  EXPECT_TRUE(Alerts().as_array().empty());
}

TEST_F(ChannelsTest, DeletingGivesUpWhatWaits) {
  const std::string id = MadeId(Make("sms", SmsSettings()));
  QueueAlert("sms");
  EXPECT_EQ(Alerts("?state=pending&channel=sms").as_array().size(), 1U);
  EXPECT_EQ(Ask(Method::kDelete, "/api/v1/channels/" + id, AdminToken()).status, 204);
  EXPECT_EQ(Ask(Method::kDelete, "/api/v1/channels/" + id, AdminToken()).status, 404);
  const json::value alert = Alerts("?state=dead").at(0);
  EXPECT_EQ(alert.at("attempts").at(0).at("answer"), "the channel was deleted");
  const std::string alert_id(alert.at("id").as_string());
  EXPECT_EQ(Ask(Method::kPost, "/api/v1/alerts/" + alert_id + "/retry", OperatorToken()).status,
            409);
}

TEST_F(ChannelsTest, AChannelThatAListTellsIsNotDeleted) {
  const std::string id = MadeId(Make("sms", SmsSettings()));
  ASSERT_EQ(Ask(Method::kPost, "/api/v1/watchlists", AdminToken(),
                R"({"name": "night", "channels": ["sms"]})")
                .status,
            201);
  const HttpResponse refused = Ask(Method::kDelete, "/api/v1/channels/" + id, AdminToken());
  EXPECT_EQ(refused.status, 409);
  EXPECT_THAT(refused.body, HasSubstr("night"));
}

TEST_F(ChannelsTest, AlertsAreRetriedUnlessTheyWereSent) {
  Make("sms", SmsSettings());
  const std::string id = QueueAlert("sms");
  database::OutboxRepository outbox(*database_);
  const auto record = [&](DeliveryState state) {
    ASSERT_TRUE(outbox.RecordAttempt(id, clock_.WallNow(), state, "HTTP 500", clock_.WallNow())
                    .has_value());
  };
  record(DeliveryState::kDead);
  clock_.Advance(std::chrono::hours{30});
  admin_token_.clear();
  operator_token_ = TokenOf(AddUser("olga", Role::kOperator));
  const std::string target = "/api/v1/alerts/" + id + "/retry";
  const HttpResponse retried = Ask(Method::kPost, target, OperatorToken());
  ASSERT_EQ(retried.status, 200) << retried.body;
  EXPECT_EQ(Json(retried).at("state"), "pending");
  const auto due = outbox.DueAlerts("sms", clock_.WallNow(), 10);
  ASSERT_EQ(due->size(), 1U);
  EXPECT_EQ(due->front().attempts, 0);
  EXPECT_GT(due->front().expires_at, clock_.WallNow());
  record(DeliveryState::kSent);
  EXPECT_EQ(Ask(Method::kPost, target, OperatorToken()).status, 409);
  EXPECT_EQ(Ask(Method::kPost, "/api/v1/alerts/none/retry", OperatorToken()).status, 404);
  const json::value alert = Alerts("?incident=" + std::string("x"));
  EXPECT_TRUE(alert.as_array().empty());
  EXPECT_EQ(Alerts().at(0).at("attempts").as_array().size(), 2U);
  EXPECT_EQ(Ask(Method::kGet, "/api/v1/alerts?state=lost", OperatorToken()).status, 400);
}

}  // namespace
}  // namespace vigil::api
