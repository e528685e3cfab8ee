// All lists in one piece of memory, each with its own stretch.
#include "gallery/list_segment.h"

#include <algorithm>
#include <numeric>

#include "base/check.h"

namespace vigil::gallery {
namespace {

std::vector<std::size_t> StartsOf(std::span<const std::size_t> sizes) {
  std::vector<std::size_t> starts(sizes.size() + 1);
  std::partial_sum(sizes.begin(), sizes.end(), starts.begin() + 1);
  return starts;
}

}  // namespace

ListSegment::ListSegment(std::span<const std::size_t> sizes, std::size_t code_bytes)
    : code_bytes_(code_bytes),
      starts_(StartsOf(sizes)),
      filled_(sizes.size()),
      labels_(starts_.back()),
      codes_(std::max<std::size_t>(starts_.back() * code_bytes, 1)) {}

void ListSegment::Append(std::size_t list, RowLabel label, const std::uint8_t* code) {
  const std::size_t place = starts_[list] + filled_[list];
  VIGIL_CHECK(place < starts_[list + 1], "a list holds what it was made for");
  labels_[place] = label;
  std::copy_n(code, code_bytes_,
              reinterpret_cast<std::uint8_t*>(codes_.Data()) + place * code_bytes_);
  ++filled_[list];
  ++rows_;
}

}  // namespace vigil::gallery
