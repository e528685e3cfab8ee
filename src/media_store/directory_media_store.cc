// Files written beside, synced, and renamed into place: a picture is there whole or not at all.
#include "media_store/directory_media_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <optional>
#include <utility>

#include "base/format.h"
#include "base/sync_folder.h"
#include "base/uuid.h"

namespace vigil::media_store {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kUuidLength = 36;
constexpr std::size_t kFolderDigits = 6;
constexpr std::array kKinds{MediaKind::kPhoto, MediaKind::kCrop, MediaKind::kFrame};

std::string_view KindName(MediaKind kind) {
  switch (kind) {
    case MediaKind::kPhoto:
      return "photo";
    case MediaKind::kCrop:
      return "crop";
    case MediaKind::kFrame:
      return "frame";
  }
  return "";
}

bool IsUuid(std::string_view text) {
  if (text.size() != kUuidLength) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    const char c = text[i];
    const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    if (dash ? c != '-' : !hex) return false;
  }
  return true;
}

// "crop/019ab3/crop-019ab3..."; nothing when `media_id` was not made by this store, so that no id
// reaches another path.
std::optional<fs::path> RelativePath(const std::string& media_id) {
  for (const MediaKind kind : kKinds) {
    const std::string prefix = format("{}-", KindName(kind));
    if (!media_id.starts_with(prefix)) continue;
    const std::string_view uuid = std::string_view(media_id).substr(prefix.size());
    if (!IsUuid(uuid)) return std::nullopt;
    return fs::path(KindName(kind)) / uuid.substr(0, kFolderDigits) / media_id;
  }
  return std::nullopt;
}

std::unexpected<Error> ErrnoError(int cause, std::string_view doing, const fs::path& path) {
  const auto fail = [&](ErrorCode code, std::string_view mend) {
    return Fail(code, format("{} {}: {}; {}", doing, path.string(), std::strerror(cause), mend));
  };
  switch (cause) {
    case ENOSPC:
    case EDQUOT:
      return fail(ErrorCode::kUnavailable, "free space on its disk");
    case EROFS:
      return fail(ErrorCode::kUnavailable, "its disk is mounted read-only: remount or replace it");
    case EACCES:
    case EPERM:
      return fail(ErrorCode::kPermission, "make the folder writable for this user");
    case ENOTDIR:
    case EEXIST:
      return fail(ErrorCode::kPermission, "a file is in the way of this folder: move it");
    default:
      return fail(ErrorCode::kUnavailable, "check the disk that holds it");
  }
}

class FileHandle {
 public:
  explicit FileHandle(int descriptor) : descriptor_(descriptor) {}
  FileHandle(const FileHandle&) = delete;
  FileHandle& operator=(const FileHandle&) = delete;
  ~FileHandle() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  int Get() const { return descriptor_; }

 private:
  int descriptor_;
};

Status MakeFolder(const fs::path& folder) {
  if (::mkdir(folder.c_str(), 0700) == 0 || errno == EEXIST) return {};
  return ErrnoError(errno, "make folder", folder);
}

Status SyncFolder(const fs::path& folder) {
  if (!vigil::SyncFolder(folder)) return ErrnoError(errno, "sync folder", folder);
  return {};
}

// Calls `visit` with each path in `folder`. A range-for would throw where reading on fails.
template <class Visit>
void ForEachEntry(const fs::path& folder, std::error_code& error, const Visit& visit) {
  fs::directory_iterator entry(folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) visit(entry->path());
}

timespec TimespecOf(WallTime time) {
  const auto since_epoch = time.time_since_epoch();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since_epoch);
  return {static_cast<time_t>(seconds.count()),
          static_cast<long>(std::chrono::nanoseconds(since_epoch - seconds).count())};
}

WallTime WallTimeOf(const timespec& time) {
  return WallTime{
      std::chrono::milliseconds{std::int64_t{time.tv_sec} * 1000 + time.tv_nsec / 1'000'000}};
}

// Writes and syncs a new file that carries `made_at` as its time of change.
Status WriteSynced(const fs::path& path, std::span<const std::byte> bytes, WallTime made_at) {
  const FileHandle file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (file.Get() < 0) return ErrnoError(errno, "write picture", path);
  while (!bytes.empty()) {
    const ssize_t written = ::write(file.Get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return ErrnoError(errno, "write picture", path);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  const timespec time = TimespecOf(made_at);
  const timespec times[2] = {time, time};
  if (::futimens(file.Get(), times) != 0 || ::fsync(file.Get()) != 0) {
    return ErrnoError(errno, "write picture", path);
  }
  return {};
}

Result<Bytes> ReadAll(const fs::path& path, const std::string& media_id) {
  const FileHandle file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  struct stat status{};
  if (file.Get() < 0 || ::fstat(file.Get(), &status) != 0) {
    if (errno == ENOENT) return Fail(ErrorCode::kNotFound, format("no picture {}", media_id));
    return ErrnoError(errno, "read picture", path);
  }
  Bytes bytes(static_cast<std::size_t>(status.st_size));
  std::size_t count = 0;
  while (count < bytes.size()) {
    const ssize_t read = ::read(file.Get(), bytes.data() + count, bytes.size() - count);
    if (read < 0 && errno == EINTR) continue;
    if (read < 0) return ErrnoError(errno, "read picture", path);
    if (read == 0) break;
    count += static_cast<std::size_t>(read);
  }
  bytes.resize(count);
  return bytes;
}

class DirectoryMediaStore final : public MediaStore {
 public:
  DirectoryMediaStore(fs::path directory, const Sealer& sealer, Clock& clock)
      : directory_(std::move(directory)), sealer_(sealer), clock_(clock) {}

  Status Prepare() {
    std::error_code error;
    fs::create_directories(directory_, error);
    if (error) return ErrnoError(error.value(), "make folder", directory_);
    for (const MediaKind kind : kKinds) {
      VIGIL_RETURN_IF_ERROR(MakeFolder(directory_ / KindName(kind)));
    }
    VIGIL_RETURN_IF_ERROR(MakeFolder(Unfinished()));
    if (::faccessat(AT_FDCWD, Unfinished().c_str(), W_OK | X_OK, AT_EACCESS) != 0) {
      return ErrnoError(errno, "write to folder", directory_);
    }
    RemoveUnfinished();
    return SyncFolder(directory_);
  }

  Result<std::string> Put(MediaKind kind, std::span<const std::byte> bytes) override {
    std::string media_id = format("{}-{}", KindName(kind), MakeUuid(clock_));
    const fs::path unfinished = Unfinished() / media_id;
    const fs::path path = directory_ / RelativePath(media_id).value();
    // A cleaner may have taken folders that were made at start.
    VIGIL_RETURN_IF_ERROR(MakeFolder(Unfinished()));
    Status status = WriteSynced(unfinished, sealer_.Seal(bytes, media_id), clock_.WallNow());
    if (status.has_value()) status = Publish(unfinished, path);
    if (!status.has_value()) {
      ::unlink(unfinished.c_str());
      return std::unexpected(status.error());
    }
    return media_id;
  }

  Result<Bytes> Get(const std::string& media_id) override {
    const std::optional<fs::path> path = RelativePath(media_id);
    if (!path.has_value()) return Fail(ErrorCode::kNotFound, "no such picture");
    VIGIL_ASSIGN_OR_RETURN(const Bytes sealed, ReadAll(directory_ / *path, media_id));
    Result<Bytes> plain = sealer_.Open(sealed, media_id);
    if (!plain.has_value()) return Annotate(plain.error(), "picture " + media_id);
    return plain;
  }

  Status Remove(const std::string& media_id) override {
    const std::optional<fs::path> path = RelativePath(media_id);
    if (!path.has_value()) return {};
    const fs::path file = directory_ / *path;
    if (::unlink(file.c_str()) != 0 && errno != ENOENT && errno != ENOTDIR) {
      return ErrnoError(errno, "remove picture", file);
    }
    // Only an empty folder goes; Publish makes it again when it needs it.
    ::rmdir(file.parent_path().c_str());
    return {};
  }

  // Folders are named by the first digits of the time in their ids, so that folders, and files
  // within them, follow each other in the order of ids.
  Result<std::vector<std::string>> ListOlderThan(MediaKind kind, WallTime before,
                                                 const std::string& after, int limit) override {
    const fs::path top = directory_ / KindName(kind);
    const std::optional<fs::path> start = RelativePath(after);
    const std::string first = start ? start->parent_path().filename().string() : std::string();
    std::vector<fs::path> folders;
    std::error_code error;
    ForEachEntry(top, error, [&](const fs::path& folder) {
      if (folder.filename().string() >= first) folders.push_back(folder);
    });
    if (error) return ErrnoError(error.value(), "list folder", top);
    std::ranges::sort(folders);
    std::vector<std::string> media_ids;
    for (const fs::path& folder : folders) {
      for (std::string& media_id : PicturesIn(folder, after)) {
        if (std::ssize(media_ids) >= limit) return media_ids;
        struct stat status{};
        if (::stat((folder / media_id).c_str(), &status) != 0) continue;
        if (WallTimeOf(status.st_mtim) < before) media_ids.push_back(std::move(media_id));
      }
    }
    return media_ids;
  }

 private:
  fs::path Unfinished() const { return directory_ / "unfinished"; }

  // In order of ids. A folder that has vanished holds none.
  static std::vector<std::string> PicturesIn(const fs::path& folder, const std::string& after) {
    std::vector<std::string> media_ids;
    std::error_code vanished;
    ForEachEntry(folder, vanished, [&](const fs::path& file) {
      std::string name = file.filename().string();
      if (name > after && RelativePath(name).has_value()) media_ids.push_back(std::move(name));
    });
    std::ranges::sort(media_ids);
    return media_ids;
  }

  // Renames into place and syncs the folders that name it. The folder may vanish between its making
  // and the renaming, when its last other picture is removed: then once more.
  Status Publish(const fs::path& unfinished, const fs::path& path) {
    for (int attempt = 1;; ++attempt) {
      VIGIL_RETURN_IF_ERROR(MakeFolder(path.parent_path().parent_path()));
      VIGIL_RETURN_IF_ERROR(MakeFolder(path.parent_path()));
      if (::rename(unfinished.c_str(), path.c_str()) == 0) break;
      if (errno != ENOENT || attempt == 3) return ErrnoError(errno, "write picture", path);
    }
    VIGIL_RETURN_IF_ERROR(SyncFolder(path.parent_path()));
    return SyncFolder(path.parent_path().parent_path());
  }

  // What a killed process left behind. Another process may be writing now, so young files stay.
  void RemoveUnfinished() {
    const auto old = clock_.WallNow() - std::chrono::hours{1};
    std::error_code error;
    ForEachEntry(Unfinished(), error, [&](const fs::path& file) {
      struct stat status{};
      if (::stat(file.c_str(), &status) == 0 && WallTimeOf(status.st_mtim) < old) {
        ::unlink(file.c_str());
      }
    });
  }

  const fs::path directory_;
  const Sealer& sealer_;
  Clock& clock_;
};

}  // namespace

Result<std::unique_ptr<MediaStore>> MakeDirectoryMediaStore(const fs::path& directory,
                                                            const Sealer& sealer, Clock& clock) {
  auto store = std::make_unique<DirectoryMediaStore>(directory, sealer, clock);
  VIGIL_RETURN_IF_ERROR(store->Prepare());
  return store;
}

}  // namespace vigil::media_store
