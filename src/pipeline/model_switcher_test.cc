// Embedding everybody anew: complete, resumable, and nobody lost in silence.
#include "pipeline/model_switcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>

#include "database/gallery_repository.h"
#include "database/person_repository.h"
#include "fakes/fake_detector.h"
#include "fakes/fake_embedder.h"
#include "fakes/fake_media_store.h"
#include "fakes/temporary_database.h"
#include "media/photo.h"

namespace vigil::pipeline {
namespace {

using database::SwitchEnd;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr auto kLong = std::chrono::minutes{1};

class ModelSwitcherTest : public testing::Test {
 protected:
  static std::unique_ptr<FakeEmbedder> MakeEmbedder(const std::string& model_id) {
    auto embedder = std::make_unique<FakeEmbedder>(64);
    embedder->RenameModel(model_id);
    return embedder;
  }
  static EmbeddingSpace SpaceOf(const std::string& model_id) {
    return MakeEmbedder(model_id)->Info().space;
  }

  // A person with one photo, enrolled by the embedder "old".
  Photo Enrol(const std::string& name) {
    Person person;
    person.name = name;
    Photo photo;
    photo.person_id = persons_.Create(person)->id;
    photo.width = 200;
    photo.height = 150;
    photo.face = FakeDetector::Face(10, 10, 60);
    photo.mime_type = "image/jpeg";
    RgbImage image{photo.width, photo.height, {}};
    image.pixels.assign(200 * 150 * 3, static_cast<std::uint8_t>(30 * ++enrolled_));
    photo.media_id = *media_.Put(MediaKind::kPhoto, media::EncodeJpeg(image, 90).value());
    Reference reference;
    reference.space = SpaceOf("old");
    reference.embedding = FakeEmbedder::EmbeddingOfSeed(1, 64);
    return photos_.AddWithReference(photo, reference).value();
  }

  std::unique_ptr<ModelSwitcher> Start() {
    return std::make_unique<ModelSwitcher>(ModelSwitcherPorts{
        .database = *database_,
        .media = media_,
        .clock = database_.GetClock(),
        .load = [this](const std::string& id) -> Result<std::unique_ptr<PhotoAnalyser>> {
          const std::lock_guard lock(mutex_);
          ++loads_;
          changed_.notify_all();
          if (load_failure_) return std::unexpected(*load_failure_);
          auto embedder = std::make_unique<FakeEmbedder>(64, [this](const FaceCrop&) {
            NoteEmbedded();
            return FakeEmbedder::EmbeddingOfSeed(2, 64);
          });
          embedder->RenameModel(id);
          return std::make_unique<PhotoAnalyser>(std::make_unique<FakeDetector>(),
                                                 std::move(embedder), nullptr);
        },
        .take_over =
            [this](std::unique_ptr<PhotoAnalyser>&, const std::stop_token&,
                   const std::function<Result<SwitchEnd>()>& complete) {
              if (before_completion_) std::exchange(before_completion_, nullptr)();
              auto end = complete();
              const std::lock_guard lock(mutex_);
              ends_.push_back(end.value());
              changed_.notify_all();
              return end;
            }});
  }

  void NoteEmbedded() {
    std::unique_lock lock(mutex_);
    ++embedded_;
    changed_.notify_all();
    if (embedded_ == hold_at_) changed_.wait_for(lock, kLong, [this] { return hold_at_ == 0; });
  }
  template <class Condition>
  testing::AssertionResult Await(Condition condition) {
    std::unique_lock lock(mutex_);
    if (changed_.wait_for(lock, kLong, condition)) return testing::AssertionSuccess();
    return testing::AssertionFailure() << "not within a minute";
  }
  testing::AssertionResult AwaitEnds(std::size_t count) {
    return Await([&] { return ends_.size() >= count; });
  }
  std::size_t Living(const std::string& model_id) {
    return database::GalleryRepository(*database_)
        .LoadAllReferences(SpaceOf(model_id).Key())
        ->first.size();
  }

  TemporaryDatabase database_;
  FakeMediaStore media_{database_.GetClock()};
  database::PersonRepository persons_{*database_};
  database::PhotoRepository photos_{*database_};
  database::ModelSwitchRepository switches_{*database_};
  int enrolled_ = 0;
  std::optional<Error> load_failure_;
  std::function<void()> before_completion_;
  std::mutex mutex_;
  std::condition_variable changed_;
  int loads_ = 0;                // guarded by mutex_
  int embedded_ = 0;             // guarded by mutex_
  int hold_at_ = -1;             // guarded by mutex_
  std::vector<SwitchEnd> ends_;  // guarded by mutex_
};

TEST_F(ModelSwitcherTest, EmbedsEverybodyBesideTheOldReferencesAndTakesOver) {
  for (const char* name : {"Ada", "Ben", "Cleo"}) Enrol(name);
  ASSERT_TRUE(switches_.Request("new", false, "chief"));
  const auto switcher = Start();
  ASSERT_TRUE(AwaitEnds(1));
  EXPECT_EQ(ends_, std::vector{SwitchEnd::kInUse});
  EXPECT_EQ(Living("new"), 3U);
  EXPECT_EQ(Living("old"), 3U);
  EXPECT_EQ(switches_.InUse()->value().model_id, "new");
}

TEST_F(ModelSwitcherTest, WaitsUntilItIsAsked) {
  Enrol("Ada");
  const auto switcher = Start();
  database_.GetClock().AwaitSleepers(1);
  EXPECT_EQ(Living("new"), 0U);
  ASSERT_TRUE(switches_.Request("new", false, "chief"));
  switcher->Wake();
  EXPECT_TRUE(AwaitEnds(1));
}

TEST_F(ModelSwitcherTest, GoesOnWhereItWasInterrupted) {
  for (int i = 0; i < 20; ++i) Enrol("Person " + std::to_string(i));
  ASSERT_TRUE(switches_.Request("new", false, "chief"));
  hold_at_ = 12;
  auto switcher = Start();
  ASSERT_TRUE(Await([&] { return embedded_ == hold_at_; }));
  std::jthread releaser([this] {
    // Lets go once the end is asked for, or a moment later: either way some are done, some not.
    const std::lock_guard lock(mutex_);
    hold_at_ = 0;
    changed_.notify_all();
  });
  switcher.reset();
  releaser.join();
  const int before = embedded_;
  const std::size_t kept = Living("new");
  EXPECT_GE(kept, 8U);
  switcher = Start();
  ASSERT_TRUE(AwaitEnds(1));
  EXPECT_EQ(Living("new"), 20U);
  EXPECT_EQ(embedded_ - before, 20 - static_cast<int>(kept));
}

TEST_F(ModelSwitcherTest, PeopleWhosePicturesFailAreNamedAndNotLostUnasked) {
  Enrol("Ada");
  const Photo gone = Enrol("Ben");
  ASSERT_TRUE(media_.Remove(gone.media_id));
  ASSERT_TRUE(switches_.Request("new", false, "chief"));
  const auto switcher = Start();
  database_.GetClock().AwaitSleepers(1);
  const std::string key = SpaceOf("new").Key();
  ASSERT_THAT(switches_.Missing(key).value(), SizeIs(1));
  EXPECT_EQ(switches_.Missing(key)->front().name, "Ben");
  EXPECT_THAT(switches_.Unembedded(key, 10)->front().reason, HasSubstr("no picture"));
  EXPECT_FALSE(switches_.InUse()->has_value());
  EXPECT_THAT(ends_, IsEmpty());
  ASSERT_TRUE(switches_.Request("new", true, "chief"));
  switcher->Wake();
  EXPECT_TRUE(AwaitEnds(1));
  EXPECT_EQ(switches_.InUse()->value().model_id, "new");
}

TEST_F(ModelSwitcherTest, AnotherPictureThanTheOneEnrolledIsNotEmbedded) {
  Photo photo = Enrol("Ada");
  database_.Execute("UPDATE photos SET width = 100");
  ASSERT_TRUE(switches_.Request("new", false, "chief"));
  const auto switcher = Start();
  database_.GetClock().AwaitSleepers(1);
  const auto unembedded = switches_.Unembedded(SpaceOf("new").Key(), 10).value();
  ASSERT_THAT(unembedded, SizeIs(1));
  EXPECT_THAT(unembedded[0].reason, HasSubstr("200x150 pixels, not the 100x150"));
}

TEST_F(ModelSwitcherTest, WhoIsEnrolledAtTheLastMomentComesAlong) {
  Enrol("Ada");
  before_completion_ = [this] { Enrol("Ben"); };
  ASSERT_TRUE(switches_.Request("new", false, "chief"));
  const auto switcher = Start();
  ASSERT_TRUE(AwaitEnds(2));
  EXPECT_EQ(ends_, (std::vector{SwitchEnd::kPhotosPending, SwitchEnd::kInUse}));
  EXPECT_EQ(Living("new"), 2U);
}

TEST_F(ModelSwitcherTest, TroubleIsToldAndTriedAgain) {
  Enrol("Ada");
  load_failure_ = Error{ErrorCode::kUnavailable, "the model new is not installed"};
  ASSERT_TRUE(switches_.Request("new", false, "chief"));
  const auto switcher = Start();
  database_.GetClock().AwaitSleepers(1);
  EXPECT_THAT(switcher->Trouble(), HasSubstr("not installed"));
  load_failure_.reset();
  media_.FailWith(Error{ErrorCode::kUnavailable, "the disk is away"});
  database_.GetClock().Advance(kLong);
  ASSERT_TRUE(Await([&] { return loads_ == 2; }));
  database_.GetClock().AwaitSleepers(1);
  EXPECT_THAT(switcher->Trouble(), HasSubstr("the disk is away"));
  EXPECT_THAT(switches_.Unembedded(SpaceOf("new").Key(), 10).value(), IsEmpty());
  media_.FailWith(std::nullopt);
  database_.GetClock().Advance(kLong);
  ASSERT_TRUE(AwaitEnds(1));
  database_.GetClock().AwaitSleepers(1);
  EXPECT_THAT(switcher->Trouble(), IsEmpty());
}

}  // namespace
}  // namespace vigil::pipeline
