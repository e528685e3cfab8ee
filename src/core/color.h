// The one place that holds the constants of the YUV standards.
#pragma once

#include "core/frame.h"

namespace vigil {

// Kr and Kb: how much of the luma comes from red and from blue; the rest is green. They give all
// other coefficients. ITU-R BT.601 and BT.709.
struct LumaShares {
  double red = 0;
  double blue = 0;
};

constexpr LumaShares LumaSharesOf(ColorSpace color) {
  return color.bt709 ? LumaShares{0.2126, 0.0722} : LumaShares{0.299, 0.114};
}

}  // namespace vigil
