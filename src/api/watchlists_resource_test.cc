// Watch-lists over REST.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/api_fixture.h"

namespace vigil::api {
namespace {

using testing::HasSubstr;

class WatchlistsResourceTest : public ApiTest {
 protected:
  HttpResponse Create(const std::string& body) {
    return Ask(Method::kPost, "/api/v1/watchlists", AdminToken(), body);
  }
  std::string MakeList(const std::string& name) {
    return std::string(
        Json(Create(json::serialize(json::object{{"name", name}}))).at("id").as_string());
  }
};

TEST_F(WatchlistsResourceTest, AreMadeReadChangedAndDeleted) {
  const HttpResponse made = Create(R"({"name": "banned", "severity": "high", "cooldown_s": 60,
      "schedule": {"time_zone": "Europe/Berlin",
                   "periods": [{"days": ["fri"], "from": "22:00", "to": "06:00"}]}})");
  ASSERT_EQ(made.status, 201) << made.body;
  const std::string target = "/api/v1/watchlists/" + std::string(Json(made).at("id").as_string());
  EXPECT_EQ(Json(Ask(Method::kGet, target, OperatorToken())).at("severity").as_string(), "high");
  const HttpResponse changed =
      Ask(Method::kPatch, target, AdminToken(), R"({"severity": null, "threshold": 0.7})");
  ASSERT_EQ(changed.status, 200) << changed.body;
  EXPECT_TRUE(Json(changed).at("severity").is_null());
  EXPECT_EQ(Json(changed).at("cooldown_s").as_int64(), 60);
  EXPECT_EQ(Ask(Method::kDelete, target, AdminToken()).status, 204);
  EXPECT_EQ(Ask(Method::kGet, target, OperatorToken()).status, 404);
}

TEST_F(WatchlistsResourceTest, RulesAboutMasksAreWords) {
  const HttpResponse made = Create(R"({"name": "ward", "mask": "required"})");
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(Json(made).at("mask").as_string(), "required");
  EXPECT_EQ(Json(Create(R"({"name": "shop"})")).at("mask").as_string(), "any");
  EXPECT_EQ(Create(R"({"name": "bank", "mask": "never"})").status, 400);
}

TEST_F(WatchlistsResourceTest, WrongFieldsAreNamed) {
  const HttpResponse response = Create(
      R"({"name": "x", "threshold": 0.5, "named_strangers_max": 0.1, "schedule": {"time_zone": "Mars"},
          "cameras": [1], "channels": ["a", "a"], "color": "red"})");
  EXPECT_EQ(response.status, 400);
  for (const char* field : {"threshold", "schedule", "cameras", "channels", "color"}) {
    EXPECT_THAT(response.body, HasSubstr(std::string("\"field\":\"") + field)) << field;
  }
}

TEST_F(WatchlistsResourceTest, PeopleAreListedByTheirLists) {
  const std::string list = MakeList("banned");
  const std::string person = MakePerson("Jane Roe");
  MakePerson("John Doe");
  const HttpResponse changed =
      Ask(Method::kPatch, "/api/v1/criminals/" + person, AdminToken(),
          json::serialize(json::object{{"watchlists", json::array{list}}}));
  ASSERT_EQ(changed.status, 200) << changed.body;
  EXPECT_EQ(Json(changed).at("watchlists").as_array().size(), 1U);
  const auto found =
      Json(Ask(Method::kGet, "/api/v1/criminals?watchlist=" + list, OperatorToken()));
  EXPECT_EQ(found.at("items").as_array().size(), 1U);
  EXPECT_EQ(Ask(Method::kDelete, "/api/v1/watchlists/" + list, AdminToken()).status, 409);
}

TEST_F(WatchlistsResourceTest, AnUnknownListIsRefused) {
  const std::string person = MakePerson("Jane Roe");
  EXPECT_EQ(Ask(Method::kPatch, "/api/v1/criminals/" + person, AdminToken(),
                R"({"watchlists": ["nowhere"]})")
                .status,
            400);
}

TEST_F(WatchlistsResourceTest, AScheduleWithoutAZoneStaysInItsZone) {
  const HttpResponse made = Ask(
      Method::kPost, "/api/v1/watchlists", AdminToken(),
      R"({"name":"night","schedule":{"time_zone":"Asia/Tokyo","periods":[{"days":["mon"],"from":"22:00","to":"06:00"}]}})");
  ASSERT_EQ(made.status, 201) << made.body;
  const std::string list = "/api/v1/watchlists/" + std::string(Json(made).at("id").get_string());
  const HttpResponse changed =
      Ask(Method::kPatch, list, AdminToken(),
          R"({"schedule":{"periods":[{"days":["tue"],"from":"21:00","to":"05:00"}]}})");
  ASSERT_EQ(changed.status, 200) << changed.body;
  EXPECT_EQ(Json(changed).at("schedule").at("time_zone"), "Asia/Tokyo");
  EXPECT_EQ(Json(changed).at("schedule").at("periods").at(0).at("from"), "21:00");
  const HttpResponse moved =
      Ask(Method::kPatch, list, AdminToken(), R"({"schedule":{"time_zone":"Europe/Berlin"}})");
  ASSERT_EQ(moved.status, 200) << moved.body;
  EXPECT_EQ(Json(moved).at("schedule").at("time_zone"), "Europe/Berlin");
  EXPECT_EQ(Json(moved).at("schedule").at("periods").get_array().size(), 1U);
}

}  // namespace
}  // namespace vigil::api
