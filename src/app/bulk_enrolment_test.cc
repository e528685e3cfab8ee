// Carrying out plans against a server whose answers the test knows.
#include "app/bulk_enrolment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <deque>
#include <fstream>
#include <mutex>
#include <thread>

#include "app/enrolment_report.h"
#include "fakes/temporary_folder.h"

namespace vigil::app {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

RestAnswer Refusal(int status, const std::string& code, const std::string& detail) {
  return {status, {{"code", code}, {"detail", detail}}};
}

// Enrols every photo, unless answers were prepared. Keeps what it was asked.
class FakeServer final : public RestClient {
 public:
  Result<RestAnswer> Send(api::Method, const std::string& target, const std::string&,
                          std::string body) override {
    const std::lock_guard lock(mutex_);
    if (target == "/watchlists") {
      return RestAnswer{200, {{"items", {{{"name", "banned"}, {"id", "list-1"}}}}}};
    }
    bodies.push_back(std::move(body));
    if (!answers.empty()) {
      RestAnswer answer = std::move(answers.front());
      answers.pop_front();
      return answer;
    }
    const std::string number = std::to_string(bodies.size());
    return RestAnswer{201,
                      {{"person_id", "person-1"},
                       {"person_created", bodies.size() == 1},
                       {"already_enrolled", false},
                       {"photo_id", "photo-" + number},
                       {"photo", {{"id", "photo-" + number}}}}};
  }
  int PhotosAtOnce() const override { return at_once; }

  int at_once = 1;
  std::vector<std::string> bodies;
  std::deque<RestAnswer> answers;

 private:
  std::mutex mutex_;
};

class Bulk : public testing::Test {
 protected:
  PlannedPhoto Photo(const std::string& name) {
    std::ofstream(folder_.Path() / name) << "picture of " << name;
    return {.path = folder_.Path() / name, .person = "Ada"};
  }

  Status Run(EnrolmentPlan plan) {
    BulkEnrolment enrolment(server_, clock_, std::move(plan), [this](const FileVerdict& verdict) {
      counts_.Count(verdict);
      verdicts_.push_back(verdict);
    });
    VIGIL_RETURN_IF_ERROR(enrolment.FindLists());
    const Status status = enrolment.Run(stop_.get_token());
    done_ = enrolment.Done();
    return status;
  }

  TemporaryFolder folder_;
  FakeServer server_;
  ManualClock clock_;
  std::stop_source stop_;
  EnrolmentCounts counts_;
  std::vector<FileVerdict> verdicts_;
  std::size_t done_ = 0;
};

TEST_F(Bulk, GivesEveryFileItsVerdict) {
  server_.answers.push_back({201,
                             {{"person_id", "p"},
                              {"person_created", true},
                              {"already_enrolled", false},
                              {"photo_id", "a"},
                              {"photo", {{"id", "a"}}}}});
  server_.answers.push_back({200,
                             {{"person_id", "p"},
                              {"person_created", false},
                              {"already_enrolled", true},
                              {"photo_id", "b"},
                              {"photo", nullptr}}});
  server_.answers.push_back(Refusal(422, "no_face", "no face found"));
  EnrolmentPlan plan{{Photo("1.jpg"),
                      Photo("2.jpg"),
                      Photo("3.jpg"),
                      {.path = folder_.Path() / "none.jpg", .person = "Eve", .where = "x.csv:7:1"}},
                     {{"a.txt", "no photo", false}, {"b.gif", "save it as JPEG", true}}};
  ASSERT_TRUE(Run(std::move(plan)).has_value());
  ASSERT_EQ(verdicts_.size(), 6U);
  EXPECT_EQ(verdicts_[0].verdict, Verdict::kPassedOver);
  EXPECT_EQ(verdicts_[1].verdict, Verdict::kRefused);
  EXPECT_EQ(verdicts_[2].verdict, Verdict::kEnrolled);
  EXPECT_EQ(verdicts_[2].photo.at("id"), "a");
  EXPECT_EQ(verdicts_[3].verdict, Verdict::kAlreadyEnrolled);
  EXPECT_EQ(verdicts_[4].code, "no_face");
  EXPECT_EQ(verdicts_[5].code, "unreadable_file");
  EXPECT_THAT(verdicts_[5].message, AllOf(HasSubstr("x.csv:7:1"), HasSubstr("none.jpg")));
  EXPECT_EQ(counts_.enrolled, 1U);
  EXPECT_EQ(counts_.already_enrolled, 1U);
  EXPECT_EQ(counts_.refused, 3U);
  EXPECT_EQ(counts_.passed_over, 1U);
  EXPECT_EQ(counts_.people_created, 1U);
  EXPECT_EQ(done_, 6U);
}

TEST_F(Bulk, SendsThePersonAndTheIdsOfTheLists) {
  PlannedPhoto photo = Photo("1.jpg");
  photo.reason = "theft";
  photo.notes = "tall";
  photo.lists = {"banned"};
  ASSERT_TRUE(Run({{photo}, {}}).has_value());
  ASSERT_EQ(server_.bodies.size(), 1U);
  EXPECT_THAT(server_.bodies[0],
              AllOf(HasSubstr("picture of 1.jpg"), HasSubstr("Ada"), HasSubstr("theft"),
                    HasSubstr("tall"), HasSubstr("list-1"), Not(HasSubstr("banned"))));
}

TEST_F(Bulk, EnrolsNobodyWhenAListIsMissing) {
  PlannedPhoto photo = Photo("1.jpg");
  photo.lists = {"baned"};
  photo.where = "people.csv:2:9";
  const Status status = Run({{photo, Photo("2.jpg")}, {}});
  EXPECT_EQ(status.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(
      status.error().message,
      AllOf(HasSubstr("people.csv:2:9: there is no watch-list baned"), HasSubstr("banned")));
  EXPECT_THAT(server_.bodies, IsEmpty());
}

// A list may name a folder, or a pipe that nobody writes to.
TEST_F(Bulk, RefusesWhatIsNoFile) {
  std::filesystem::create_directory(folder_.Path() / "folder.jpg");
  ASSERT_EQ(::mkfifo((folder_.Path() / "pipe.jpg").c_str(), 0600), 0);
  PlannedPhoto folder = Photo("1.jpg");
  folder.path = folder_.Path() / "folder.jpg";
  PlannedPhoto pipe = Photo("2.jpg");
  pipe.path = folder_.Path() / "pipe.jpg";
  ASSERT_TRUE(Run({{folder, pipe}, {}}).has_value());
  ASSERT_EQ(verdicts_.size(), 2U);
  for (const FileVerdict& verdict : verdicts_) {
    EXPECT_EQ(verdict.verdict, Verdict::kRefused);
    EXPECT_THAT(verdict.message, HasSubstr("is no file"));
  }
  EXPECT_THAT(server_.bodies, IsEmpty());
}

TEST_F(Bulk, StopsAtAFaultThatIsNotThePhotos) {
  server_.answers.push_back(Refusal(500, "internal", "the disk is full"));
  const Status status = Run({{Photo("1.jpg"), Photo("2.jpg")}, {}});
  EXPECT_EQ(status.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(status.error().message, AllOf(HasSubstr("1.jpg"), HasSubstr("the disk is full")));
  EXPECT_EQ(server_.bodies.size(), 1U);
  EXPECT_THAT(verdicts_, IsEmpty());
}

TEST_F(Bulk, AsksABusyServerAgain) {
  server_.answers.push_back(Refusal(503, "busy", "later"));
  server_.answers.push_back(Refusal(503, "busy", "later"));
  // A sleeper that time has woken counts until it runs again, so that nobody can tell it from the
  // next pause: time goes on until the run is over.
  std::jthread time([this](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      clock_.Advance(std::chrono::seconds{1});
      std::this_thread::yield();
    }
  });
  ASSERT_TRUE(Run({{Photo("1.jpg")}, {}}).has_value());
  EXPECT_EQ(server_.bodies.size(), 3U);
  EXPECT_EQ(counts_.enrolled, 1U);
}

TEST_F(Bulk, StartsNothingOnceItWasStopped) {
  stop_.request_stop();
  ASSERT_TRUE(Run({{Photo("1.jpg")}, {}}).has_value());
  EXPECT_THAT(verdicts_, IsEmpty());
}

TEST_F(Bulk, SeveralThreadsTakeEachPhotoOnce) {
  server_.at_once = 4;
  EnrolmentPlan plan;
  for (int i = 0; i < 50; ++i) plan.photos.push_back(Photo(std::to_string(i) + ".jpg"));
  ASSERT_TRUE(Run(std::move(plan)).has_value());
  EXPECT_EQ(counts_.enrolled, 50U);
  std::set<std::string> paths;
  for (const FileVerdict& verdict : verdicts_) paths.insert(verdict.path);
  EXPECT_EQ(paths.size(), 50U);
}

TEST(ReportMaker, WaitsForTheGalleryAndTellsEachPairOnce) {
  const auto answer = [](bool current) {
    return RestAnswer{200,
                      {{"look_alikes",
                        {{{"person_id", "p1"},
                          {"photo_id", "a"},
                          {"other_person_id", "p9"},
                          {"other_name", "Zoe"},
                          {"other_photo_id", nullptr},
                          {"similarity", 0.6},
                          {"same_picture", false}},
                         {{"person_id", "p2"},
                          {"photo_id", "b"},
                          {"other_person_id", "p1"},
                          {"other_name", "Ada"},
                          {"other_photo_id", "a"},
                          {"similarity", 0.99},
                          {"same_picture", true}},
                         {{"person_id", "p1"},
                          {"photo_id", "a"},
                          {"other_person_id", "p2"},
                          {"other_name", "Eve"},
                          {"other_photo_id", "b"},
                          {"similarity", 0.99},
                          {"same_picture", true}}}},
                       {"near_duplicates", json::array()},
                       {"poor_photos",
                        {{{"person_id", "p2"}, {"photo_id", "b"}, {"quality", 0.3}},
                         {{"person_id", "p1"}, {"photo_id", "a"}, {"quality", 0.2}}}},
                       {"threshold", 0.5},
                       {"gallery_current", current}}};
  };
  FakeServer server;
  server.answers = {answer(false), answer(true)};
  ReportMaker maker;
  maker.Note({.path = "ada.jpg",
              .person = "Ada",
              .verdict = Verdict::kEnrolled,
              .person_id = "p1",
              .photo_id = "a"});
  maker.Note({.path = "eve.jpg",
              .person = "Eve",
              .verdict = Verdict::kEnrolled,
              .person_id = "p2",
              .photo_id = "b"});
  maker.Note({.path = "bad.jpg", .person = "Bob"});
  ManualClock clock;
  std::jthread time([&] {
    clock.AwaitSleepers(1);
    clock.Advance(std::chrono::seconds{1});
  });
  const auto report = maker.Make(server, clock, {});
  ASSERT_TRUE(report.has_value());
  EXPECT_EQ(server.bodies.size(), 2U);
  EXPECT_THAT(server.bodies[0], Not(HasSubstr("Bob")));
  ASSERT_EQ(report->look_alikes.size(), 2U);
  EXPECT_EQ(report->look_alikes[0].first.path, "eve.jpg");
  EXPECT_EQ(report->look_alikes[0].second.path, "ada.jpg");
  EXPECT_TRUE(report->look_alikes[0].same_picture);
  EXPECT_EQ(report->look_alikes[1].second.person, "Zoe");
  EXPECT_EQ(report->look_alikes[1].second.path, "");
  ASSERT_EQ(report->poor_photos.size(), 2U);
  EXPECT_EQ(report->poor_photos[0].photo.path, "ada.jpg");
  EXPECT_EQ(report->threshold, 0.5);
}

TEST(ReportMaker, AsksAHundredPeopleARequest) {
  FakeServer server;
  const RestAnswer nothing{200,
                           {{"look_alikes", json::array()},
                            {"near_duplicates", json::array()},
                            {"poor_photos", json::array()},
                            {"threshold", 0.5},
                            {"gallery_current", true}}};
  server.answers = {nothing, nothing, nothing};
  ReportMaker maker;
  for (int i = 0; i < 201; ++i) {
    maker.Note({.path = "x",
                .person = "x",
                .verdict = Verdict::kEnrolled,
                .person_id = std::to_string(i),
                .photo_id = std::to_string(i)});
  }
  ManualClock clock;
  EXPECT_TRUE(maker.Make(server, clock, {}).has_value());
  EXPECT_EQ(server.bodies.size(), 3U);
}

}  // namespace
}  // namespace vigil::app
