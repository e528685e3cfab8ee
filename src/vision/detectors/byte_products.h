// What the networks that are computed by hand share: bytes for activations, signed bytes for
// weights, four of either in a word; or two 16-bit numbers.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

// A function compiled for AVX-512 VNNI whatever the rest is compiled for. Only the compiler that
// the program is built with knows all that such functions use.
#if defined(__x86_64__) && !defined(__clang__)
#define VIGIL_HAS_VNNI_KERNEL 1
#define VIGIL_VNNI \
  __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni"), optimize("O3")))
#else
#define VIGIL_HAS_VNNI_KERNEL 0
#endif

namespace vigil::vision {

// What one byte of a layer's input means: low + byte * step.
struct Bytes {
  float low = 0;
  float step = 1;
};

// A pixel of 0..255 as MTCNN's networks take it: (pixel - 127.5) / 128.
inline constexpr Bytes kPixelBytes{-127.5F / 128, 1.0F / 128};

// The bytes that span `low` to `high`.
constexpr Bytes BytesOf(float low, float high) { return {low, (high - low) / 255.0F}; }

// Sixteen sums of a register. Not __m512i, which means eight numbers: the compiler would copy every
// sum before and after each product.
using SumLanes [[gnu::vector_size(64)]] = std::int32_t;

// Puts a weight at `place` (0 to 3) of a word that is zero there.
inline void PutByte(std::uint32_t& word, std::size_t place, std::int8_t value) {
  word |= static_cast<std::uint32_t>(static_cast<std::uint8_t>(value)) << (8 * place);
}

// The sum of four bytes times four weights, as one lane of VPDPBUSD computes it.
inline std::int32_t ProductOfBytes(std::uint32_t bytes, std::uint32_t weights) {
  std::int32_t sum = 0;
  for (int shift = 0; shift < 32; shift += 8) {
    sum += static_cast<std::int32_t>((bytes >> shift) & 0xFF) *
           static_cast<std::int8_t>(static_cast<std::uint8_t>((weights >> shift) & 0xFF));
  }
  return sum;
}

// Puts a 16-bit weight at `place` (0 or 1) of a word that is zero there.
inline void PutHalf(std::uint32_t& word, std::size_t place, std::int16_t value) {
  word |= static_cast<std::uint32_t>(static_cast<std::uint16_t>(value)) << (16 * place);
}

// The sum of two 16-bit numbers times two weights, as one lane of VPDPWSSD computes it.
inline std::int32_t ProductOfHalves(std::uint32_t halves, std::uint32_t weights) {
  const auto half = [](std::uint32_t word, int shift) {
    return static_cast<std::int32_t>(static_cast<std::int16_t>((word >> shift) & 0xFFFF));
  };
  return half(halves, 0) * half(weights, 0) + half(halves, 16) * half(weights, 16);
}

// An activation, counted in steps from the low end, as the next layer's byte.
inline std::uint32_t ByteOf(float steps) {
  return static_cast<std::uint32_t>(std::min(255L, std::lrint(std::max(steps, 0.0F))));
}

}  // namespace vigil::vision
