// The address ranges that no alert may be sent to unless somebody says so.
#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

#include "alerts/curl_call.h"

namespace vigil::alerts {
namespace {

using Address6 = std::array<std::uint8_t, 16>;

struct Range4 {
  std::uint32_t network;
  int bits;
};

constexpr Range4 kNotPublic4[] = {
    {0x00000000, 8},   // this network
    {0x0A000000, 8},   // private
    {0x64400000, 10},  // carrier-grade NAT
    {0x7F000000, 8},   // loopback
    {0xA9FE0000, 16},  // link-local
    {0xAC100000, 12},  // private
    {0xC0000000, 24},  // protocol assignments
    {0xC0000200, 24},  // documentation
    {0xC0586300, 24},  // 6to4 relays
    {0xC0A80000, 16},  // private
    {0xC6120000, 15},  // benchmarks
    {0xC6336400, 24},  // documentation
    {0xCB007100, 24},  // documentation
    {0xE0000000, 4},   // multicast
    {0xF0000000, 4},   // reserved and broadcast
};

bool Within(std::uint32_t address, const Range4& range) {
  return ((address ^ range.network) >> (32 - range.bits)) == 0;
}

bool StartsWith(const Address6& address, std::span<const std::uint8_t> prefix) {
  return std::equal(prefix.begin(), prefix.end(), address.begin());
}

std::uint32_t Embedded4(const Address6& address, std::size_t at) {
  std::uint32_t inside;
  std::memcpy(&inside, address.data() + at, sizeof inside);
  return ntohl(inside);
}

bool IsPublic4(std::uint32_t address) {
  return std::none_of(std::begin(kNotPublic4), std::end(kNotPublic4),
                      [&](const Range4& range) { return Within(address, range); });
}

constexpr std::uint8_t kMapped[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
constexpr std::uint8_t kNat64[] = {0, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0};
constexpr std::uint8_t k6to4[] = {0x20, 0x02};

// The IPv4 address that packets to `address` finally reach, where there is one.
std::optional<std::uint32_t> Inside(const Address6& address) {
  if (StartsWith(address, kMapped) || StartsWith(address, kNat64)) return Embedded4(address, 12);
  if (StartsWith(address, k6to4)) return Embedded4(address, 2);
  return std::nullopt;
}

bool IsPublic6(const Address6& address) {
  if (const auto inside = Inside(address)) return IsPublic4(*inside);
  // Only 2000::/3 is handed out as global unicast; within it some blocks serve other ends.
  constexpr std::uint8_t kSpecial[] = {0x20, 0x01, 0x00};  // 2001::/23 with Teredo and ORCHID
  constexpr std::uint8_t kDocumentation[] = {0x20, 0x01, 0x0D, 0xB8};
  const bool global = (address[0] & 0xE0) == 0x20;
  const bool special = StartsWith(address, kSpecial) ||
                       (address[0] == 0x20 && address[1] == 0x01 && address[2] == 0x01);
  return global && !special && !StartsWith(address, kDocumentation);
}

std::optional<std::uint32_t> As4(const sockaddr& address) {
  if (address.sa_family != AF_INET) return std::nullopt;
  sockaddr_in inet;
  std::memcpy(&inet, &address, sizeof inet);
  return ntohl(inet.sin_addr.s_addr);
}

std::optional<Address6> As6(const sockaddr& address) {
  if (address.sa_family != AF_INET6) return std::nullopt;
  sockaddr_in6 inet;
  std::memcpy(&inet, &address, sizeof inet);
  Address6 bytes;
  std::memcpy(bytes.data(), &inet.sin6_addr, bytes.size());
  return bytes;
}

constexpr Range4 kMetadata4[] = {
    {0xA9FE0000, 16},  // link-local, where most clouds keep theirs
    {0x646464C8, 32},  // Alibaba
    {0xA83F8110, 32},  // Azure
    {0xC00000C0, 32},  // Oracle
};

bool IsMetadata4(std::uint32_t address) {
  return std::any_of(std::begin(kMetadata4), std::end(kMetadata4),
                     [&](const Range4& range) { return Within(address, range); });
}

bool IsMetadata6(const Address6& address) {
  if (const auto inside = Inside(address)) return IsMetadata4(*inside);
  constexpr Address6 kAmazon = {0xFD, 0, 0x0E, 0xC2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x54};
  constexpr Address6 kGoogle = {0xFD, 0x20, 0, 0xCE, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x54};
  const bool link_local = address[0] == 0xFE && (address[1] & 0xC0) == 0x80;
  return link_local || address == kAmazon || address == kGoogle;
}

}  // namespace

bool IsPublicAddress(const sockaddr& address) {
  if (const auto inet = As4(address)) return IsPublic4(*inet);
  const auto inet6 = As6(address);
  return inet6.has_value() && IsPublic6(*inet6);
}

bool IsMetadataAddress(const sockaddr& address) {
  if (const auto inet = As4(address)) return IsMetadata4(*inet);
  const auto inet6 = As6(address);
  return inet6.has_value() && IsMetadata6(*inet6);
}

bool IsLoopbackAddress(const sockaddr& address) {
  constexpr Range4 kLoopback{0x7F000000, 8};
  if (const auto inet = As4(address)) return Within(*inet, kLoopback);
  const auto inet6 = As6(address);
  if (!inet6.has_value()) return false;
  if (StartsWith(*inet6, kMapped)) return Within(Embedded4(*inet6, 12), kLoopback);
  Address6 loopback{};
  loopback.back() = 1;
  return *inet6 == loopback;
}

}  // namespace vigil::alerts
