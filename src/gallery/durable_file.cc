// POSIX calls, with what they refuse in words.
#include "gallery/durable_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/format.h"
#include "base/sync_folder.h"

namespace vigil::gallery {
namespace {

std::unexpected<Error> Refused(const std::filesystem::path& path, std::string_view doing) {
  const int cause = errno;
  const ErrorCode code = cause == ENOENT   ? ErrorCode::kNotFound
                         : cause == EACCES ? ErrorCode::kPermission
                                           : ErrorCode::kUnavailable;
  return Fail(code, format("cannot {} {}: {}", doing, path.string(), std::strerror(cause)));
}

}  // namespace

OpenFile::~OpenFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

bool OpenFile::ReadAt(std::size_t offset, std::span<std::byte> bytes) const {
  while (!bytes.empty()) {
    const ssize_t count =
        ::pread(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    offset += static_cast<std::size_t>(count);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return true;
}

std::size_t OpenFile::Size() const {
  struct stat facts{};
  return ::fstat(descriptor_, &facts) == 0 ? static_cast<std::size_t>(facts.st_size) : 0;
}

Result<OpenFile> OpenForReading(const std::filesystem::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return Refused(path, "open");
  return OpenFile(descriptor);
}

Result<NewFile> NewFile::Make(const std::filesystem::path& path) {
  const int descriptor =
      ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (descriptor < 0) return Refused(path, "write");
  return NewFile(path, OpenFile(descriptor));
}

NewFile::~NewFile() {
  if (!path_.empty()) ::unlink(path_.c_str());
}

Status NewFile::Append(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(file_.Descriptor(), bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return Refused(path_, "write");
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return {};
}

Result<OpenFile> NewFile::Finish() {
  if (::fsync(file_.Descriptor()) != 0) return Refused(path_, "write");
  path_.clear();
  return std::move(file_);
}

Status SyncFolder(const std::filesystem::path& folder) {
  if (!vigil::SyncFolder(folder)) return Refused(folder, "write");
  return {};
}

Result<Bytes> ReadWhole(const std::filesystem::path& path, std::size_t size_max) {
  VIGIL_ASSIGN_OR_RETURN(const OpenFile file, OpenForReading(path));
  const std::size_t size = file.Size();
  if (size > size_max) return Fail(ErrorCode::kDataLoss, format("{} is too long", path.string()));
  Bytes bytes(size);
  if (!file.ReadAt(0, bytes)) return Fail(ErrorCode::kDataLoss, path.string() + " is cut");
  return bytes;
}

Status ReplaceFile(const std::filesystem::path& path, std::span<const std::byte> bytes) {
  const std::filesystem::path temporary = path.string() + ".new";
  VIGIL_ASSIGN_OR_RETURN(NewFile file, NewFile::Make(temporary));
  VIGIL_RETURN_IF_ERROR(file.Append(bytes));
  VIGIL_ASSIGN_OR_RETURN(const OpenFile written, file.Finish());
  if (::rename(temporary.c_str(), path.c_str()) != 0) return Refused(path, "replace");
  return {};
}

}  // namespace vigil::gallery
