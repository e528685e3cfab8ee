// Text formatting: {fmt} stands in for std::format, which the compiler of Debian 12 lacks.
#pragma once

#include <fmt/format.h>

namespace vigil {
using fmt::format;
}
