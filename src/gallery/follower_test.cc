// The follower against a store in memory, and against the real database.
#include "gallery/follower.h"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <limits>

#include "contract/gallery_store_contract.h"
#include "database/gallery_repository.h"
#include "database/person_repository.h"
#include "database/photo_repository.h"
#include "fake_gallery_store.h"
#include "gallery/flat_index.h"
#include "temporary_database.h"

namespace vigil::gallery {
namespace {

constexpr const char* kSpace = "space";

class FakeHarness final : public GalleryStoreHarness {
 public:
  GalleryStore& Store() override { return store_; }
  std::string SpaceKey(int space) override { return "space-" + std::to_string(space); }
  GalleryReference Add(int space, const Embedding& embedding) override {
    const std::string number = std::to_string(++count_);
    GalleryReference reference{"r" + number, "p" + number, embedding};
    store_.Add(SpaceKey(space), reference);
    return reference;
  }
  void Remove(const GalleryReference& reference) override { store_.Remove(reference.reference_id); }

 private:
  FakeGalleryStore store_;
  int count_ = 0;
};

INSTANTIATE_TEST_SUITE_P(Fake, GalleryStoreContract,
                         ::testing::Values([] { return std::make_unique<FakeHarness>(); }));

// A manual clock that knows when the follower has begun to sleep again, so that each poll is run to
// its end.
class PollClock final : public Clock {
 public:
  explicit PollClock(ManualClock& clock) : clock_(clock) {}
  SteadyTime Now() const override { return clock_.Now(); }
  WallTime WallNow() const override { return clock_.WallNow(); }
  bool SleepUntil(SteadyTime deadline, std::stop_token stop) override {
    ++sleeps_;
    sleeps_.notify_all();
    return clock_.SleepUntil(deadline, stop);
  }

  // Moves time poll by poll until `reached`; false when it never is.
  bool RunUntil(const std::function<bool()>& reached, std::chrono::milliseconds step) {
    sleeps_.wait(0);
    for (int polls = 0; polls < 100; ++polls) {
      if (reached()) return true;
      const int before = sleeps_;
      clock_.Advance(step);
      sleeps_.wait(before);
    }
    return false;
  }

 private:
  ManualClock& clock_;
  std::atomic<int> sleeps_ = 0;
};

class GalleryFollowerTest : public ::testing::Test {
 protected:
  bool RunUntil(const std::function<bool()>& reached,
                std::chrono::milliseconds step = std::chrono::milliseconds{200}) {
    return clock_.RunUntil(reached, step);
  }

  std::size_t Indexed() const { return index_->Info().references; }

  ManualClock time_;
  PollClock clock_{time_};
  FakeGalleryStore store_;
  std::unique_ptr<FollowedIndex> index_ = MakeFlatIndex(2);
};

TEST_F(GalleryFollowerTest, LoadsWhatIsThereAndFollowsWhatChanges) {
  store_.Add(kSpace, {"a1", "ada", {1, 0}});
  store_.Add("another space", {"x1", "xer", {1, 0}});
  GalleryFollower follower(store_, *index_, kSpace, clock_, {.dimension = 2});
  ASSERT_TRUE(RunUntil([&] { return follower.State().loaded; }));
  EXPECT_EQ(Indexed(), 1U);
  EXPECT_EQ(index_->Info().sequence, 2U);
  store_.Add(kSpace, {"b1", "ben", {0, 1}});
  store_.Remove("a1");
  ASSERT_TRUE(RunUntil([&] { return follower.State().sequence == 4; }));
  const GallerySearch found = index_->Search(Embedding{1, 0}, 5);
  ASSERT_EQ(found.candidates.size(), 1U);
  EXPECT_EQ(found.candidates[0].person_id, "ben");
}

TEST_F(GalleryFollowerTest, WakesWithoutWaitingForItsPoll) {
  GalleryFollower follower(store_, *index_, kSpace, clock_, {.dimension = 2});
  ASSERT_TRUE(RunUntil([&] { return follower.State().loaded; }));
  store_.Add(kSpace, {"a1", "ada", {1, 0}});
  follower.Wake();
  // The clock stands still: only the wake-up can bring the change.
  while (follower.State().sequence != 1) std::this_thread::yield();
  EXPECT_EQ(Indexed(), 1U);
}

TEST_F(GalleryFollowerTest, KeepsTheLastSnapshotWhileTheStoreFails) {
  store_.Add(kSpace, {"a1", "ada", {1, 0}});
  GalleryFollower follower(store_, *index_, kSpace, clock_, {.dimension = 2});
  ASSERT_TRUE(RunUntil([&] { return follower.State().loaded; }));
  store_.FailWith(Error{ErrorCode::kUnavailable, "disk gone"});
  ASSERT_TRUE(RunUntil([&] { return follower.State().last_error == "disk gone"; }));
  EXPECT_EQ(Indexed(), 1U);
  store_.FailWith(std::nullopt);
  store_.Add(kSpace, {"b1", "ben", {0, 1}});
  ASSERT_TRUE(RunUntil([&] { return Indexed() == 2; }));
  ASSERT_TRUE(RunUntil([&] { return follower.State().last_error.empty(); }));
}

TEST_F(GalleryFollowerTest, IsNotLoadedBeforeTheStoreAnswers) {
  store_.FailWith(Error{ErrorCode::kUnavailable, "not yet"});
  store_.Add(kSpace, {"a1", "ada", {1, 0}});
  GalleryFollower follower(store_, *index_, kSpace, clock_, {.dimension = 2});
  ASSERT_TRUE(RunUntil([&] { return !follower.State().last_error.empty(); }));
  EXPECT_FALSE(follower.State().loaded);
  store_.FailWith(std::nullopt);
  ASSERT_TRUE(RunUntil([&] { return follower.State().loaded; }));
  EXPECT_EQ(Indexed(), 1U);
}

TEST_F(GalleryFollowerTest, RebuildsWhenTheSelfCheckFindsADifference) {
  store_.Add(kSpace, {"a1", "ada", {1, 0}});
  GalleryFollower follower(store_, *index_, kSpace, clock_, {.dimension = 2});
  ASSERT_TRUE(RunUntil([&] { return follower.State().loaded; }));
  store_.ChangeSilently({"a1", "ada", {0, 1}});
  ASSERT_TRUE(RunUntil([&] { return follower.State().rebuilds == 1; }, std::chrono::seconds{10}));
  EXPECT_NEAR(index_->Search(Embedding{0, 1}, 1).candidates.at(0).similarity, 1.0F, 1e-6F);
  ASSERT_TRUE(RunUntil(
      [deadline = clock_.Now() + std::chrono::minutes{5}, this] { return clock_.Now() > deadline; },
      std::chrono::seconds{10}));
  EXPECT_EQ(follower.State().rebuilds, 1);
}

// The check reads the table in pages; a change between two of them is no difference, and one on a
// later page is.
TEST_F(GalleryFollowerTest, ComparesPageByPage) {
  for (const char* id : {"b", "c", "d", "e", "f"}) store_.Add(kSpace, {id, id, {1, 0}});
  GalleryFollower follower(store_, *index_, kSpace, clock_,
                           {.dimension = 2, .references_at_once = 2});
  ASSERT_TRUE(RunUntil([&] { return follower.State().loaded; }));
  store_.BetweenPages([this] {
    store_.Add(kSpace, {"a", "a", {1, 0}});
    store_.Remove("d");
    store_.Add(kSpace, {"f", "f", {0, 1}});
  });
  const auto compared = [&](int times) {
    return RunUntil([&] { return store_.Comparisons() >= times; }, std::chrono::seconds{10});
  };
  ASSERT_TRUE(compared(2));
  EXPECT_EQ(follower.State().sequence, 8U) << "the changes came during a comparison";
  EXPECT_EQ(follower.State().rebuilds, 0);
  store_.ChangeSilently({"f", "f", {1, 0}});
  ASSERT_TRUE(RunUntil([&] { return follower.State().rebuilds == 1; }, std::chrono::seconds{10}));
  EXPECT_EQ(store_.FullReads(), 2) << "at the start, and to rebuild";
}

TEST_F(GalleryFollowerTest, LeavesOutReferencesOfAnotherLength) {
  store_.Add(kSpace, {"a1", "ada", {1, 0, 0}});
  store_.Add(kSpace, {"b1", "ben", {0, 1}});
  GalleryFollower follower(store_, *index_, kSpace, clock_, {.dimension = 2});
  ASSERT_TRUE(RunUntil([&] { return follower.State().loaded; }));
  EXPECT_EQ(Indexed(), 1U);
}

TEST_F(GalleryFollowerTest, LeavesOutReferencesThatAreNotFinite) {
  store_.Add(kSpace, {"a1", "ada", {1, std::numeric_limits<float>::quiet_NaN()}});
  store_.Add(kSpace, {"b1", "ben", {0, 1}});
  {
    GalleryFollower follower(store_, *index_, kSpace, clock_, {.dimension = 2});
    ASSERT_TRUE(RunUntil([&] { return follower.State().loaded; }));
    EXPECT_EQ(Indexed(), 1U);
  }
  const auto once = MakeFlatIndex(2);
  ASSERT_TRUE(LoadGallery(store_, *once, kSpace));
  EXPECT_EQ(once->Info().references, 1U);
}

TEST_F(GalleryFollowerTest, LoadsAnewWhenTheLogNoLongerReachesBack) {
  store_.Add(kSpace, {"a1", "ada", {1, 0}});
  GalleryFollower follower(store_, *index_, kSpace, clock_, {.dimension = 2});
  ASSERT_TRUE(RunUntil([&] { return follower.State().loaded; }));
  store_.Remove("a1");
  store_.ForgetLog();
  store_.Add(kSpace, {"b1", "ben", {0, 1}});
  ASSERT_TRUE(RunUntil([&] { return follower.State().sequence == 3; }));
  const GallerySearch found = index_->Search(Embedding{1, 0}, 5);
  ASSERT_EQ(found.candidates.size(), 1U) << "the forgotten removal was not missed";
  EXPECT_EQ(found.candidates[0].person_id, "ben");
}

TEST_F(GalleryFollowerTest, OutlivesAnException) {
  GalleryFollower follower(store_, *index_, kSpace, clock_, {.dimension = 2});
  ASSERT_TRUE(RunUntil([&] { return follower.State().loaded; }));
  store_.ThrowWhenLoading(true);
  store_.Add(kSpace, {"a1", "ada", {1, 0}});
  ASSERT_TRUE(RunUntil([&] { return follower.State().faults > 0; }));
  EXPECT_EQ(follower.State().last_error, "a fault of the store");
  store_.ThrowWhenLoading(false);
  ASSERT_TRUE(RunUntil([&] { return follower.State().last_error.empty() && Indexed() == 1; }));
}

TEST_F(GalleryFollowerTest, LoadsOnceForOneShotCommands) {
  store_.Add(kSpace, {"a1", "ada", {1, 0}});
  ASSERT_TRUE(LoadGallery(store_, *index_, kSpace).has_value());
  EXPECT_EQ(Indexed(), 1U);
  store_.FailWith(Error{ErrorCode::kUnavailable, "gone"});
  EXPECT_EQ(LoadGallery(store_, *index_, kSpace).error().code, ErrorCode::kUnavailable);
}

class FollowedDatabase : public ::testing::Test {
 protected:
  Person Enrol(const std::string& name, Embedding embedding) {
    Person person;
    person.name = name;
    person = *persons_.Create(person);
    Reference reference;
    reference.space = space_;
    reference.embedding = std::move(embedding);
    Photo photo;
    photo.person_id = person.id;
    photo.media_id = "photo-" + name;
    EXPECT_TRUE(photos_.AddWithReference(photo, reference).has_value());
    return person;
  }

  bool RunUntil(const std::function<bool()>& reached) {
    return clock_.RunUntil(reached, std::chrono::milliseconds{200});
  }

  EmbeddingSpace space_{"facenet-128", std::string(64, 'a'), "r1", 2};
  TemporaryDatabase database_;
  PollClock clock_{database_.GetClock()};
  database::PersonRepository persons_{*database_};
  database::PhotoRepository photos_{*database_};
  database::GalleryRepository store_{*database_};
  std::unique_ptr<FollowedIndex> index_ = MakeFlatIndex(2);
};

TEST_F(FollowedDatabase, FindsTheEnrolledAndForgetsTheDeletedWithinASecond) {
  GalleryFollower follower(store_, *index_, space_.Key(), clock_, {.dimension = 2});
  ASSERT_TRUE(RunUntil([&] { return follower.State().loaded; }));
  const Person ada = Enrol("ada", {1, 0});
  const Person ben = Enrol("ben", {0, 1});
  const SteadyTime enrolled = database_.GetClock().Now();
  ASSERT_TRUE(RunUntil([&] { return index_->Info().persons == 2; }));
  EXPECT_LE(database_.GetClock().Now() - enrolled, std::chrono::seconds{1});
  EXPECT_EQ(index_->Search(Embedding{1, 0}, 1).candidates.at(0).person_id, ada.id);
  ASSERT_TRUE(persons_.Delete(ada.id).has_value());
  const SteadyTime deleted = database_.GetClock().Now();
  ASSERT_TRUE(RunUntil([&] { return index_->Info().persons == 1; }));
  EXPECT_LE(database_.GetClock().Now() - deleted, std::chrono::seconds{1});
  EXPECT_EQ(index_->Search(Embedding{1, 0}, 5).candidates.at(0).person_id, ben.id);
}

TEST_F(FollowedDatabase, ForgetsTheExpired) {
  GalleryFollower follower(store_, *index_, space_.Key(), clock_, {.dimension = 2});
  Person ada = Enrol("ada", {1, 0});
  ASSERT_TRUE(RunUntil([&] { return index_->Info().persons == 1; }));
  ada.expires_at = database_.GetClock().WallNow() + std::chrono::hours{1};
  ada = *persons_.Update(ada);
  EXPECT_EQ(persons_.ExpireDue(), 0);
  database_.GetClock().Advance(std::chrono::hours{1});
  EXPECT_EQ(persons_.ExpireDue(), 1);
  ASSERT_TRUE(RunUntil([&] { return index_->Info().persons == 0; }));
  ada.expires_at.reset();
  ASSERT_TRUE(persons_.Update(ada).has_value());
  ASSERT_TRUE(RunUntil([&] { return index_->Info().persons == 1; }));
}

}  // namespace
}  // namespace vigil::gallery
