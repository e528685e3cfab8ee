// POSIX calls around the format that spool_file.h tells.
#include "database/spool_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <span>
#include <system_error>
#include <utility>

#include "base/crypto.h"
#include "base/format.h"
#include "base/sync_folder.h"

namespace vigil::database {
namespace {

constexpr std::string_view kMagic = "VIGILSP1";
constexpr std::size_t kNameBytes = 16;
constexpr std::size_t kHeaderBytes = 8 + kNameBytes;
constexpr std::size_t kLengthBytes = 4;
constexpr std::uint32_t kRecordBytesMax = 4U << 20;  // longer ones were never written

std::array<std::byte, kLengthBytes> LengthBytes(std::uint32_t length) {
  std::array<std::byte, kLengthBytes> bytes{};
  for (std::byte& byte : bytes) {
    byte = static_cast<std::byte>(length & 0xFF);
    length >>= 8;
  }
  return bytes;
}

std::uint32_t LengthOf(std::span<const std::byte> bytes) {
  std::uint32_t length = 0;
  for (std::size_t i = kLengthBytes; i-- > 0;) {
    length = (length << 8) | std::to_integer<std::uint32_t>(bytes[i]);
  }
  return length;
}

bool WriteAt(int descriptor, std::uint64_t offset, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t count =
        ::pwrite(descriptor, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    offset += static_cast<std::uint64_t>(count);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return true;
}

}  // namespace

SpoolFile::SpoolFile(std::filesystem::path path, const Sealer& sealer, std::size_t bytes_max,
                     int descriptor)
    : path_(std::move(path)), sealer_(&sealer), bytes_max_(bytes_max), descriptor_(descriptor) {}

SpoolFile::SpoolFile(SpoolFile&& other) noexcept
    : path_(std::move(other.path_)),
      sealer_(other.sealer_),
      bytes_max_(other.bytes_max_),
      descriptor_(std::exchange(other.descriptor_, -1)),
      name_(std::move(other.name_)),
      end_(other.end_),
      next_number_(other.next_number_),
      records_(std::move(other.records_)),
      damaged_count_(other.damaged_count_) {}

SpoolFile::~SpoolFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<SpoolFile> SpoolFile::Open(const std::filesystem::path& path, const Sealer& sealer,
                                  std::size_t bytes_max) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
  SpoolFile file(path, sealer, bytes_max, descriptor);
  if (descriptor < 0) return file.Refused("open");
  VIGIL_RETURN_IF_ERROR(file.Load());
  if (!SyncFolder(path.parent_path())) return file.Refused("make");
  return file;
}

Status SpoolFile::Load() {
  struct stat facts{};
  if (::fstat(descriptor_, &facts) != 0) return Refused("read");
  const auto size = static_cast<std::uint64_t>(facts.st_size);
  if (size < kHeaderBytes) return Begin();  // a header that was never finished has no records
  VIGIL_ASSIGN_OR_RETURN(const Bytes header, ReadBytes(0, kHeaderBytes));
  if (std::memcmp(header.data(), kMagic.data(), kMagic.size()) != 0) {
    damaged_count_ = 1;
    VIGIL_RETURN_IF_ERROR(KeepDamaged());
    return Begin();
  }
  name_.assign(reinterpret_cast<const char*>(header.data()) + kMagic.size(), kNameBytes);
  return LoadRecords(size);
}

Status SpoolFile::LoadRecords(std::uint64_t file_size) {
  end_ = kHeaderBytes;
  while (end_ + kLengthBytes <= file_size) {
    VIGIL_ASSIGN_OR_RETURN(const Bytes length, ReadBytes(end_, kLengthBytes));
    const Record record{
        .offset = end_ + kLengthBytes, .size = LengthOf(length), .number = next_number_};
    if (record.size == 0 || record.size > kRecordBytesMax ||
        record.offset + record.size > file_size) {
      break;
    }
    if (OpenRecord(record).has_value()) {
      records_.push_back(record);
    } else {
      ++damaged_count_;
    }
    ++next_number_;
    end_ = record.offset + record.size;
  }
  if (damaged_count_ > 0) VIGIL_RETURN_IF_ERROR(KeepDamaged());
  if (end_ < file_size && ::ftruncate(descriptor_, static_cast<off_t>(end_)) != 0) {
    return Refused("cut the torn end of");
  }
  return {};
}

// An empty file with a name of its own.
Status SpoolFile::Begin() {
  const std::string token = RandomToken(kNameBytes);
  name_ = token.substr(0, kNameBytes);
  const std::string header = std::string(kMagic) + name_;
  records_.clear();
  next_number_ = 0;
  end_ = kHeaderBytes;
  if (::ftruncate(descriptor_, 0) != 0 ||
      !WriteAt(descriptor_, 0, std::as_bytes(std::span(header))) || ::fdatasync(descriptor_) != 0) {
    return Refused("begin");
  }
  return {};
}

Status SpoolFile::Clear() { return Begin(); }

Status SpoolFile::Append(std::string_view text) {
  const Bytes sealed = sealer_->SealText(text, Context(next_number_));
  const std::uint64_t end = end_ + kLengthBytes + sealed.size();
  if (end > bytes_max_ || sealed.size() > kRecordBytesMax) {
    return Fail(ErrorCode::kUnavailable,
                format("{} is full: it may hold {} MB", path_.string(), bytes_max_ >> 20));
  }
  const auto length = LengthBytes(static_cast<std::uint32_t>(sealed.size()));
  Bytes bytes(length.begin(), length.end());
  bytes.insert(bytes.end(), sealed.begin(), sealed.end());
  if (!WriteAt(descriptor_, end_, bytes) || ::fdatasync(descriptor_) != 0) {
    const auto refused = Refused("write");
    // What is left behind the end would be read as a record after a restart.
    if (::ftruncate(descriptor_, static_cast<off_t>(end_)) != 0) return Refused("cut");
    return refused;
  }
  records_.push_back({.offset = end_ + kLengthBytes,
                      .size = static_cast<std::uint32_t>(sealed.size()),
                      .number = next_number_++});
  end_ = end;
  return {};
}

Result<std::string> SpoolFile::Read(std::size_t index) const {
  return OpenRecord(records_.at(index));
}

Result<std::string> SpoolFile::OpenRecord(const Record& record) const {
  VIGIL_ASSIGN_OR_RETURN(const Bytes sealed, ReadBytes(record.offset, record.size));
  return sealer_->OpenText(sealed, Context(record.number));
}

Result<Bytes> SpoolFile::ReadBytes(std::uint64_t offset, std::size_t size) const {
  Bytes bytes(size);
  std::size_t done = 0;
  while (done < size) {
    const ssize_t count =
        ::pread(descriptor_, bytes.data() + done, size - done, static_cast<off_t>(offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return Refused("read");
    done += static_cast<std::size_t>(count);
  }
  return bytes;
}

Status SpoolFile::KeepDamaged() const {
  std::filesystem::path kept = path_;
  kept += ".damaged";
  std::error_code failure;
  std::filesystem::copy_file(path_, kept, std::filesystem::copy_options::overwrite_existing,
                             failure);
  if (!failure) return {};
  return Fail(ErrorCode::kUnavailable,
              format("cannot keep {} as {}: {}", path_.string(), kept.string(), failure.message()));
}

std::string SpoolFile::Context(std::uint64_t number) const {
  return format("spool:{}:{}", name_, number);
}

std::unexpected<Error> SpoolFile::Refused(std::string_view doing) const {
  const int cause = errno;
  return Fail(cause == EACCES ? ErrorCode::kPermission : ErrorCode::kUnavailable,
              format("cannot {} {}: {}", doing, path_.string(), std::strerror(cause)));
}

}  // namespace vigil::database
