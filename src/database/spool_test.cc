// The spool: what is written is what is read, and what somebody altered is neither used nor lost.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <random>

#include "database/spool_file.h"
#include "database/spool_record.h"
#include "temporary_database.h"
#include "temporary_folder.h"

namespace vigil::database {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr std::size_t kBytesMax = 1 << 20;

class SpoolFileTest : public ::testing::Test {
 protected:
  SpoolFile Open(std::size_t bytes_max = kBytesMax) {
    Result<SpoolFile> file = SpoolFile::Open(path_, sealer_, bytes_max);
    EXPECT_TRUE(file.has_value()) << (file ? "" : file.error().message);
    return *std::move(file);
  }
  static std::vector<std::string> Texts(const SpoolFile& file) {
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < file.Count(); ++i) texts.push_back(file.Read(i).value());
    return texts;
  }
  void Write(std::initializer_list<std::string> texts) {
    SpoolFile file = Open();
    for (const std::string& text : texts) ASSERT_TRUE(file.Append(text).has_value());
  }
  std::string Content() const {
    std::ifstream file(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void SetContent(const std::string& bytes) const {
    std::ofstream(path_, std::ios::binary | std::ios::trunc) << bytes;
  }
  fs::path Damaged() const { return path_.string() + ".damaged"; }

  TemporaryFolder folder_;
  const fs::path path_ = folder_.Path() / "spool";
  const Sealer sealer_ = TestSealer();
};

TEST_F(SpoolFileTest, KeepsWhatIsAppendedInItsOrderAndSealed) {
  Write({"one secret", "two", "three"});
  EXPECT_THAT(Content(), Not(HasSubstr("secret")));
  EXPECT_THAT(Texts(Open()), ElementsAre("one secret", "two", "three"));
  Write({"four"});
  EXPECT_THAT(Texts(Open()), ElementsAre("one secret", "two", "three", "four"));
}

TEST_F(SpoolFileTest, IsEmptyOnceCleared) {
  Write({"one", "two"});
  {
    SpoolFile file = Open();
    ASSERT_TRUE(file.Clear().has_value());
    EXPECT_EQ(file.Count(), 0U);
    ASSERT_TRUE(file.Append("anew").has_value());
  }
  EXPECT_THAT(Texts(Open()), ElementsAre("anew"));
  EXPECT_FALSE(fs::exists(Damaged()));
}

TEST_F(SpoolFileTest, CutsATornEndWhereverItTore) {
  Write({"one"});
  const std::size_t whole = Content().size();
  Write({"two"});
  const std::string both = Content();
  for (std::size_t size = 0; size < both.size(); ++size) {
    SetContent(both.substr(0, size));
    const SpoolFile file = Open();
    if (size < whole) {
      EXPECT_THAT(Texts(file), IsEmpty()) << size;
    } else {
      EXPECT_THAT(Texts(file), ElementsAre("one")) << size;
    }
    EXPECT_EQ(file.DamagedCount(), 0U) << size;
  }
}

TEST_F(SpoolFileTest, LeavesOutAnAlteredRecordAndKeepsTheFile) {
  Write({"one", "two", "three"});
  std::string bytes = Content();
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  SetContent(bytes);
  const SpoolFile file = Open();
  EXPECT_THAT(Texts(file), ElementsAre("one", "three"));
  EXPECT_EQ(file.DamagedCount(), 1U);
  EXPECT_TRUE(fs::exists(Damaged()));
}

TEST_F(SpoolFileTest, TakesNoRecordOfAnotherKeyOrOfAnotherFile) {
  Write({"one"});
  const std::string first = Content();
  EXPECT_EQ(SpoolFile::Open(path_, TestSealer('2'), kBytesMax)->DamagedCount(), 1U);

  fs::remove(path_);
  Write({"two"});
  // The record of the first file under the name of the second.
  constexpr std::size_t kHeader = 24;
  SetContent(Content().substr(0, kHeader) + first.substr(kHeader));
  const SpoolFile file = Open();
  EXPECT_THAT(Texts(file), IsEmpty());
  EXPECT_EQ(file.DamagedCount(), 1U);
}

TEST_F(SpoolFileTest, RefusesWhatDoesNotFitAndStaysAsItWas) {
  SpoolFile file = Open(200);
  ASSERT_TRUE(file.Append("fits").has_value());
  const Status refused = file.Append(std::string(200, 'x'));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(refused.error().message, HasSubstr("is full"));
  ASSERT_TRUE(file.Append("fits too").has_value());
  EXPECT_THAT(Texts(file), ElementsAre("fits", "fits too"));
}

TEST_F(SpoolFileTest, SurvivesAnyBytes) {
  std::minstd_rand random(7);
  Write({"one", "two"});
  const std::string sound = Content();
  for (int round = 0; round < 300; ++round) {
    std::string bytes = sound;
    for (int i = 0; i < 3; ++i) bytes[random() % bytes.size()] = static_cast<char>(random());
    SetContent(bytes);
    SpoolFile file = Open();
    ASSERT_TRUE(file.Append("after").has_value());
    const std::vector<std::string> texts = Texts(file);
    ASSERT_FALSE(texts.empty());
    EXPECT_EQ(texts.back(), "after");
  }
}

SpooledSighting FullSighting() {
  SpooledSighting spooled;
  NewSighting& sighting = spooled.sighting;
  sighting.person.id = "ada";
  sighting.person.name = "Ada \"quoted\"";
  sighting.person.reason = "wanted";
  sighting.person.severity = Severity::kHigh;
  sighting.camera_group_id = "entrance";
  sighting.near_equal.emplace();
  sighting.near_equal->id = "bea";
  sighting.near_equal->name = "Bea";
  Sighting& seen = sighting.sighting;
  seen.id = "s1";
  seen.camera_id = "camera-1";
  seen.camera_name = "Front door";
  seen.seen_at = WallTime{std::chrono::milliseconds{1'700'000'000'123}};
  seen.track_id = 4;
  seen.face_count = 2;
  seen.box = {1.5F, 2, 3, 4.25F};
  seen.frame_width = 1920;
  seen.frame_height = 1080;
  seen.quality = 0.7F;
  seen.crop_media_id = "crop-1";
  seen.frame_media_id = "frame-1";
  seen.decision.outcome = Outcome::kMatch;
  seen.decision.similarity = 0.712F;
  seen.decision.threshold = 0.6F;
  seen.decision.stranger_odds = 0.00025;
  seen.decision.candidates = {{"ada", "r1", 0.712F}, {"bea", "r2", 0.71F}};
  seen.decision.gallery = {17, 5, 3};
  seen.decision.trace.shots.resize(1);  // no shots, no trace
  seen.decision.trace.threshold.near_equal = true;
  seen.detector = "mtcnn:abc:f32";
  seen.embedder = "facenet-128:def:i8";
  AlertMessage alert;
  alert.id = "a1";
  alert.incident_id = "i1";
  alert.person_name = "Ada";
  alert.event_time = seen.seen_at;
  spooled.step = {.incident_id = "i1",
                  .created = true,
                  .upgraded = false,
                  .shows_best = true,
                  .answers = {{.channel = "phone",
                               .cooldown = {seen.seen_at, Severity::kHigh, 0.712F, 3},
                               .alert = alert},
                              {.channel = "desk", .cooldown = {}, .alert = std::nullopt}}};
  return spooled;
}

// What is read says the same again: nothing was left out on either way.
TEST(SpoolRecordJson, IsReadAsItWasWritten) {
  DetectionRecord detection;
  detection.id = "d1";
  detection.box = {1, 2, 3, 4};
  detection.outcome = Outcome::kUnrecognisable;
  detection.reason = UnrecognisableReason::kBlurred;
  const DeliveryAttempt attempt{.id = "x1",
                                .alert_id = "a1",
                                .at = WallTime{std::chrono::milliseconds{5}},
                                .state = DeliveryState::kDead,
                                .answer = "410 gone",
                                .next_attempt_at = WallTime{std::chrono::milliseconds{6}}};
  for (const SpoolRecord& record :
       {SpoolRecord(FullSighting()), SpoolRecord(attempt),
        SpoolRecord(std::vector<DetectionRecord>{detection, detection})}) {
    const std::string text = SpoolRecordToText(record);
    const Result<SpoolRecord> read = SpoolRecordFromText(text);
    ASSERT_TRUE(read.has_value()) << read.error().message;
    EXPECT_EQ(SpoolRecordToText(*read), text);
  }
  const auto read = SpoolRecordFromText(SpoolRecordToText(FullSighting())).value();
  const auto& spooled = std::get<SpooledSighting>(read);
  EXPECT_EQ(spooled.sighting.near_equal->name, "Bea");
  EXPECT_EQ(spooled.sighting.sighting.decision.candidates.size(), 2U);
  EXPECT_TRUE(spooled.sighting.sighting.decision.trace.threshold.near_equal);
  EXPECT_EQ(spooled.step.answers.at(0).cooldown.suppressed, 3);
  EXPECT_EQ(spooled.step.answers.at(0).alert->id, "a1");
  EXPECT_FALSE(spooled.step.answers.at(1).alert.has_value());
}

TEST(SpoolRecordJson, KeepsAnAttemptWhoseAnswerIsNoText) {
  DeliveryAttempt attempt;
  attempt.answer = "\xFF\xFE";
  const auto read = SpoolRecordFromText(SpoolRecordToText(attempt));
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(std::get<DeliveryAttempt>(*read).answer, "an answer that is no text");
}

TEST(SpoolRecordJson, SaysWhatIsWrong) {
  for (const char* text : {"", "{", "[]", "{}", R"({"kind":"other"})", R"({"kind":"attempt"})",
                           R"({"kind":"detections","detections":[{"id":5}]})"}) {
    const auto read = SpoolRecordFromText(text);
    ASSERT_FALSE(read.has_value()) << text;
    EXPECT_EQ(read.error().code, ErrorCode::kDataLoss) << text;
  }
}

}  // namespace
}  // namespace vigil::database
