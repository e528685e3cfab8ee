// ECMA-48 colours.
#include "app/terminal.h"

#include <unistd.h>

#include <cstdlib>

#include "base/format.h"

namespace vigil::app {

bool WantsColour(int descriptor) {
  const char* refused = std::getenv("NO_COLOR");
  if (refused != nullptr && *refused != '\0') return false;
  const char* terminal = std::getenv("TERM");
  const bool dumb = terminal == nullptr || std::string_view(terminal) == "dumb";
  return !dumb && ::isatty(descriptor) == 1;
}

std::string Coloured(std::string_view text, TextColour colour, bool coloured) {
  if (!coloured) return std::string(text);
  const char* code = colour == TextColour::kRed      ? "31"
                     : colour == TextColour::kYellow ? "33"
                                                     : "32";
  return format("\033[{}m{}\033[0m", code, text);
}

}  // namespace vigil::app
