// The seam to a database engine: repositories are written once against it, in SQL that SQLite and
// PostgreSQL share.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/seal.h"

namespace vigil::database {

// One SQL value: null, integer, real, text or bytes. Built implicitly from what repositories hold:
// times become integer milliseconds UTC, flags 0 or 1, an empty optional null.
class Value {
 public:
  using Variant = std::variant<std::monostate, std::int64_t, double, std::string, Bytes>;

  Value() = default;
  Value(std::integral auto number) : value_(static_cast<std::int64_t>(number)) {}
  Value(std::floating_point auto number) : value_(static_cast<double>(number)) {}
  Value(const char* text) : value_(std::string(text)) {}
  Value(std::string_view text) : value_(std::string(text)) {}
  Value(std::string text) : value_(std::move(text)) {}
  Value(Bytes bytes) : value_(std::move(bytes)) {}
  Value(WallTime time) : value_(std::int64_t{time.time_since_epoch().count()}) {}
  template <class T>
  Value(const std::optional<T>& value) {
    if (value.has_value()) *this = Value(*value);
  }

  const Variant& Get() const { return value_; }

 private:
  Variant value_;
};

// Thrown by Row and by the readers of rows when stored values are not what the schema promises;
// Database turns it into kDataLoss, so that it never leaves this room.
class RowError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// One row of an answer, read by column name. An unknown column or a value of another type throws
// RowError. Null reads as 0, empty text or empty bytes, unless an Optional reader is used.
class Row {
 public:
  using Columns = std::shared_ptr<const std::vector<std::string>>;
  Row(Columns columns, std::vector<Value> values)
      : columns_(std::move(columns)), values_(std::move(values)) {}

  bool IsNull(std::string_view column) const;
  std::int64_t Integer(std::string_view column) const;
  int Int(std::string_view column) const;
  bool Flag(std::string_view column) const { return Integer(column) != 0; }
  double Real(std::string_view column) const;
  float Float(std::string_view column) const { return static_cast<float>(Real(column)); }
  const std::string& Text(std::string_view column) const;
  const Bytes& Blob(std::string_view column) const;
  WallTime Time(std::string_view column) const;
  std::optional<WallTime> OptionalTime(std::string_view column) const;
  std::optional<int> OptionalInt(std::string_view column) const;
  // In the order in which they were asked for.
  const std::vector<Value>& Values() const { return values_; }

 private:
  const Value::Variant& At(std::string_view column) const;
  Columns columns_;
  std::vector<Value> values_;
};

struct Answer {
  std::vector<Row> rows;
  std::int64_t changed = 0;  // rows inserted, updated or deleted
};

// What a transaction is for: a read sees one snapshot and never waits for a writer; a write takes
// the write lock at once; an upgrade is a write whose statements may take as long as they need, and
// which waits for other writers as long as they do.
enum class TransactionKind { kRead, kWrite, kUpgrade };

// One connection to an engine. Used by one thread at a time. Blocks on the disk or network, at most
// the engine's own timeout. Parameters are written $1, $2 ... and may repeat. Errors: kConflict
// (uniqueness, references), kUnavailable (busy, disk full), kPermission (read-only), kDataLoss
// (damaged file), kInvalidArgument (value refused by a check), kInternal (wrong SQL).
class Connection {
 public:
  virtual ~Connection() = default;
  virtual Result<Answer> Execute(std::string_view sql, const std::vector<Value>& parameters) = 0;
  // Whether there is a table of that name.
  virtual Result<bool> HasTable(const std::string& name) = 0;
  // Several statements without parameters or rows: migrations.
  virtual Status ExecuteScript(const std::string& sql) = 0;
  // Many new rows of one table, each with a value for each of `columns`: PostgreSQL takes them by
  // COPY, which is several times as fast as statements. Names are the program's own.
  virtual Status Load(const std::string& table, const std::vector<std::string>& columns,
                      const std::vector<std::vector<Value>>& rows) = 0;
  virtual Status Begin(TransactionKind kind) = 0;
  virtual Status Commit() = 0;
  // Ends the transaction without effect; harmless when there is none.
  virtual void Rollback() = 0;
};

}  // namespace vigil::database
