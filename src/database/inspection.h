// Looking at a database without touching it: what `vigil doctor` can say while a server works on it
// or none does.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/seal.h"
#include "core/camera.h"
#include "database/channel_repository.h"
#include "database/database.h"

namespace vigil::database {

struct Inspection {
  int schema = 0;                // its version; 0: no table of this program
  int schema_known = 0;          // of this program
  std::string damage;            // SQLite's first complaint; empty: the file is sound, or none
  std::optional<bool> key_fits;  // absent: no sealer was given, or nothing was sealed yet
  // What follows is read only when the schema is this program's, and cameras and channels only when
  // the key fits. An address or settings that cannot be unsealed are empty.
  std::optional<std::int64_t> persons;  // how many are enrolled
  std::vector<Camera> cameras;          // id, name, url and enabled
  std::vector<StoredChannel> channels;  // by name
};

// Reads the database, whose file must exist, with a connection that cannot write. Of an SQLite file
// each page is checked: about a second a gigabyte; PostgreSQL looks after its own. Errors as
// OpenSqlite (kDataLoss when it is no database) and OpenPostgres.
Result<Inspection> InspectDatabase(const DatabaseOptions& options, const Sealer* sealer);

}  // namespace vigil::database
