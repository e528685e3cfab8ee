// UUIDv7 with a counter in the 12 bits after the time (RFC 9562, 6.2, method 1).
#include "base/uuid.h"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <mutex>

#include "base/check.h"
#include "base/format.h"

namespace vigil {
namespace {

struct Sequence {
  std::mutex mutex;
  std::uint64_t last_ms = 0;
  std::uint32_t counter = 0;
};

// The pair (milliseconds, counter) never falls, also when the wall clock is set back.
std::pair<std::uint64_t, std::uint32_t> NextTick(std::uint64_t now_ms) {
  static Sequence sequence;
  constexpr std::uint32_t kCounterMax = 0xFFF;
  const std::lock_guard lock(sequence.mutex);
  if (now_ms > sequence.last_ms) {
    sequence.last_ms = now_ms;
    sequence.counter = 0;
  } else if (++sequence.counter > kCounterMax) {
    ++sequence.last_ms;
    sequence.counter = 0;
  }
  return {sequence.last_ms, sequence.counter};
}

// The last two groups: 62 of these bits behind the variant (RFC 9562, 4.1).
std::string Tail(std::array<unsigned char, 8> bits) {
  bits[0] = static_cast<unsigned char>((bits[0] & 0x3F) | 0x80);
  return format("{:02x}{:02x}-{:02x}{:02x}{:02x}{:02x}{:02x}{:02x}", bits[0], bits[1], bits[2],
                bits[3], bits[4], bits[5], bits[6], bits[7]);
}

}  // namespace

std::string MakeUuid(const Clock& clock) {
  const auto [ms, counter] =
      NextTick(static_cast<std::uint64_t>(clock.WallNow().time_since_epoch().count()));
  std::array<unsigned char, 8> random{};
  randombytes_buf(random.data(), random.size());
  return format("{:08x}-{:04x}-7{:03x}-{}", (ms >> 16) & 0xFFFFFFFF, ms & 0xFFFF, counter,
                Tail(random));
}

std::string DeriveUuid(std::string_view id, std::string_view purpose) {
  constexpr std::size_t kUuidLength = 36;
  constexpr std::size_t kTickLength = 19;  // time, version and counter, with the hyphen after them
  VIGIL_CHECK(id.size() == kUuidLength, "only what MakeUuid made can be derived from");
  const std::string text = format("{}/{}", id, purpose);
  std::array<unsigned char, crypto_generichash_BYTES> digest{};
  crypto_generichash(digest.data(), digest.size(),
                     reinterpret_cast<const unsigned char*>(text.data()), text.size(), nullptr, 0);
  std::array<unsigned char, 8> bits{};
  std::copy_n(digest.begin(), bits.size(), bits.begin());
  return std::string(id.substr(0, kTickLength)) + Tail(bits);
}

}  // namespace vigil
