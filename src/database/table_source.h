// Whole tables in a form that both engines share: what backups, restores and moves to another
// database are made of.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "database/connection.h"
#include "database/database.h"

namespace vigil::database {

struct Table {
  std::string name;
  std::vector<std::string> columns = {};  // by name
  std::vector<std::string> key = {};      // the primary key

  bool operator==(const Table&) const = default;
};

// What a table held: equal on both engines for equal rows.
struct TableDigest {
  std::string name;
  std::int64_t rows = 0;
  std::string digest = {};  // hex SHA-256 over the rows in the order of their key

  bool operator==(const TableDigest&) const = default;
};

using Rows = std::vector<std::vector<Value>>;
// Told after each batch: the table and how many of its rows were copied.
using CopyProgress = std::function<void(const std::string& table, std::int64_t rows)>;

// The tables of one schema with all their rows. Used by one thread.
class TableSource {
 public:
  virtual ~TableSource() = default;
  // Those that others refer to come first. They are what the database has: no list is kept.
  virtual const std::vector<Table>& Tables() const = 0;
  // Gives the rows in the order of their key, kBatchRows at a time; stops at the first error.
  virtual Status ForEachBatch(const Table& table,
                              const std::function<Status(const Rows&)>& take) = 0;

  // Digests depend on it.
  static constexpr std::size_t kBatchRows = 1000;
};

// The digest of rows that come in batches.
class RowDigest {
 public:
  void Add(std::string_view packed_batch);
  const std::string& Hex() const { return hex_; }

 private:
  std::string hex_;
};

// One row after another; each value says its type and length.
std::string PackRows(const Rows& rows);
// kDataLoss when the bytes are not what PackRows gave.
Result<Rows> UnpackRows(std::string_view packed, std::size_t columns);

// A snapshot of a database: what is changed later is not seen, and nobody waits for it. The
// database may be in use. kUnavailable when its schema is not this program's (`migrations`).
Result<std::unique_ptr<TableSource>> OpenSnapshot(const DatabaseOptions& options);

// Writes each table as FOLDER/NAME.rows, and the list of them; who keeps them syncs them.
Result<std::vector<TableDigest>> WriteTables(TableSource& source,
                                             const std::filesystem::path& folder,
                                             const CopyProgress& progress);
// What WriteTables wrote.
Result<std::unique_ptr<TableSource>> OpenTableFiles(const std::filesystem::path& folder);

// The digests of all tables.
Result<std::vector<TableDigest>> DigestTables(TableSource& source, const CopyProgress& progress);

// The newest migration that the tables hold. kUnavailable when this program does not know it: the
// tables are of a newer Vigil.
Result<int> SchemaOf(TableSource& source, std::span<const Migration> migrations);

// kDataLoss when `sealer` cannot open what the tables hold.
Status CheckKeyOf(TableSource& source, const Sealer& sealer);

// kConflict, with the mend, when the database that `options` names holds anything. An SQLite file
// must not exist.
Status CheckEmpty(const DatabaseOptions& options);

// Makes the schema of `source` in the empty database `target` and fills it, in one transaction that
// commits only when what is read back has the digests of what was written: afterwards the database
// holds everything, or is as empty as before. kConflict when it is not empty. Gives the digests. It
// is not upgraded: OpenDatabase does that.
Result<std::vector<TableDigest>> FillDatabase(TableSource& source, const DatabaseOptions& target,
                                              const CopyProgress& progress);

}  // namespace vigil::database
