// Asking for another embedder through the API.
#include <gtest/gtest.h>

#include "api/api_fixture.h"
#include "database/model_switch_repository.h"

namespace vigil::api {
namespace {

class ModelSwitchTest : public ApiTest {
 protected:
  HttpResponse Request(const std::string& embedder) {
    return Ask(Method::kPost, "/api/v1/models/switch", AdminToken(),
               json::serialize(json::object{{"embedder", embedder}}));
  }
  json::value Status() {
    const HttpResponse response = Ask(Method::kGet, "/api/v1/models/switch", OperatorToken());
    EXPECT_EQ(response.status, 200) << response.body;
    return Json(response);
  }
};

TEST_F(ModelSwitchTest, IsAskedForWatchedAndCancelled) {
  EXPECT_TRUE(Status().at("newest").is_null());
  const HttpResponse asked = Request("other");
  ASSERT_EQ(asked.status, 202) << asked.body;
  EXPECT_EQ(Json(asked).at("newest").at("state"), "running");
  EXPECT_EQ(Request("third").status, 409) << "one at a time";
  const json::value running = Status().at("newest");
  EXPECT_EQ(running.at("embedder"), "other");
  EXPECT_EQ(running.at("embedded"), 0);
  const HttpResponse cancelled = Ask(Method::kDelete, "/api/v1/models/switch", AdminToken());
  ASSERT_EQ(cancelled.status, 200) << cancelled.body;
  EXPECT_EQ(Status().at("newest").at("state"), "cancelled");
  EXPECT_EQ(Ask(Method::kDelete, "/api/v1/models/switch", AdminToken()).status, 404);
}

TEST_F(ModelSwitchTest, TellsWhomItWouldLose) {
  const HttpResponse made = Upload("/api/v1/criminals/" + MakePerson("Anna") + "/upload-photo",
                                   AdminToken(), PhotoBytes({220, 30, 30}));
  const std::string photo(Json(made).at("id").as_string());
  ASSERT_EQ(Request("other").status, 202);
  database::ModelSwitchRepository switches(*database_);
  const auto running = switches.Running().value();
  ASSERT_TRUE(switches.SetSpace(running->id, "other:1:8"));
  ASSERT_TRUE(switches.NoteUnembedded("other:1:8", photo, "Its picture is gone"));
  const json::value newest = Status().at("newest");
  EXPECT_EQ(newest.at("failed"), 1);
  EXPECT_EQ(newest.at("failed_photos").at(0).at("reason"), "Its picture is gone");
  EXPECT_EQ(newest.at("missing_people").at(0).at("name"), "Anna");
}

}  // namespace
}  // namespace vigil::api
