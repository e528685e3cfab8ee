// The directory adapter: the contract, and what only files can show.
#include "media_store/directory_media_store.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <fstream>
#include <iterator>

#include "as_nobody.h"
#include "contract/media_store_contract.h"
#include "fake_media_store.h"
#include "temporary_folder.h"

namespace vigil::media_store {
namespace {

namespace fs = std::filesystem;

Sealer KeyOf(char digit) { return *Sealer::FromHex(std::string(2 * Sealer::kKeyBytes, digit)); }

// A directory store that takes its folder away with it.
class OwningStore final : public MediaStore {
 public:
  explicit OwningStore(Clock& clock)
      : store_(*MakeDirectoryMediaStore(folder_.Path() / "media", sealer_, clock)) {}
  Result<std::string> Put(MediaKind kind, std::span<const std::byte> bytes) override {
    return store_->Put(kind, bytes);
  }
  Result<Bytes> Get(const std::string& media_id) override { return store_->Get(media_id); }
  Status Remove(const std::string& media_id) override { return store_->Remove(media_id); }
  Result<std::vector<std::string>> ListOlderThan(MediaKind kind, WallTime before,
                                                 const std::string& after, int limit) override {
    return store_->ListOlderThan(kind, before, after, limit);
  }

 private:
  TemporaryFolder folder_;
  Sealer sealer_ = KeyOf('1');
  std::unique_ptr<MediaStore> store_;
};

INSTANTIATE_TEST_SUITE_P(Directory, MediaStoreContract, ::testing::Values([](Clock& clock) {
                           return std::make_unique<OwningStore>(clock);
                         }));
INSTANTIATE_TEST_SUITE_P(Fake, MediaStoreContract, ::testing::Values([](Clock& clock) {
                           return std::make_unique<FakeMediaStore>(clock);
                         }));

class DirectoryMediaStore : public ::testing::Test {
 protected:
  std::vector<fs::path> Files() const {
    std::vector<fs::path> files;
    for (const auto& entry : fs::recursive_directory_iterator(folder_.Path())) {
      if (entry.is_regular_file()) files.push_back(entry.path());
    }
    return files;
  }

  static std::string Read(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  static void Write(const fs::path& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
  }

  TemporaryFolder folder_;
  ManualClock clock_;
  Sealer sealer_ = KeyOf('1');
  std::unique_ptr<MediaStore> store_ = *MakeDirectoryMediaStore(folder_.Path(), sealer_, clock_);
  const Bytes face_ = Bytes(5000, std::byte{'F'});
};

TEST_F(DirectoryMediaStore, WritesSealedFilesForItsOwnerAlone) {
  ASSERT_TRUE(store_->Put(MediaKind::kCrop, face_).has_value());
  const std::vector<fs::path> files = Files();
  ASSERT_EQ(files.size(), 1U);
  EXPECT_EQ(Read(files[0]).find("FFFF"), std::string::npos);
  EXPECT_EQ(fs::status(files[0]).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(DirectoryMediaStore, OutlivesTheProcess) {
  const std::string id = *store_->Put(MediaKind::kCrop, face_);
  store_ = *MakeDirectoryMediaStore(folder_.Path(), sealer_, clock_);
  EXPECT_EQ(store_->Get(id), face_);
}

TEST_F(DirectoryMediaStore, RefusesAlteredAndCutFiles) {
  const std::string id = *store_->Put(MediaKind::kCrop, face_);
  const fs::path file = Files().at(0);
  const std::string intact = Read(file);
  std::string altered = intact;
  altered[altered.size() / 2] = static_cast<char>(altered[altered.size() / 2] ^ 1);
  for (const std::string& damaged : {altered, intact.substr(0, 100), std::string()}) {
    Write(file, damaged);
    const Result<Bytes> got = store_->Get(id);
    ASSERT_FALSE(got.has_value());
    EXPECT_EQ(got.error().code, ErrorCode::kDataLoss);
    EXPECT_NE(got.error().message.find(id), std::string::npos);
  }
}

TEST_F(DirectoryMediaStore, RefusesAPictureUnderAnotherNameOrKey) {
  const std::string id = *store_->Put(MediaKind::kCrop, face_);
  const std::string other = *store_->Put(MediaKind::kCrop, Bytes(10));
  for (const fs::path& file : Files()) {
    if (file.filename() == id) {
      fs::copy_file(file, file.parent_path() / other, fs::copy_options::overwrite_existing);
    }
  }
  EXPECT_EQ(store_->Get(other).error().code, ErrorCode::kDataLoss);
  const Sealer another_key = KeyOf('2');
  EXPECT_EQ((*MakeDirectoryMediaStore(folder_.Path(), another_key, clock_))->Get(id).error().code,
            ErrorCode::kDataLoss);
}

TEST_F(DirectoryMediaStore, FollowsNoPathOutsideItself) {
  Write(folder_.Path() / "secret", "secret");
  for (const std::string id : {"../secret", "crop-../../secret", "secret", "crop/../secret",
                               "crop-019ab300-0000-7000-8000-00000000000/"}) {
    EXPECT_EQ(store_->Get(id).error().code, ErrorCode::kNotFound) << id;
    EXPECT_TRUE(store_->Remove(id).has_value());
  }
  EXPECT_TRUE(fs::exists(folder_.Path() / "secret"));
}

TEST_F(DirectoryMediaStore, SurvivesTheLossOfItsFolders) {
  for (const auto& entry : fs::directory_iterator(folder_.Path())) fs::remove_all(entry);
  const Result<std::string> id = store_->Put(MediaKind::kCrop, face_);
  ASSERT_TRUE(id.has_value()) << id.error().message;
  EXPECT_EQ(store_->Get(*id), face_);
}

TEST_F(DirectoryMediaStore, RemovesWhatAKilledProcessLeftUnfinished) {
  Write(folder_.Path() / "unfinished" / "old", "half");
  Write(folder_.Path() / "unfinished" / "young", "half");
  const timespec long_ago{1'600'000'000, 0};
  const timespec times[2] = {long_ago, long_ago};
  ASSERT_EQ(::utimensat(AT_FDCWD, (folder_.Path() / "unfinished" / "old").c_str(), times, 0), 0);
  ASSERT_TRUE(MakeDirectoryMediaStore(folder_.Path(), sealer_, clock_).has_value());
  EXPECT_FALSE(fs::exists(folder_.Path() / "unfinished" / "old"));
  EXPECT_TRUE(fs::exists(folder_.Path() / "unfinished" / "young"));
}

TEST_F(DirectoryMediaStore, NamesTheFolderThatAFileStandsInFor) {
  Write(folder_.Path() / "taken", "a file");
  const auto made = MakeDirectoryMediaStore(folder_.Path() / "taken" / "media", sealer_, clock_);
  ASSERT_FALSE(made.has_value());
  EXPECT_NE(made.error().message.find("taken"), std::string::npos);
}

TEST_F(DirectoryMediaStore, SaysWhatToDoInAReadOnlyFolder) {
  for (const char* name : {"photo", "crop", "frame", "unfinished"}) {
    fs::permissions(folder_.Path() / name, fs::perms::all & ~fs::perms::group_write &
                                               ~fs::perms::others_write & ~fs::perms::owner_write);
  }
  fs::permissions(folder_.Path(), fs::perms::owner_read | fs::perms::owner_exec |
                                      fs::perms::others_read | fs::perms::others_exec);
  const AsNobody nobody;
  if (!nobody.Works()) GTEST_SKIP() << "this system does not let the super-user step down";
  const auto made = MakeDirectoryMediaStore(folder_.Path(), sealer_, clock_);
  ASSERT_FALSE(made.has_value());
  EXPECT_EQ(made.error().code, ErrorCode::kPermission);
  EXPECT_NE(made.error().message.find("writable"), std::string::npos);
  EXPECT_EQ(store_->Put(MediaKind::kCrop, face_).error().code, ErrorCode::kPermission);
}

// A disk of 64 kB, where the system lets a test mount one.
TEST_F(DirectoryMediaStore, SaysThatTheDiskIsFullAndKeepsWhatItHas) {
  const fs::path disk = folder_.Path() / "disk";
  fs::create_directory(disk);
  if (::mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=64k") != 0) {
    GTEST_SKIP() << "a small disk cannot be mounted here";
  }
  {
    const auto store = *MakeDirectoryMediaStore(disk, sealer_, clock_);
    const std::string kept = *store->Put(MediaKind::kCrop, face_);
    const Result<std::string> refused = store->Put(MediaKind::kCrop, Bytes(200'000));
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
    EXPECT_NE(refused.error().message.find("free space"), std::string::npos);
    EXPECT_EQ(store->Get(kept), face_);
    EXPECT_TRUE(fs::is_empty(disk / "unfinished"));
    EXPECT_TRUE(store->Put(MediaKind::kCrop, face_).has_value());
  }
  ::umount(disk.c_str());
}

}  // namespace
}  // namespace vigil::media_store
