// Finds what somebody probably meant to write.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace vigil {

// Least number of inserted, deleted, replaced and swapped neighbouring characters between two words
// (optimal string alignment).
int EditDistance(std::string_view left, std::string_view right);

// The known word nearest to `word`, or empty when none is at least half alike.
std::string NearestWord(std::string_view word, std::span<const std::string> known);

}  // namespace vigil
