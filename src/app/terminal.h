// Colour for people, and only for them.
#pragma once

#include <string>
#include <string_view>

namespace vigil::app {

enum class TextColour { kRed, kYellow, kGreen };

// Whether text written to `descriptor` may be coloured: it is a terminal that knows colours, and
// NO_COLOR is absent or empty (no-color.org).
bool WantsColour(int descriptor);

// `text` in `colour`, or as it is when not `coloured`.
std::string Coloured(std::string_view text, TextColour colour, bool coloured);

}  // namespace vigil::app
