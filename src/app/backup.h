// A whole installation as a folder of plain files that are checked by their digests, and back; and
// its tables in another database.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/result.h"
#include "config/config.h"

namespace vigil::app {

struct BackupSummary {
  std::int64_t tables = 0;
  std::int64_t rows = 0;
  std::int64_t pictures = 0;
  bool has_key = false;
};

// Writes one moment of the installation to the new folder `to`, while a server may work on it: all
// tables, every picture that they name, and, with `with_key`, the sealing key. The folder has its
// name only once everything in it was synced and the tables were read back. kConflict when it
// exists, kNotFound when there is no database.
Result<BackupSummary> WriteBackup(const config::Config& config, const std::filesystem::path& to,
                                  bool with_key);

// Reads every file of the backup `from`, and only when all are as they were written and the key
// fits puts them into the empty place that `config` names. kConflict when the place is not empty or
// a server works on it; kDataLoss names what is damaged; kUnavailable when the backup is of a newer
// version. Interrupted, it leaves an installation that is not there; the next call begins anew.
Result<BackupSummary> RestoreBackup(const config::Config& config,
                                    const std::filesystem::path& from);

struct MoveSummary {
  std::int64_t tables = 0;
  std::int64_t rows = 0;
  bool was_there = false;  // an earlier call had done it all
};

// Copies all tables of `config`'s database into the empty database `to` (postgresql://..., or
// sqlite:FILE below the data directory), in one transaction whose digests were compared. No server
// may run. What it came from stays as it is.
Result<MoveSummary> MoveDatabase(const config::Config& config, const std::string& to);

}  // namespace vigil::app
