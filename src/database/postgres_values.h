// How values travel to and from PostgreSQL: its binary formats.
#pragma once

#include <libpq-fe.h>

#include <span>
#include <string>
#include <vector>

#include "database/connection.h"

namespace vigil::database {

// Parameters as libpq takes them, all in binary. Null has no type of its own: the statement tells.
class PostgresParameters {
 public:
  explicit PostgresParameters(std::span<const Value> values);

  int Count() const { return static_cast<int>(types_.size()); }
  const Oid* Types() const { return types_.data(); }
  const char* const* Values() const { return values_.data(); }
  const int* Lengths() const { return lengths_.data(); }
  const int* Formats() const { return formats_.data(); }
  // Statements are prepared for the types of their parameters.
  std::string TypeKey() const;

 private:
  std::vector<std::string> numbers_;  // in network byte order
  std::vector<Oid> types_;
  std::vector<const char*> values_;
  std::vector<int> lengths_;
  std::vector<int> formats_;
};

// COPY in binary: the beginning, a row, the end; see COPY in PostgreSQL's manual, "Binary Format".
std::string PostgresCopyBegin();
void AppendPostgresCopyRow(std::span<const Value> values, std::string& bytes);
std::string PostgresCopyEnd();

// The value in row `row`, column `column` of a binary result. Whole numbers, also those that
// PostgreSQL sums up as NUMERIC, become integers, truth 0 or 1. Throws RowError for a type that no
// table here has.
Value PostgresValue(const PGresult* result, int row, int column);

}  // namespace vigil::database
