// RFC 3339 by the date library: the compiler of Debian 12 can neither print nor parse chrono times.
#include "base/time_text.h"

#include <date/date.h>

#include <algorithm>
#include <cctype>
#include <sstream>

#include "base/format.h"

namespace vigil {

std::string FormatTime(WallTime time) { return date::format("%FT%TZ", time); }

Result<WallTime> ParseTime(std::string_view text) {
  const auto bad = [&] {
    return Fail(ErrorCode::kInvalidArgument,
                format("'{}' is not a time; write it as 2026-11-22T21:30:00Z", text.substr(0, 64)));
  };
  if (text.size() < 20 || text.size() > 35) return bad();
  std::string form(text);
  std::ranges::transform(form, form.begin(), [](unsigned char c) { return std::toupper(c); });
  if (form[10] != 'T') return bad();
  // Fractions of a millisecond are cut here: finer times would end in the year 2262.
  constexpr std::size_t kFraction = 20;
  constexpr std::size_t kMillisecondDigits = 3;
  if (form[kFraction - 1] == '.') {
    const std::size_t end = std::min(form.find_first_not_of("0123456789", kFraction), form.size());
    if (end > kFraction + kMillisecondDigits) {
      form.erase(kFraction + kMillisecondDigits, end - kFraction - kMillisecondDigits);
    }
  }
  const bool utc = form.ends_with('Z');
  std::istringstream input(form);
  WallTime time;
  input >> date::parse(utc ? "%FT%TZ" : "%FT%T%Ez", time);
  if (input.fail() || input.peek() != std::istringstream::traits_type::eof()) return bad();
  return time;
}

}  // namespace vigil
