// The formats are those of PostgreSQL's send and receive functions (src/backend/utils/adt): big
// endian numbers, bytes as they are.
#include "database/postgres_values.h"

#include <bit>
#include <cmath>
#include <cstring>

#include "base/format.h"

namespace vigil::database {
namespace {

// pg_type.dat numbers the built-in types once and for all.
enum BuiltInType : Oid {
  kBool = 16,
  kBytea = 17,
  kName = 19,
  kInt8 = 20,
  kInt2 = 21,
  kInt4 = 23,
  kText = 25,
  kFloat4 = 700,
  kFloat8 = 701,
  kUnknown = 705,
  kVarchar = 1043,
  kNumeric = 1700,
};

constexpr int kBinary = 1;

std::string BigEndian(std::uint64_t number) {
  std::string bytes(sizeof(number), '\0');
  for (std::size_t i = bytes.size(); i-- > 0; number >>= 8) {
    bytes[i] = static_cast<char>(number & 0xFF);
  }
  return bytes;
}

std::uint64_t FromBigEndian(std::string_view bytes) {
  std::uint64_t number = 0;
  for (const char byte : bytes) number = number << 8 | static_cast<unsigned char>(byte);
  return number;
}

// Digits to the base 10,000: their count, the weight of the first, a sign, the digits to show.
Value FromNumeric(std::string_view bytes) {
  constexpr std::size_t kHead = 8;
  constexpr std::uint64_t kNegative = 0x4000;
  constexpr std::uint64_t kNotFinite = 0xC000;  // NaN and the infinities, by two further bits
  if (bytes.size() < kHead) throw RowError("a number is cut");
  const auto word = [&](std::size_t index) { return FromBigEndian(bytes.substr(2 * index, 2)); };
  const auto weight = static_cast<std::int16_t>(word(1));
  const bool whole = word(3) == 0;
  if ((word(2) & kNotFinite) == kNotFinite) throw RowError("a number is not finite");
  if (bytes.size() < kHead + 2 * word(0)) throw RowError("a number is cut");
  double real = 0;
  std::uint64_t integer = 0;  // wraps where `real` tells that it is too large
  for (std::size_t i = 0; i < word(0); ++i) {
    const std::uint64_t digit = word(4 + i);
    const int power = weight - static_cast<int>(i);
    real += static_cast<double>(digit) * std::pow(10'000.0, power);
    integer = integer * 10'000 + digit;
  }
  for (int i = static_cast<int>(word(0)); i <= weight; ++i) integer *= 10'000;
  const bool negative = word(2) == kNegative;
  if (whole && real < 9e18) {
    const auto number = static_cast<std::int64_t>(integer);
    return Value(negative ? -number : number);
  }
  return Value(negative ? -real : real);
}

Value IntegerOf(std::string_view bytes) {
  // Shifts up and down again carry the sign of shorter numbers.
  const int unused = static_cast<int>(8 * (sizeof(std::uint64_t) - bytes.size()));
  return Value(std::bit_cast<std::int64_t>(FromBigEndian(bytes) << unused) >> unused);
}

}  // namespace

PostgresParameters::PostgresParameters(std::span<const Value> values) {
  numbers_.reserve(values.size());
  const auto add = [this](Oid type, const char* data, std::size_t size) {
    types_.push_back(type);
    values_.push_back(data);
    lengths_.push_back(static_cast<int>(size));
    formats_.push_back(kBinary);
  };
  const auto add_number = [&](Oid type, std::uint64_t number) {
    const std::string& bytes = numbers_.emplace_back(BigEndian(number));
    add(type, bytes.data(), bytes.size());
  };
  for (const Value& value : values) {
    if (const auto* integer = std::get_if<std::int64_t>(&value.Get())) {
      add_number(kInt8, std::bit_cast<std::uint64_t>(*integer));
    } else if (const auto* real = std::get_if<double>(&value.Get())) {
      add_number(kFloat8, std::bit_cast<std::uint64_t>(*real));
    } else if (const auto* text = std::get_if<std::string>(&value.Get())) {
      add(kText, text->data(), text->size());
    } else if (const auto* bytes = std::get_if<Bytes>(&value.Get())) {
      // A null pointer would mean NULL instead of no bytes.
      add(kBytea, bytes->empty() ? "" : reinterpret_cast<const char*>(bytes->data()),
          bytes->size());
    } else {
      add(0, nullptr, 0);
    }
  }
}

std::string PostgresParameters::TypeKey() const {
  std::string key;
  for (const Oid type : types_) key += format("|{}", type);
  return key;
}

std::string PostgresCopyBegin() {
  // The signature, then four bytes of flags and four with the length of what would follow.
  std::string bytes("PGCOPY\n\377\r\n\0", 11);
  bytes.append(8, '\0');
  return bytes;
}

void AppendPostgresCopyRow(std::span<const Value> values, std::string& bytes) {
  const PostgresParameters row(values);
  bytes += BigEndian(values.size()).substr(6);
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (row.Values()[i] == nullptr) {
      bytes.append(4, '\377');
      continue;
    }
    const auto size = static_cast<std::size_t>(row.Lengths()[i]);
    bytes += BigEndian(size).substr(4);
    bytes.append(row.Values()[i], size);
  }
}

std::string PostgresCopyEnd() { return std::string(2, '\377'); }

Value PostgresValue(const PGresult* result, int row, int column) {
  if (PQgetisnull(result, row, column) != 0) return {};
  const std::string_view bytes(PQgetvalue(result, row, column),
                               static_cast<std::size_t>(PQgetlength(result, row, column)));
  switch (PQftype(result, column)) {
    case kBool:
      return Value(bytes != std::string_view("\0", 1));
    case kInt2:
    case kInt4:
    case kInt8:
      return IntegerOf(bytes);
    case kFloat4:
      return Value(std::bit_cast<float>(static_cast<std::uint32_t>(FromBigEndian(bytes))));
    case kFloat8:
      return Value(std::bit_cast<double>(FromBigEndian(bytes)));
    case kNumeric:
      return FromNumeric(bytes);
    case kText:
    case kVarchar:
    case kName:
    case kUnknown:
      return Value(bytes);
    case kBytea: {
      const auto* data = reinterpret_cast<const std::byte*>(bytes.data());
      return Value(Bytes(data, data + bytes.size()));
    }
    default:
      throw RowError(format("column {} has a type that is not read here ({})",
                            PQfname(result, column), PQftype(result, column)));
  }
}

}  // namespace vigil::database
