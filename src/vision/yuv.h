// The arithmetic from YUV to RGB.
#pragma once

#include "core/color.h"
#include "core/frame.h"

namespace vigil::vision {

// ITU-R BT.601 and BT.709: luma = (Y - luma_offset) * luma_scale, then each colour is luma plus its
// shares of U - 128 and V - 128, all on the scale 0..255.
struct YuvCoefficients {
  float luma_offset = 0;
  float luma_scale = 1;
  float red_v = 0;
  float green_u = 0;
  float green_v = 0;
  float blue_u = 0;
};

inline YuvCoefficients CoefficientsOf(ColorSpace color) {
  const auto kr = static_cast<float>(LumaSharesOf(color).red);
  const auto kb = static_cast<float>(LumaSharesOf(color).blue);
  const float kg = 1 - kr - kb;
  const float chroma_scale = color.full_range ? 1.0F : 255.0F / 224.0F;
  return {.luma_offset = color.full_range ? 0.0F : 16.0F,
          .luma_scale = color.full_range ? 1.0F : 255.0F / 219.0F,
          .red_v = 2 * (1 - kr) * chroma_scale,
          .green_u = -2 * (1 - kb) * kb / kg * chroma_scale,
          .green_v = -2 * (1 - kr) * kr / kg * chroma_scale,
          .blue_u = 2 * (1 - kb) * chroma_scale};
}

}  // namespace vigil::vision
