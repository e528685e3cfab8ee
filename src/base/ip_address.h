// Internet addresses and ranges of them as people write them: whom a list of addresses means.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace vigil {

// One IPv4 or IPv6 address. An IPv4 address inside IPv6 (::ffff:192.0.2.1) equals the plain one.
class IpAddress {
 public:
  // Nothing for what is no address: names, ports, brackets and zones are none.
  static std::optional<IpAddress> Parse(std::string_view text);

  // In its usual form, so that equal addresses give equal texts.
  std::string Text() const;
  bool IsV4() const;
  bool operator==(const IpAddress&) const = default;

 private:
  friend class IpRange;
  std::array<std::uint8_t, 16> bytes_{};  // IPv4 as ::ffff:a.b.c.d
};

// All addresses that begin with the same bits: "10.0.0.0/8", "2001:db8::/32", or one address.
class IpRange {
 public:
  // kInvalidArgument for anything else, and for /0, which means everybody.
  static Result<IpRange> Parse(std::string_view text);

  bool Contains(const IpAddress& address) const;

 private:
  IpAddress first_;
  int bits_ = 128;  // of the sixteen bytes
};

}  // namespace vigil
