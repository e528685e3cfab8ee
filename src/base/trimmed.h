// The text between the blanks around it, as headers, lists and templates leave them.
#pragma once

#include <algorithm>
#include <string_view>

namespace vigil {

// `text` without the `blanks` at either end.
constexpr std::string_view Trimmed(std::string_view text, std::string_view blanks = " \t") {
  text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
  return text.substr(0, text.find_last_not_of(blanks) + 1);
}

}  // namespace vigil
