// Whether bytes from outside are text at all.
#pragma once

#include <string_view>

namespace vigil {

// True for well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates, nothing beyond U+10FFFF).
// Names that are not would break every JSON answer and message in which they appear.
bool IsUtf8(std::string_view text);

}  // namespace vigil
