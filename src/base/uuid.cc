// UUIDv7 with a counter in the 12 bits after the time (RFC 9562, 6.2, method 1).
#include "base/uuid.h"

#include <sodium.h>

#include <array>
#include <cstdint>
#include <mutex>

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

}  // namespace

std::string MakeUuid(const Clock& clock) {
  const auto [ms, counter] =
      NextTick(static_cast<std::uint64_t>(clock.WallNow().time_since_epoch().count()));
  std::array<unsigned char, 8> random{};
  randombytes_buf(random.data(), random.size());
  random[0] = static_cast<unsigned char>((random[0] & 0x3F) | 0x80);
  return format("{:08x}-{:04x}-7{:03x}-{:02x}{:02x}-{:02x}{:02x}{:02x}{:02x}{:02x}{:02x}",
                (ms >> 16) & 0xFFFFFFFF, ms & 0xFFFF, counter, random[0], random[1], random[2],
                random[3], random[4], random[5], random[6], random[7]);
}

}  // namespace vigil
