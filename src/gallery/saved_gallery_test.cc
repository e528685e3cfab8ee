// What is saved is found again whole, or refused; whatever happens to the files.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <new>

#include "gallery/chunk_file.h"
#include "gallery/durable_file.h"
#include "gallery/gallery_folder.h"
#include "gallery/saved_gallery_fixture.h"

namespace vigil::gallery {
namespace {

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

TEST_F(SavedGallery, IsEmptyAfterAnExceptionWhileItWasRead) {
  const auto index = MakeSaved(Folder());
  Fill(*index);
  ASSERT_TRUE(index->Save(Never).has_value());
  SavedIndexOptions options = Saved(Folder());
  options.change_name = [](std::uint64_t) -> Result<std::string> { throw std::bad_alloc(); };
  EXPECT_EQ(Refusal(options), ErrorCode::kInternal);
}

}  // namespace
}  // namespace vigil::gallery
