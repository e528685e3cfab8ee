// The distance of words, for "did you mean".
#include "base/nearest.h"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace vigil {

int EditDistance(std::string_view left, std::string_view right) {
  std::vector<std::vector<int>> cost(left.size() + 1, std::vector<int>(right.size() + 1));
  for (std::size_t i = 0; i <= left.size(); ++i) {
    for (std::size_t j = 0; j <= right.size(); ++j) {
      if (i == 0 || j == 0) {
        cost[i][j] = static_cast<int>(i + j);
        continue;
      }
      const bool same = left[i - 1] == right[j - 1];
      cost[i][j] =
          std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, cost[i - 1][j - 1] + (same ? 0 : 1)});
      if (i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1]) {
        cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
      }
    }
  }
  return cost[left.size()][right.size()];
}

std::string NearestWord(std::string_view word, std::span<const std::string> known) {
  constexpr std::size_t kWordMax = 100;
  if (word.size() > kWordMax) return {};
  std::string nearest;
  int nearest_distance = 0;
  for (const std::string& candidate : known) {
    const int distance = EditDistance(word, candidate);
    if (nearest.empty() || distance < nearest_distance) {
      nearest = candidate;
      nearest_distance = distance;
    }
  }
  const auto longer = static_cast<int>(std::max(word.size(), nearest.size()));
  return nearest_distance * 2 <= longer ? nearest : std::string{};
}

}  // namespace vigil
