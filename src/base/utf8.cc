// The table of RFC 3629, section 4.
#include "base/utf8.h"

#include <cstddef>

namespace vigil {
namespace {

bool IsBetween(char byte, unsigned char least, unsigned char greatest) {
  const auto value = static_cast<unsigned char>(byte);
  return value >= least && value <= greatest;
}

// Bytes of the character that `text` begins with; 0: it begins with none.
std::size_t CharacterLength(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return 1;
  const std::size_t length = lead < 0xC2   ? 0
                             : lead < 0xE0 ? 2
                             : lead < 0xF0 ? 3
                             : lead < 0xF5 ? 4
                                           : 0;
  if (length == 0 || text.size() < length) return 0;
  // The second byte alone tells overlong forms, surrogates and what lies beyond the last character.
  const unsigned char least = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const unsigned char greatest = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (!IsBetween(text[1], least, greatest)) return 0;
  for (std::size_t i = 2; i < length; ++i) {
    if (!IsBetween(text[i], 0x80, 0xBF)) return 0;
  }
  return length;
}

}  // namespace

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = CharacterLength(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

}  // namespace vigil
