// Reading rows by column name.
#include "database/connection.h"

#include <algorithm>
#include <limits>

#include "base/format.h"

namespace vigil::database {
namespace {

template <class T>
const T& Expect(const Value::Variant& value, std::string_view column) {
  static const T empty{};
  if (std::holds_alternative<std::monostate>(value)) return empty;
  if (const T* held = std::get_if<T>(&value)) return *held;
  throw RowError(format("column {} holds a value of another type", column));
}

}  // namespace

const Value::Variant& Row::At(std::string_view column) const {
  const auto found = std::ranges::find(*columns_, column);
  if (found == columns_->end()) throw RowError(format("no column {} in the answer", column));
  return values_[static_cast<std::size_t>(found - columns_->begin())].Get();
}

bool Row::IsNull(std::string_view column) const {
  return std::holds_alternative<std::monostate>(At(column));
}

std::int64_t Row::Integer(std::string_view column) const {
  return Expect<std::int64_t>(At(column), column);
}

int Row::Int(std::string_view column) const {
  const std::int64_t number = Integer(column);
  if (number < std::numeric_limits<int>::min() || number > std::numeric_limits<int>::max()) {
    throw RowError(format("column {} holds {}, which is out of range", column, number));
  }
  return static_cast<int>(number);
}

double Row::Real(std::string_view column) const { return Expect<double>(At(column), column); }

const std::string& Row::Text(std::string_view column) const {
  return Expect<std::string>(At(column), column);
}

const Bytes& Row::Blob(std::string_view column) const { return Expect<Bytes>(At(column), column); }

WallTime Row::Time(std::string_view column) const {
  return WallTime{std::chrono::milliseconds{Integer(column)}};
}

std::optional<WallTime> Row::OptionalTime(std::string_view column) const {
  if (IsNull(column)) return std::nullopt;
  return Time(column);
}

std::optional<int> Row::OptionalInt(std::string_view column) const {
  if (IsNull(column)) return std::nullopt;
  return Int(column);
}

}  // namespace vigil::database
