// One decoded picture of a camera, cheap to copy.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "core/image.h"

namespace vigil {

enum class PixelFormat {
  kI420,   // planes Y, U, V; chroma halved both ways (rounded up)
  kNv12,   // planes Y, interleaved UV; chroma halved both ways (rounded up)
  kRgb24,  // one packed plane, R G B (photos)
};

// Which colours the numbers of a YUV frame mean (ITU-R BT.601 or BT.709; limited 16..235 or full
// 0..255).
struct ColorSpace {
  bool bt709 = false;
  bool full_range = false;
  bool operator==(const ColorSpace&) const = default;
};

struct Plane {
  const std::uint8_t* data = nullptr;
  int stride_bytes = 0;
};

// A cheap value: pixels are shared and immutable, `buffer` releases them when the last copy goes (a
// decoder's pool, a shared-memory segment or a plain vector). Unused planes are null.
struct Frame {
  std::string camera_id;
  std::uint64_t sequence = 0;  // rises by one per decoded frame of one stream
  std::chrono::milliseconds pts{
      0};  // monotonic local timeline of the stream, whatever the camera's clock does
  WallTime captured_at{};                    // when the frame was received
  std::chrono::microseconds decode_time{0};  // processor time it took to decode; 0: not measured
  int width = 0;
  int height = 0;
  PixelFormat format = PixelFormat::kI420;
  ColorSpace color;
  std::array<Plane, 3> planes{};
  std::shared_ptr<const void> buffer;
};

// The part of `frame` from (x, y) on, `width` x `height`, sharing its pixels. All are rounded so
// that they lie inside and chroma stays in place: x and y down to even numbers.
Frame CutOut(const Frame& frame, int x, int y, int width, int height);

// A photo as a frame (kRgb24); the frame shares ownership of the pixels.
Frame FrameOfImage(std::shared_ptr<const RgbImage> image);

// The whole frame as RGB: for snapshots and reports, never on the recognition path.
RgbImage ToRgb(const Frame& frame);

// One pixel of a frame as RGB. `x` and `y` must lie inside.
std::array<std::uint8_t, 3> RgbAt(const Frame& frame, int x, int y);

}  // namespace vigil
