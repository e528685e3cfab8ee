// What is saved is found again whole, or refused; whatever happens to the process or to the files.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <set>

#include "contract/random_embedding.h"
#include "fake_gallery_store.h"
#include "gallery/chunk_file.h"
#include "gallery/durable_file.h"
#include "gallery/flat_index.h"
#include "gallery/follower.h"
#include "gallery/gallery_folder.h"
#include "gallery/reborn_index.h"
#include "temporary_folder.h"

namespace vigil::gallery {
namespace {

constexpr int kDimension = 8;
constexpr const char* kSpace = "space";

std::unique_ptr<FollowedIndex> MakeSaved(const std::filesystem::path& folder,
                                         bool on_disk = false) {
  return MakeFlatIndex(kDimension, {.kernels = {}, .saved = Saved(folder, on_disk)});
}

GalleryReference Numbered(std::uint32_t number) {
  return {"r" + std::to_string(number), "p" + std::to_string(number / 2),
          RandomEmbedding(kDimension, number)};
}

std::vector<GalleryReference> NumberedUpTo(std::uint32_t count) {
  std::vector<GalleryReference> references;
  for (std::uint32_t i = 0; i < count; ++i) references.push_back(Numbered(i));
  return references;
}

void ExpectSameAnswers(const GalleryIndex& left, const GalleryIndex& right) {
  EXPECT_EQ(left.Info().sequence, right.Info().sequence);
  EXPECT_EQ(left.Info().references, right.Info().references);
  EXPECT_EQ(left.Info().persons, right.Info().persons);
  for (std::uint32_t i = 0; i < 30; ++i) {
    const Embedding probe = RandomEmbedding(kDimension, 1'000'000 + i);
    EXPECT_EQ(left.Search(probe, 5).candidates, right.Search(probe, 5).candidates);
  }
}

// One chunk that is full, with gaps, and one that is not.
class SavedGallery : public ::testing::Test {
 protected:
  void Fill(FollowedIndex& index) {
    index.Apply({}, NumberedUpTo(10'000), 7);
    index.Apply(std::vector<std::string>{"r3", "r4", "r5", "r9000"}, {}, 8);
  }

  std::filesystem::path File(std::string_view ending) {
    for (const auto& entry : std::filesystem::directory_iterator(Folder())) {
      if (entry.path().string().ends_with(ending)) return entry.path();
    }
    return {};
  }

  std::set<std::filesystem::path> ChunkFiles() const {
    std::set<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(Folder())) {
      if (entry.path().extension() == ".chunk") files.insert(entry.path());
    }
    return files;
  }

  std::filesystem::path Folder() const { return folder_.Path() / "gallery"; }

  ErrorCode Refusal(const SavedIndexOptions& options) {
    const auto index = MakeFlatIndex(kDimension, {.kernels = {}, .saved = options});
    const auto restored = index->Restore();
    EXPECT_EQ(index->Info().references, 0U);
    // It can be filled all the same.
    index->Apply({}, {Numbered(1)}, 1);
    EXPECT_EQ(index->Info().references, 1U);
    return restored.has_value() ? ErrorCode::kEndOfStream : restored.error().code;
  }

  TemporaryFolder folder_;
};

TEST_F(SavedGallery, IsFoundAgainWhole) {
  for (const bool on_disk : {false, true}) {
    const auto index = MakeSaved(Folder(), on_disk);
    Fill(*index);
    ASSERT_TRUE(index->Save(Never).has_value());
    const auto again = MakeSaved(Folder(), on_disk);
    ASSERT_TRUE(again->Restore().has_value());
    again->Tend();
    ExpectSameAnswers(*index, *again);
    again->Warm(Never);
    again->Tend();
    index->Tend();
    ExpectSameAnswers(*index, *again);
    EXPECT_TRUE(again->Holds(Numbered(6)));
    EXPECT_FALSE(again->Holds(Numbered(3)));
    EXPECT_FALSE(again->Holds({"r6", "p3", RandomEmbedding(kDimension, 7)}));
    EXPECT_EQ(again->ReferenceIds().size(), 9996U);
    for (FollowedIndex* both : {index.get(), again.get()}) {
      both->Apply(std::vector<std::string>{"r8"}, {Numbered(3), Numbered(20'000)}, 9);
    }
    ExpectSameAnswers(*index, *again);
    // A chunk that becomes thin moves its rows, wherever their numbers are.
    std::vector<std::string> removed;
    for (int i = 0; i < 3000; ++i) removed.push_back("r" + std::to_string(i));
    for (FollowedIndex* both : {index.get(), again.get()}) both->Apply(removed, {}, 10);
    ExpectSameAnswers(*index, *again);
    ASSERT_TRUE(again->Save(Never).has_value());
    const auto third = MakeSaved(Folder(), on_disk);
    ASSERT_TRUE(third->Restore().has_value());
    third->Tend();
    ExpectSameAnswers(*index, *third);
    std::filesystem::remove_all(Folder());
  }
}

TEST_F(SavedGallery, WritesOnlyTheChunksThatChanged) {
  const auto index = MakeSaved(Folder());
  index->Apply({}, NumberedUpTo(20'000), 1);
  ASSERT_TRUE(index->Save(Never).has_value());
  std::map<std::filesystem::path, std::filesystem::file_time_type> before;
  for (const auto& entry : std::filesystem::directory_iterator(Folder())) {
    before[entry.path()] = entry.last_write_time();
  }
  EXPECT_EQ(before.size(), 4U);
  index->Apply(std::vector<std::string>{"r0"}, {}, 2);
  ASSERT_TRUE(index->Save(Never).has_value());
  int kept = 0;
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(Folder())) {
    ++files;
    kept += before.contains(entry.path()) && entry.path().extension() == ".chunk";
  }
  EXPECT_EQ(files, 4) << "what is no longer used is removed";
  EXPECT_EQ(kept, 2) << "the chunk that lost a row is written anew, so that the row is gone";
}

// Every person has a number beyond the first page of them, and a full chunk has rows that were
// removed, of which nothing was written.
TEST_F(SavedGallery, IsSavedAgainAfterManyPeopleWereReadAnew) {
  {
    const auto index = MakeSaved(Folder());
    std::vector<GalleryReference> references = NumberedUpTo(10'000);
    for (GalleryReference& reference : references) reference.person_id = reference.reference_id;
    index->Apply({}, references, 1);
    index->Apply(index->ReferenceIds(), references, 2);
    ASSERT_TRUE(index->Save(Never).has_value());
  }
  const auto index = MakeSaved(Folder());
  ASSERT_TRUE(index->Restore().has_value());
  // One of each chunk, so that each is written anew.
  index->Apply(std::vector<std::string>{"r0", "r9999"}, {}, 3);
  ASSERT_TRUE(index->Save(Never).has_value());
  const auto again = MakeSaved(Folder());
  ASSERT_TRUE(again->Restore().has_value());
  again->Tend();
  ExpectSameAnswers(*index, *again);
}

// Else each attempt on a disk that is nearly full would take more of it.
TEST_F(SavedGallery, LeavesNothingOfASaveThatFails) {
  const auto index = MakeSaved(Folder());
  index->Apply({}, NumberedUpTo(20'000), 1);
  ASSERT_TRUE(index->Save(Never).has_value());
  const auto before = ChunkFiles();
  ASSERT_EQ(before.size(), 3U);
  index->Apply(std::vector<std::string>{"r0", "r8192", "r16384"}, {}, 2);

  std::filesystem::create_directory(Folder() / "gallery.list.new");
  EXPECT_FALSE(index->Save(Never).has_value()) << "the list cannot be written";
  EXPECT_EQ(ChunkFiles(), before);
  std::filesystem::remove(Folder() / "gallery.list.new");

  int asked = 0;
  const auto cancelled = index->Save([&asked] { return ++asked > 1; });
  ASSERT_FALSE(cancelled.has_value());
  EXPECT_EQ(cancelled.error().code, ErrorCode::kCancelled);
  EXPECT_EQ(ChunkFiles(), before) << "given up after the first chunk";
  EXPECT_TRUE(MakeSaved(Folder())->Restore().has_value()) << "what was saved before is whole";

  ASSERT_TRUE(index->Save(Never).has_value());
  const auto again = MakeSaved(Folder());
  ASSERT_TRUE(again->Restore().has_value());
  again->Tend();
  ExpectSameAnswers(*index, *again);
}

TEST_F(SavedGallery, MakesRoomBeforeItWrites) {
  const auto index = MakeSaved(Folder());
  index->Apply({}, NumberedUpTo(20), 1);
  ASSERT_TRUE(index->Save(Never).has_value());
  const auto before = ChunkFiles();
  const auto orphan = Folder() / "left-by-a-killed-save.chunk";
  std::ofstream(orphan) << "much";
  index->Apply({}, NumberedUpTo(30), 2);
  bool there_when_writing = true;
  const auto given_up = [&] {
    there_when_writing = std::filesystem::exists(orphan);
    return true;
  };
  EXPECT_FALSE(index->Save(given_up).has_value());
  EXPECT_FALSE(there_when_writing);
  EXPECT_EQ(ChunkFiles(), before);
}

TEST_F(SavedGallery, HoldsNoReadableNameOrNumber) {
  const auto index = MakeSaved(Folder());
  index->Apply({}, {{"reference-in-clear", "person-in-clear", Embedding(kDimension, 0.25F)}}, 1);
  ASSERT_TRUE(index->Save(Never).has_value());
  for (const auto& entry : std::filesystem::directory_iterator(Folder())) {
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    EXPECT_EQ(bytes.find("in-clear"), std::string::npos);
    EXPECT_EQ(bytes.find(std::string("\0\0\x80\x3e\0\0\x80\x3e", 8)), std::string::npos);
    struct stat facts{};
    ASSERT_EQ(::stat(entry.path().c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 0077U, 0U);
  }
}

TEST_F(SavedGallery, RefusesWhatIsAbsentForeignOrDamaged) {
  EXPECT_EQ(Refusal(Saved(Folder())), ErrorCode::kNotFound);
  const auto index = MakeSaved(Folder());
  Fill(*index);
  ASSERT_TRUE(index->Save(Never).has_value());
  SavedIndexOptions other_key = Saved(Folder());
  other_key.sealer = KeyOf('b');
  EXPECT_EQ(Refusal(other_key), ErrorCode::kDataLoss);
  SavedIndexOptions other_model = Saved(Folder());
  other_model.gallery = "facenet:2";
  EXPECT_EQ(Refusal(other_model), ErrorCode::kConflict);

  // A chunk under the name of another.
  std::vector<std::filesystem::path> chunks;
  for (const auto& entry : std::filesystem::directory_iterator(Folder())) {
    if (entry.path().extension() == ".chunk") chunks.push_back(entry.path());
  }
  ASSERT_EQ(chunks.size(), 2U);
  std::filesystem::rename(chunks[0], Folder() / "aside");
  EXPECT_EQ(Refusal(Saved(Folder())), ErrorCode::kDataLoss) << "a chunk is missing";
  std::filesystem::copy_file(chunks[1], chunks[0]);
  EXPECT_EQ(Refusal(Saved(Folder())), ErrorCode::kDataLoss);
  std::filesystem::rename(Folder() / "aside", chunks[0]);
  EXPECT_TRUE(MakeSaved(Folder())->Restore().has_value()) << "whole again: it is used";
}

TEST_F(SavedGallery, RefusesEveryCutAndEveryChangedByte) {
  const auto index = MakeSaved(Folder());
  index->Apply({}, NumberedUpTo(20), 1);
  ASSERT_TRUE(index->Save(Never).has_value());
  for (const std::string_view ending : {".list", ".chunk"}) {
    const auto path = File(ending);
    const Bytes whole = *ReadWhole(path, 1U << 20U);
    const auto write = [&](const Bytes& bytes) {
      std::ofstream file(path, std::ios::binary | std::ios::trunc);
      file.write(reinterpret_cast<const char*>(bytes.data()), std::ssize(bytes));
    };
    for (std::size_t place = 0; place < whole.size(); place += 1 + whole.size() / 300) {
      Bytes bytes = whole;
      bytes.resize(place);
      write(bytes);
      EXPECT_FALSE(MakeSaved(Folder())->Restore().has_value()) << ending << " cut at " << place;
      bytes = whole;
      bytes[place] ^= std::byte{1};
      write(bytes);
      EXPECT_FALSE(MakeSaved(Folder())->Restore().has_value()) << ending << " at " << place;
    }
    write(whole);
    EXPECT_TRUE(MakeSaved(Folder())->Restore().has_value());
  }
}

// A bit of every row of the chunks in `folder` is turned over.
void AlterAllRows(const std::filesystem::path& folder) {
  constexpr std::size_t kRowBytes = kDimension * sizeof(float) + 45;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".chunk") continue;
    const Bytes whole = *ReadWhole(entry.path(), 1U << 27U);
    std::fstream file(entry.path(), std::ios::binary | std::ios::in | std::ios::out);
    for (std::size_t row = 0; row < kChunkRows; ++row) {
      const std::size_t place = whole.size() - (kChunkRows - row) * kRowBytes + 50;
      file.seekp(static_cast<std::streamoff>(place));
      file.put(static_cast<char>(std::to_integer<unsigned>(whole[place]) ^ 1U));
    }
  }
}

// The rows of a full chunk are opened when they are needed: an altered one costs its last digits.
TEST_F(SavedGallery, AnswersFromTheCodeWhenARowOfTheDiskIsAltered) {
  const auto whole = MakeSaved(Folder());
  whole->Apply({}, NumberedUpTo(kChunkRows), 1);
  ASSERT_TRUE(whole->Save(Never).has_value());
  AlterAllRows(Folder());
  const auto index = MakeSaved(Folder(), true);
  ASSERT_TRUE(index->Restore().has_value());
  index->Tend();
  const auto found = index->Search(Numbered(17).embedding, 1).candidates;
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].reference_id, "r17");
  EXPECT_NEAR(found[0].similarity, 1.0F, 0.02F);
  EXPECT_NE(found, whole->Search(Numbered(17).embedding, 1).candidates) << "the row was read";
}

// The files in `folder` that this process has open; what was removed ends with " (deleted)".
std::vector<std::string> OpenFilesIn(const std::filesystem::path& folder) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    const std::string file = std::filesystem::read_symlink(entry.path(), gone).string();
    if (file.starts_with(folder.string())) files.push_back(file);
  }
  return files;
}

// Else a removed person's face would take room on the disk, and be there, until the end.
TEST_F(SavedGallery, LetsGoOfTheFileOfAChunkThatWasWrittenAnew) {
  const auto index = MakeSaved(Folder(), true);
  Fill(*index);
  ASSERT_TRUE(index->Save(Never).has_value());
  index->Tend();
  ASSERT_EQ(OpenFilesIn(Folder()).size(), 1U) << "searches read the chunk that is full";
  index->Apply(std::vector<std::string>{"r17"}, {}, 9);
  ASSERT_TRUE(index->Save(Never).has_value());
  index->Tend();
  const auto open = OpenFilesIn(Folder());
  ASSERT_EQ(open.size(), 1U);
  EXPECT_TRUE(open[0].ends_with(".chunk")) << open[0];
  const auto memory = MakeFlatIndex(kDimension);
  Fill(*memory);
  memory->Apply(std::vector<std::string>{"r17"}, {}, 9);
  ExpectSameAnswers(*memory, *index);
}

// One a chunk would be more than a process may have, from some millions of people on.
TEST_F(SavedGallery, KeepsNoFileOpenForEmbeddingsInMemory) {
  {
    const auto index = MakeSaved(Folder());
    Fill(*index);
    ASSERT_TRUE(index->Save(Never).has_value());
    EXPECT_TRUE(OpenFilesIn(Folder()).empty());
  }
  const auto index = MakeSaved(Folder());
  ASSERT_TRUE(index->Restore().has_value());
  index->Tend();
  index->Warm(Never);
  index->Tend();
  EXPECT_TRUE(OpenFilesIn(Folder()).empty());
  EXPECT_TRUE(index->Holds(Numbered(17)));
}

// What the code gives instead would be taken for the truth by every later start.
TEST_F(SavedGallery, DoesNotSaveWhatItCannotRead) {
  {
    const auto index = MakeSaved(Folder());
    index->Apply({}, NumberedUpTo(kChunkRows), 1);
    ASSERT_TRUE(index->Save(Never).has_value());
  }
  AlterAllRows(Folder());
  const auto before = ChunkFiles();
  const auto index = MakeSaved(Folder(), true);
  ASSERT_TRUE(index->Restore().has_value());
  index->Apply(std::vector<std::string>{"r0"}, {}, 2);
  EXPECT_TRUE(index->Holds(Numbered(17))) << "nobody has looked yet";
  const auto saved = index->Save(Never);
  ASSERT_FALSE(saved.has_value());
  EXPECT_EQ(saved.error().code, ErrorCode::kDataLoss);
  EXPECT_EQ(ChunkFiles(), before);
  EXPECT_FALSE(index->Holds(Numbered(17))) << "the comparison reads the chunk from the database";
  index->Apply(index->ReferenceIds(), NumberedUpTo(kChunkRows), 2);
  EXPECT_TRUE(index->Holds(Numbered(17)));
  EXPECT_TRUE(index->Save(Never).has_value());
}

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

TEST_F(SavedGallery, IsEmptyAfterAnExceptionWhileItWasRead) {
  const auto index = MakeSaved(Folder());
  Fill(*index);
  ASSERT_TRUE(index->Save(Never).has_value());
  SavedIndexOptions options = Saved(Folder());
  options.change_name = [](std::uint64_t) -> Result<std::string> { throw std::bad_alloc(); };
  EXPECT_EQ(Refusal(options), ErrorCode::kInternal);
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

// Never returns: changes and saves until it is killed.
[[noreturn]] void ChangeAndSave(const std::filesystem::path& folder, bool on_disk,
                                std::chrono::nanoseconds killed_after) {
  FakeGalleryStore store;
  std::uint32_t step = 0;
  while (step < kStepsBefore) TakeStep(store, step++);
  const auto index = MakeSaved(folder, on_disk);
  if (!LoadGallery(store, *index, kSpace)) _exit(1);
  KillMyselfAfter(killed_after);
  while (true) {
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
    // From before the first file is made until well into later saves.
    const std::chrono::microseconds killed_after{1 + random() % 60'000};
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) ChangeAndSave(Folder(), on_disk, killed_after);
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
