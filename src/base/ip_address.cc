// The C library reads and writes the addresses.
#include "base/ip_address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <span>

#include "base/format.h"

namespace vigil {
namespace {

constexpr std::array<std::uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

}  // namespace

std::optional<IpAddress> IpAddress::Parse(std::string_view text) {
  if (text.empty() || text.size() >= INET6_ADDRSTRLEN) return std::nullopt;
  const std::string terminated(text);
  IpAddress address;
  if (::inet_pton(AF_INET, terminated.c_str(), address.bytes_.data() + kMapped.size()) == 1) {
    std::ranges::copy(kMapped, address.bytes_.begin());
    return address;
  }
  if (::inet_pton(AF_INET6, terminated.c_str(), address.bytes_.data()) == 1) return address;
  return std::nullopt;
}

std::string IpAddress::Text() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const bool v4 = IsV4();
  const std::uint8_t* const bytes = bytes_.data() + (v4 ? kMapped.size() : 0);
  ::inet_ntop(v4 ? AF_INET : AF_INET6, bytes, text.data(), text.size());
  return text.data();
}

bool IpAddress::IsV4() const { return std::ranges::equal(kMapped, std::span(bytes_).first<12>()); }

Result<IpRange> IpRange::Parse(std::string_view text) {
  const auto wrong = Fail(ErrorCode::kInvalidArgument,
                          format("{} is no address and no range of addresses; write 192.0.2.1, "
                                 "10.0.0.0/8 or 2001:db8::/32",
                                 text));
  const std::size_t slash = std::min(text.find('/'), text.size());
  const std::optional<IpAddress> first = IpAddress::Parse(text.substr(0, slash));
  if (!first) return wrong;
  IpRange range;
  range.first_ = *first;
  if (slash == text.size()) return range;
  const int bits_max = first->IsV4() ? 32 : 128;
  int bits = 0;
  const auto [end, failure] =
      std::from_chars(text.data() + slash + 1, text.data() + text.size(), bits);
  const bool whole = failure == std::errc{} && end == text.data() + text.size();
  if (!whole || bits < 1 || bits > bits_max) return wrong;
  range.bits_ = 128 - bits_max + bits;
  return range;
}

bool IpRange::Contains(const IpAddress& address) const {
  const auto whole = static_cast<std::size_t>(bits_ / 8);
  if (std::memcmp(address.bytes_.data(), first_.bytes_.data(), whole) != 0) return false;
  const int rest = bits_ % 8;
  return rest == 0 || ((address.bytes_[whole] ^ first_.bytes_[whole]) >> (8 - rest)) == 0;
}

}  // namespace vigil
