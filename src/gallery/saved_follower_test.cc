// A gallery that was saved is taken up by what follows the database, whatever happens to either or
// to the process.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <new>
#include <random>
#include <thread>

#include "fake_gallery_store.h"
#include "gallery/follower.h"
#include "gallery/saved_gallery_fixture.h"

namespace vigil::gallery {
namespace {

constexpr const char* kSpace = "space";

// A follower without a clock to wait for.
class SavedFollower : public SavedGallery {
 protected:
  // Runs a follower until it has loaded, and lets it end, with its last save.
  FollowerState Run(FollowedIndex& index) {
    SystemClock clock;
    GalleryFollower follower(store_, index, kSpace, clock,
                             {.dimension = kDimension,
                              .poll_interval = std::chrono::milliseconds{1},
                              .save_interval = std::chrono::hours{1}});
    while (!follower.State().loaded || follower.State().sequence != *store_.GallerySequence()) {
      std::this_thread::yield();
    }
    return follower.State();
  }

  void RunOnce() {
    const auto index = MakeSaved(Folder());
    Run(*index);
  }

  // Runs a follower until the gallery was compared with `store`, and lets it end.
  FollowerState RunUntilChecked(FakeGalleryStore& store) {
    const auto index = MakeSaved(Folder());
    SystemClock clock;
    const int before = store.Comparisons();
    GalleryFollower follower(store, *index, kSpace, clock,
                             {.dimension = kDimension,
                              .poll_interval = std::chrono::milliseconds{1},
                              .save_interval = std::chrono::hours{1}});
    while (!follower.State().loaded || store.Comparisons() == before) std::this_thread::yield();
    // The comparison has begun; it has ended with the next success.
    const SteadyTime begun = clock.Now();
    while (follower.State().caught_up_at <= begun) std::this_thread::yield();
    EXPECT_EQ(index->Info().references, store.LoadAllReferences(kSpace)->first.size());
    return follower.State();
  }

  void ExpectEqualToStore(FollowedIndex& index) {
    const auto [references, sequence] = *store_.LoadAllReferences(kSpace);
    EXPECT_EQ(index.Info().references, references.size());
    EXPECT_EQ(index.Info().sequence, sequence);
    for (const GalleryReference& reference : references) EXPECT_TRUE(index.Holds(reference));
  }

  FakeGalleryStore store_;
};

TEST_F(SavedFollower, TakesUpWhatWasSavedAndCatchesUp) {
  for (std::uint32_t i = 0; i < 50; ++i) store_.Add(kSpace, Numbered(i));
  {
    const auto first = MakeSaved(Folder());
    EXPECT_FALSE(Run(*first).restored);
  }
  store_.Remove("r7");
  store_.Add(kSpace, Numbered(90));
  const auto index = MakeSaved(Folder());
  EXPECT_TRUE(Run(*index).restored);
  ExpectEqualToStore(*index);
  const auto once = MakeSaved(Folder());
  ASSERT_TRUE(LoadGallery(store_, *once, kSpace).has_value());
  ExpectEqualToStore(*once);
}

// As a one-shot command does that looks first and changes something later.
TEST_F(SavedFollower, GoesOnFromAnIndexThatWasLoaded) {
  for (std::uint32_t i = 0; i < 50; ++i) store_.Add(kSpace, Numbered(i));
  RunOnce();
  const auto index = MakeSaved(Folder());
  ASSERT_TRUE(LoadGallery(store_, *index, kSpace).has_value());
  const int before = store_.FullReads();
  store_.Remove("r7");
  store_.Add(kSpace, Numbered(90));
  {
    SystemClock clock;
    GalleryFollower follower(
        store_, *index, kSpace, clock,
        {.loaded = true, .dimension = kDimension, .poll_interval = std::chrono::milliseconds{1}});
    while (index->Info().sequence < store_.GallerySequence().value()) std::this_thread::yield();
  }
  EXPECT_EQ(store_.FullReads(), before) << "nothing is read twice";
  ExpectEqualToStore(*index);
}

// As a gallery does that will take the place of the one which is saved there.
TEST_F(SavedFollower, LeavesTheFolderAloneUntilItMaySave) {
  for (std::uint32_t i = 0; i < 50; ++i) store_.Add(kSpace, Numbered(i));
  RunOnce();
  store_.Add(kSpace, Numbered(90));
  const auto index = MakeSaved(Folder());
  SystemClock clock;
  {
    GalleryFollower follower(store_, *index, kSpace, clock,
                             {.dimension = kDimension,
                              .poll_interval = std::chrono::milliseconds{1},
                              .saves = false,
                              .save_interval = std::chrono::milliseconds{1}});
    while (!follower.State().loaded) std::this_thread::yield();
    EXPECT_FALSE(follower.State().restored);
  }
  const auto untouched = MakeSaved(Folder());
  EXPECT_EQ(untouched->Restore().value(), 50U);
  {
    GalleryFollower follower(store_, *index, kSpace, clock,
                             {.loaded = true,
                              .dimension = kDimension,
                              .poll_interval = std::chrono::milliseconds{1},
                              .saves = false,
                              .save_interval = std::chrono::hours{1}});
    follower.BeginSaving();
    while (follower.State().saved_sequence != 51) std::this_thread::yield();
  }
  const auto saved = MakeSaved(Folder());
  EXPECT_EQ(saved->Restore().value(), 51U);
}

// A start beside a database that starts, too, is no slower than others.
TEST_F(SavedFollower, TakesUpWhatWasSavedWhenTheDatabaseComesLate) {
  for (std::uint32_t i = 0; i < 50; ++i) store_.Add(kSpace, Numbered(i));
  RunOnce();
  const int before = store_.FullReads();
  store_.Add(kSpace, Numbered(50));
  for (const bool while_it_catches_up : {false, true}) {
    const Error away{ErrorCode::kUnavailable, "not yet"};
    if (while_it_catches_up) {
      store_.FailAfterSequence(away);
    } else {
      store_.FailWith(away);
    }
    const auto index = MakeSaved(Folder());
    SystemClock clock;
    GalleryFollower follower(store_, *index, kSpace, clock,
                             {.dimension = kDimension,
                              .poll_interval = std::chrono::milliseconds{1},
                              .save_interval = std::chrono::hours{1}});
    while (follower.State().last_error.empty()) std::this_thread::yield();
    EXPECT_FALSE(follower.State().loaded);
    store_.FailWith(std::nullopt);
    while (!follower.State().loaded) std::this_thread::yield();
    EXPECT_TRUE(follower.State().restored);
    EXPECT_EQ(index->Info().references, 51U);
    EXPECT_EQ(store_.FullReads(), before);
  }
}

TEST_F(SavedFollower, ReadsTheDatabaseWhenTheLogIsForgotten) {
  for (std::uint32_t i = 0; i < 50; ++i) store_.Add(kSpace, Numbered(i));
  RunOnce();
  store_.Remove("r7");
  store_.ForgetLog();
  const auto index = MakeSaved(Folder());
  Run(*index);
  ExpectEqualToStore(*index);
}

TEST_F(SavedFollower, ReadsTheDatabaseWhenItWasPutBack) {
  for (std::uint32_t i = 0; i < 50; ++i) store_.Add(kSpace, Numbered(i));
  RunOnce();
  FakeGalleryStore earlier;
  earlier.Add(kSpace, Numbered(1));
  const auto index = MakeSaved(Folder());
  ASSERT_TRUE(LoadGallery(earlier, *index, kSpace).has_value());
  EXPECT_EQ(index->Info().references, 1U);
}

// Another database with as many changes: only the comparison finds it. What it healed is saved,
// though its sequence is that of what was saved before.
TEST_F(SavedFollower, HealsAGalleryOfAnotherDatabase) {
  for (std::uint32_t i = 0; i < 50; ++i) store_.Add(kSpace, Numbered(i));
  RunOnce();
  FakeGalleryStore other;
  for (std::uint32_t i = 100; i < 150; ++i) other.Add(kSpace, Numbered(i));
  EXPECT_EQ(RunUntilChecked(other).rebuilds, 1);
  const FollowerState second = RunUntilChecked(other);
  EXPECT_TRUE(second.restored);
  EXPECT_EQ(second.rebuilds, 0);
}

// As the program makes it: bound to the history of its database.
std::unique_ptr<FollowedIndex> MakeBound(const std::filesystem::path& folder, GalleryStore& store) {
  SavedIndexOptions options = Saved(folder);
  options.change_name = [&store](std::uint64_t sequence) {
    return store.GalleryChangeName(sequence);
  };
  return MakeFlatIndex(kDimension, {.kernels = {}, .saved = options});
}

TEST_F(SavedFollower, RefusesAGalleryOfAnotherDatabase) {
  for (std::uint32_t i = 0; i < 50; ++i) store_.Add(kSpace, Numbered(i));
  Run(*MakeBound(Folder(), store_));
  EXPECT_EQ(MakeBound(Folder(), store_)->Restore(), 50U);
  FakeGalleryStore other;
  for (std::uint32_t i = 0; i < 60; ++i) other.Add(kSpace, Numbered(i));
  const auto refused = MakeBound(Folder(), other)->Restore();
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kConflict);
  const auto once = MakeBound(Folder(), other);
  ASSERT_TRUE(LoadGallery(other, *once, kSpace).has_value());
  EXPECT_EQ(once->Info().references, 60U) << "one-shot commands search what is in the database";
}

TEST_F(SavedFollower, RefusesWhatTheLogNoLongerNames) {
  for (std::uint32_t i = 0; i < 50; ++i) store_.Add(kSpace, Numbered(i));
  Run(*MakeBound(Folder(), store_));
  store_.ForgetLog();
  EXPECT_EQ(MakeBound(Folder(), store_)->Restore().error().code, ErrorCode::kConflict);
}

TEST_F(SavedFollower, GoesOnWhenNothingCanBeSaved) {
  store_.Add(kSpace, Numbered(1));
  std::ofstream(Folder()) << "a file where the folder should be";
  const auto index = MakeSaved(Folder());
  SystemClock clock;
  GalleryFollower follower(
      store_, *index, kSpace, clock,
      {.dimension = kDimension, .poll_interval = std::chrono::milliseconds{1}});
  while (follower.State().save_error.empty()) std::this_thread::yield();
  EXPECT_EQ(index->Info().references, 1U);
}

// An index that runs out of memory where it is asked to.
class FaultyIndex final : public FollowedIndex {
 public:
  explicit FaultyIndex(std::unique_ptr<FollowedIndex> index) : index_(std::move(index)) {}

  GallerySearch Search(std::span<const float> probe, int candidates_max) const override {
    return index_->Search(probe, candidates_max);
  }
  std::vector<GallerySearch> SearchMany(std::span<const GalleryQuery> queries) const override {
    return index_->SearchMany(queries);
  }
  void Apply(std::span<const std::string> removed, std::vector<GalleryReference> upserts,
             std::uint64_t sequence) override {
    index_->Apply(removed, std::move(upserts), sequence);
  }
  GalleryInfo Info() const override { return index_->Info(); }
  bool Holds(const GalleryReference& reference) override { return index_->Holds(reference); }
  std::vector<std::string> ReferenceIds() override { return index_->ReferenceIds(); }
  bool IsSaved() const override { return index_->IsSaved(); }
  Result<std::uint64_t> Restore() override { return index_->Restore(); }
  void Tend() override { index_->Tend(); }
  Status Save(const std::function<bool()>& given_up) override { return index_->Save(given_up); }
  void Warm(const std::function<bool()>&) override { throw std::bad_alloc(); }

 private:
  const std::unique_ptr<FollowedIndex> index_;
};

TEST_F(SavedFollower, GoesOnWhenThereIsNoMemoryToWarmUp) {
  for (std::uint32_t i = 0; i < 50; ++i) store_.Add(kSpace, Numbered(i));
  FaultyIndex index(MakeSaved(Folder()));
  SystemClock clock;
  GalleryFollower follower(
      store_, index, kSpace, clock,
      {.dimension = kDimension, .poll_interval = std::chrono::milliseconds{1}});
  while (follower.State().saved_sequence != 50) std::this_thread::yield();
  EXPECT_EQ(index.Info().references, 50U);
}

// The steps that child and parent know of, so that both can say what a gallery of any sequence is.
void TakeStep(FakeGalleryStore& store, std::uint32_t step) {
  std::mt19937 random(step);
  const std::string id = "r" + std::to_string(random() % 12'000);
  if (random() % 4 == 0) {
    store.Remove(id);
  } else {
    store.Add(kSpace, {id, "p" + std::to_string(random() % 3000),
                       RandomEmbedding(kDimension, static_cast<std::uint32_t>(random()))});
  }
}

constexpr std::uint32_t kStepsBefore = 20'000;
constexpr std::uint32_t kSteps = 30'000;

// Ends this process by SIGKILL, wherever it is then.
void KillMyselfAfter(std::chrono::nanoseconds delay) {
  sigevent event{};
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = SIGKILL;
  timer_t timer{};
  itimerspec when{};
  when.it_value.tv_nsec = delay.count();
  if (::timer_create(CLOCK_MONOTONIC, &event, &timer) != 0) _exit(1);
  if (::timer_settime(timer, 0, &when, nullptr) != 0) _exit(1);
}

// Never returns: changes and saves until it is killed, at some moment after `saves_before` saves.
[[noreturn]] void ChangeAndSave(const std::filesystem::path& folder, bool on_disk,
                                unsigned saves_before, std::chrono::nanoseconds killed_after) {
  FakeGalleryStore store;
  std::uint32_t step = 0;
  while (step < kStepsBefore) TakeStep(store, step++);
  const auto index = MakeSaved(folder, on_disk);
  if (!LoadGallery(store, *index, kSpace)) _exit(1);
  for (unsigned saves = 0;; ++saves) {
    if (saves == saves_before) KillMyselfAfter(killed_after);
    for (int i = 0; i < 40 && step < kSteps; ++i) TakeStep(store, step++);
    const std::uint64_t before = index->Info().sequence;
    const std::vector<GalleryChange> changes = *store.GalleryChangesAfter(before, 1000);
    for (const GalleryChange& change : changes) {
      const std::vector<std::string> id{change.reference_id};
      index->Apply(id, *store.LoadReferences(id, kSpace), change.sequence);
    }
    if (!index->Save(Never)) _exit(1);
    index->Tend();
  }
}

// VIGIL_GALLERY_KILLS=500 is the long form, run by hand.
TEST_F(SavedFollower, IsWholeAfterAKillAtAnyMoment) {
  const char* asked = std::getenv("VIGIL_GALLERY_KILLS");
  const int kills = asked == nullptr ? 25 : std::atoi(asked);
  for (std::uint32_t step = 0; step < kSteps; ++step) TakeStep(store_, step);
  std::mt19937 random(2026);
  int restored = 0;
  for (int kill = 0; kill < kills && !::testing::Test::HasFailure(); ++kill) {
    const bool on_disk = kill % 2 == 0;
    // From before the first file is made until well into later saves, however fast the disk is.
    const auto saves_before = static_cast<unsigned>(kill % 4);
    const std::chrono::microseconds killed_after{1 + random() % 60'000};
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) ChangeAndSave(Folder(), on_disk, saves_before, killed_after);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child ended by itself";

    const auto index = MakeSaved(Folder(), on_disk);
    const auto opened = index->Restore();
    if (opened.has_value()) {
      ++restored;
      index->Tend();
      // Equal to what the database held at its sequence, and, after catching up, to what it holds.
      FakeGalleryStore then;
      for (std::uint32_t step = 0; step < index->Info().sequence; ++step) TakeStep(then, step);
      const auto [references, sequence] = *then.LoadAllReferences(kSpace);
      ASSERT_EQ(index->Info().references, references.size()) << "kill " << kill;
      for (const GalleryReference& reference : references) ASSERT_TRUE(index->Holds(reference));
    } else {
      ASSERT_EQ(opened.error().code, ErrorCode::kNotFound) << opened.error().message;
    }
    const auto caught_up = MakeSaved(Folder(), on_disk);
    ASSERT_TRUE(LoadGallery(store_, *caught_up, kSpace).has_value());
    ExpectEqualToStore(*caught_up);
  }
  EXPECT_GT(restored, kills / 2);
  RecordProperty("restored", restored);
  std::printf("%d kills, %d found a saved gallery, all whole\n", kills, restored);
}

}  // namespace
}  // namespace vigil::gallery
