// Opening a data directory.
#include "app/installation.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/format.h"
#include "database/sqlite_connection.h"
#include "media_store/directory_media_store.h"

namespace vigil::app {
namespace {

std::unexpected<Error> CannotWrite(const std::filesystem::path& directory, int cause) {
  return Fail(ErrorCode::kPermission,
              format("the data directory {} cannot be written: {}; choose another with --data or "
                     "[data] directory",
                     directory.string(), std::strerror(cause)));
}

Result<Sealer> OpenSealer(const config::Config& config) {
  if (!config.data.seal_key.Empty()) return Sealer::FromHex(config.data.seal_key.Reveal());
  return Sealer::FromKeyFile(config.data.directory / "vigil.key");
}

}  // namespace

Result<DirectoryLock> DirectoryLock::Acquire(const std::filesystem::path& directory) {
  std::error_code failure;
  const bool made = std::filesystem::create_directories(directory, failure);
  if (failure) return CannotWrite(directory, failure.value());
  if (made) std::filesystem::permissions(directory, std::filesystem::perms::owner_all, failure);
  const auto file = directory / "vigil.lock";
  const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (descriptor < 0) return CannotWrite(directory, errno);
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    std::array<char, 16> holder{};
    const auto length = ::read(descriptor, holder.data(), holder.size() - 1);
    ::close(descriptor);
    return Fail(ErrorCode::kConflict,
                format("another vigil (process {}) works on the data directory {}; stop it, or "
                       "choose another directory with --data",
                       length > 0 ? holder.data() : "unknown", directory.string()));
  }
  const std::string id = std::to_string(::getpid());
  if (::ftruncate(descriptor, 0) != 0 || ::pwrite(descriptor, id.data(), id.size(), 0) < 0) {
    const int cause = errno;
    ::close(descriptor);
    return CannotWrite(directory, cause);
  }
  return DirectoryLock(descriptor);
}

DirectoryLock::DirectoryLock(DirectoryLock&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}

DirectoryLock::~DirectoryLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::filesystem::path SpoolPath(const config::Config& config) {
  return config.data.directory / "spool";
}

std::filesystem::path LocalSocket(const config::Config& config) {
  return config.data.directory / "vigil.sock";
}

std::filesystem::path AuditHeadsFile(const config::Config& config) {
  return config.data.directory / "audit-heads.jsonl";
}

database::DatabaseOptions DatabaseOptionsOf(const config::Config& config) {
  database::DatabaseOptions options{.path = config.DatabaseFile()};
  if (config.UsesPostgres()) options.postgres_url = Secret(config.database.url);
  return options;
}

Result<std::unique_ptr<Installation>> OpenInstallation(const config::Config& config) {
  VIGIL_ASSIGN_OR_RETURN(auto lock, DirectoryLock::Acquire(config.data.directory));
  VIGIL_ASSIGN_OR_RETURN(const auto sealer, OpenSealer(config));
  auto installation = std::make_unique<Installation>(std::move(lock), sealer);
  VIGIL_ASSIGN_OR_RETURN(installation->media, media_store::MakeDirectoryMediaStore(
                                                  config.data.directory / "media",
                                                  installation->sealer, installation->clock));
  VIGIL_ASSIGN_OR_RETURN(
      installation->database,
      database::OpenDatabase(DatabaseOptionsOf(config), installation->sealer, installation->clock));
  return installation;
}

}  // namespace vigil::app
