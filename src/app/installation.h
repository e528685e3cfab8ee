// One data directory, opened for this process alone: lock, key, database, pictures.
#pragma once

#include <filesystem>
#include <memory>

#include "base/clock.h"
#include "base/result.h"
#include "base/seal.h"
#include "config/config.h"
#include "core/media_store.h"
#include "database/database.h"

namespace vigil::app {

// Holds an exclusive lock on DIRECTORY/vigil.lock while it lives; the kernel lets go of it when the
// process ends, however.
class DirectoryLock {
 public:
  // Makes the directory (mode 0700) when absent. kConflict when another process holds it (the
  // message names its process id), kPermission when the directory cannot be written.
  static Result<DirectoryLock> Acquire(const std::filesystem::path& directory);
  DirectoryLock(DirectoryLock&& other) noexcept;
  DirectoryLock& operator=(DirectoryLock&&) = delete;
  ~DirectoryLock();

 private:
  explicit DirectoryLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

// The socket on which a running `vigil serve` takes the writes of other commands (mode 0600).
std::filesystem::path LocalSocket(const config::Config& config);
// What waits for a database that is away; see database::IncidentStore.
std::filesystem::path SpoolPath(const config::Config& config);

// Where signed heads of the audit log are written down, beside the database; see AuditHeadWriter.
std::filesystem::path AuditHeadsFile(const config::Config& config);

// Members are declared so that users go before what they use.
struct Installation {
  Installation(DirectoryLock lock_taken, Sealer key) : lock(std::move(lock_taken)), sealer(key) {}

  SystemClock clock;
  DirectoryLock lock;
  Sealer sealer;
  std::unique_ptr<MediaStore> media;
  std::unique_ptr<database::Database> database;
};

// Where the configuration has its database.
database::DatabaseOptions DatabaseOptionsOf(const config::Config& config);

// Opens what `config.data` and `config.database` name. kConflict when another process has it open.
Result<std::unique_ptr<Installation>> OpenInstallation(const config::Config& config);

}  // namespace vigil::app
