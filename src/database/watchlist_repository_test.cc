// Watch-lists at rest.
#include "database/watchlist_repository.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "database/camera_repository.h"
#include "database/person_repository.h"
#include "database/schedule_json.h"
#include "fakes/temporary_database.h"

namespace vigil::database {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class WatchlistsTest : public testing::Test {
 protected:
  Watchlist Make(const std::string& name) {
    Watchlist list;
    list.name = name;
    return lists_.Create(list).value();
  }
  Person Enrol(const std::string& name, std::vector<std::string> lists) {
    Person person;
    person.name = name;
    person.watchlist_ids = std::move(lists);
    return persons_.Create(person).value();
  }

  TemporaryDatabase files_;
  Database& database_ = *files_;
  WatchlistRepository lists_{database_};
  PersonRepository persons_{database_};
};

TEST_F(WatchlistsTest, KeepsEveryField) {
  Watchlist list;
  list.name = "night shift";
  list.named_strangers_max = 0.001;
  list.severity = Severity::kHigh;
  list.channels = {"desk", "ops \"two\""};
  list.cooldown_s = 60;
  list.mask = MaskRule::kForbidden;
  SchedulePeriod period{.from = std::chrono::minutes{1350}, .to = std::chrono::minutes{360}};
  period.days = {true, false, false, false, false, true, true};
  list.schedule = {.time_zone = "Europe/Berlin", .periods = {period}};
  list = lists_.Create(list).value();
  EXPECT_EQ(lists_.Get(list.id).value(), list);
}

TEST_F(WatchlistsTest, AChangeReplacesAndNamesStayUnique) {
  Watchlist list = Make("first");
  Make("second");
  list.name = "second";
  EXPECT_EQ(lists_.Update(list).error().code, ErrorCode::kConflict);
  list.name = "third";
  list.threshold = 0.7;
  EXPECT_EQ(lists_.Update(list).value().threshold, 0.7);
}

TEST_F(WatchlistsTest, RefusesCamerasThatDoNotExist) {
  Watchlist list;
  list.name = "x";
  list.camera_ids = {"nowhere"};
  EXPECT_THAT(lists_.Create(list).error().message, HasSubstr("no camera nowhere"));
}

TEST_F(WatchlistsTest, ACameraInAListIsNotDeleted) {
  CameraRepository cameras(database_);
  Camera camera;
  camera.name = "gate";
  camera.url = Secret("rtsp://192.0.2.1/");
  camera = cameras.Create(camera).value();
  Watchlist list;
  list.name = "night";
  list.camera_ids = {camera.id};
  list = lists_.Create(list).value();
  const Status refused = cameras.Delete(camera.id);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kConflict);
  EXPECT_THAT(refused.error().message, HasSubstr("night"));
  list.camera_ids.clear();
  ASSERT_TRUE(lists_.Update(list));
  EXPECT_TRUE(cameras.Delete(camera.id));
}

TEST_F(WatchlistsTest, PeopleStandInTheirLists) {
  const std::string a = Make("a").id;
  const std::string b = Make("b").id;
  const Person both = Enrol("both", {a, b});
  const Person none = Enrol("none", {});
  const Person one = Enrol("one", {b});
  EXPECT_THAT(persons_.Get(both.id).value().watchlist_ids, ElementsAre(a, b));
  const auto everybody = persons_.List({}).value().items;
  ASSERT_EQ(everybody.size(), 3U);
  EXPECT_THAT(everybody[1].watchlist_ids, IsEmpty());
  EXPECT_THAT(everybody[2].watchlist_ids, ElementsAre(b));
  EXPECT_EQ(persons_.List({}, a).value().items.size(), 1U);
  EXPECT_EQ(lists_.Get(b).value().person_count, 2);
  EXPECT_THAT(lists_.LoadAll().value().lists_of.at(one.id), ElementsAre(b));
}

TEST_F(WatchlistsTest, AnUnknownListEnrolsNobody) {
  Person person;
  person.name = "x";
  person.watchlist_ids = {"nowhere"};
  EXPECT_EQ(persons_.Create(person).error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(persons_.List({}).value().items, IsEmpty());
}

TEST_F(WatchlistsTest, AListWithPeopleIsNotDeleted) {
  const std::string id = Make("a").id;
  const Person person = Enrol("somebody", {id});
  EXPECT_EQ(lists_.Delete(id).error().code, ErrorCode::kConflict);
  ASSERT_TRUE(persons_.Delete(person.id));
  EXPECT_TRUE(lists_.Delete(id));
  EXPECT_EQ(lists_.Delete(id).error().code, ErrorCode::kNotFound);
}

TEST(ScheduleOf, RefusesWhatIsNoSchedule) {
  for (const char* text :
       {"[]", R"({"perids": []})", R"({"time_zone": "Mars"})", R"({"periods": 3})",
        R"({"periods": [{"days": []}]})",
        R"({"periods": [{"days": ["mon"], "from": "6:30", "to": "07:00"}]})",
        R"({"periods": [{"days": ["mon"], "from": "06:60", "to": "07:00"}]})",
        R"({"periods": [{"days": ["mon"], "from": "06:00", "to": "24:01"}]})",
        R"({"periods": [{"days": ["someday"], "from": "06:00", "to": "07:00"}]})"}) {
    EXPECT_FALSE(ScheduleOf(ParseJson(text).value())) << text;
  }
}

}  // namespace
}  // namespace vigil::database
