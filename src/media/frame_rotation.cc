// See the header.
#include "media/frame_rotation.h"

extern "C" {
#include <libavutil/display.h>
}

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "base/check.h"

namespace vigil::media {
namespace {

struct PlaneShape {
  int width = 0;
  int height = 0;
  int sample_bytes = 1;  // 2 where Cb and Cr stand side by side
};

PlaneShape ShapeOf(const Frame& frame, std::size_t plane) {
  if (plane == 0) return {frame.width, frame.height, 1};
  return {(frame.width + 1) / 2, (frame.height + 1) / 2,
          frame.format == PixelFormat::kNv12 ? 2 : 1};
}

void TurnPlane(const Plane& source, PlaneShape shape, int quarter_turns, std::uint8_t* target) {
  const bool swapped = quarter_turns % 2 == 1;
  const int width = swapped ? shape.height : shape.width;
  const int height = swapped ? shape.width : shape.height;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      int from_x = shape.width - 1 - x;
      int from_y = shape.height - 1 - y;
      if (swapped) {
        from_x = quarter_turns == 1 ? y : shape.width - 1 - y;
        from_y = quarter_turns == 1 ? shape.height - 1 - x : x;
      }
      const std::uint8_t* sample = source.data +
                                   static_cast<std::ptrdiff_t>(from_y) * source.stride_bytes +
                                   static_cast<std::ptrdiff_t>(from_x) * shape.sample_bytes;
      target = std::copy_n(sample, shape.sample_bytes, target);
    }
  }
}

}  // namespace

int QuarterTurns(const AVStream& video) {
  std::size_t size = 0;
  const std::uint8_t* matrix = av_stream_get_side_data(&video, AV_PKT_DATA_DISPLAYMATRIX, &size);
  if (matrix == nullptr || size < 9 * sizeof(std::int32_t)) return 0;
  // FFmpeg's angle is counterclockwise, -180 to 180, and NaN for a matrix that is none.
  const double angle = av_display_rotation_get(reinterpret_cast<const std::int32_t*>(matrix));
  if (!std::isfinite(angle)) return 0;
  const double turns = -angle / 90.0;
  const double whole = std::round(turns);
  if (std::abs(turns - whole) > 0.01) return 0;
  return (static_cast<int>(whole) + 4) % 4;
}

Frame Turned(const Frame& frame, int quarter_turns) {
  VIGIL_CHECK(frame.format != PixelFormat::kRgb24 && quarter_turns >= 1 && quarter_turns <= 3);
  Frame turned = frame;
  if (quarter_turns % 2 == 1) std::swap(turned.width, turned.height);
  const std::size_t planes = frame.format == PixelFormat::kNv12 ? 2 : 3;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < planes; ++i) {
    const PlaneShape shape = ShapeOf(frame, i);
    bytes += static_cast<std::size_t>(shape.width) * static_cast<std::size_t>(shape.height) *
             static_cast<std::size_t>(shape.sample_bytes);
  }
  auto pixels = std::make_shared<std::vector<std::uint8_t>>(bytes);
  std::uint8_t* target = pixels->data();
  for (std::size_t i = 0; i < planes; ++i) {
    const PlaneShape shape = ShapeOf(frame, i);
    TurnPlane(frame.planes[i], shape, quarter_turns, target);
    turned.planes[i] = {target, ShapeOf(turned, i).width * shape.sample_bytes};
    target += static_cast<std::ptrdiff_t>(shape.width) * shape.height * shape.sample_bytes;
  }
  turned.buffer = std::move(pixels);
  return turned;
}

}  // namespace vigil::media
