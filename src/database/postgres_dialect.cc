// Word by word; what is quoted or commented is copied.
#include "database/postgres_dialect.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

namespace vigil::database {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kWords{{
    {"INTEGER", "BIGINT"},
    {"REAL", "DOUBLE PRECISION"},
    {"BLOB", "BYTEA"},
    {"TEXT", "TEXT COLLATE \"C\""},
    {"STRICT", ""},
}};

bool IsWordCharacter(char character) {
  return std::isalnum(static_cast<unsigned char>(character)) != 0 || character == '_';
}

// The length of what must not be touched at the start of `sql`: a comment, a quoted name or text.
std::size_t UntouchedLength(std::string_view sql) {
  if (sql.starts_with("--")) return std::min(sql.find('\n'), sql.size());
  const char quote = sql.front();
  if (quote != '\'' && quote != '"') return 0;
  const std::size_t end = sql.find(quote, 1);
  return end == std::string_view::npos ? sql.size() : end + 1;
}

}  // namespace

std::string ToPostgres(std::string_view sql) {
  std::string said;
  said.reserve(sql.size() + sql.size() / 4);
  while (!sql.empty()) {
    std::size_t length = UntouchedLength(sql);
    if (length == 0 && IsWordCharacter(sql.front())) {
      length =
          static_cast<std::size_t>(std::ranges::find_if_not(sql, IsWordCharacter) - sql.begin());
      const auto* word = std::ranges::find(kWords, sql.substr(0, length),
                                           &std::pair<std::string_view, std::string_view>::first);
      if (word != kWords.end()) {
        said += word->second;
        sql.remove_prefix(length);
        continue;
      }
    }
    length = std::max<std::size_t>(length, 1);
    said += sql.substr(0, length);
    sql.remove_prefix(length);
  }
  return said;
}

}  // namespace vigil::database
