// Codes of rows, list by list.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "gallery/pages.h"

namespace vigil::gallery {

// A row of a covered chunk (list_generation.h): the chunk's number times kChunkRows, plus the row.
using RowLabel = std::uint64_t;

// Written by one thread until it is shared, then immutable.
class ListSegment {
 public:
  // Room for `sizes[list]` rows in each list.
  ListSegment(std::span<const std::size_t> sizes, std::size_t code_bytes);

  // `code` has code_bytes bytes. The list must have room.
  void Append(std::size_t list, RowLabel label, const std::uint8_t* code);

  std::size_t Rows() const { return rows_; }
  std::span<const RowLabel> Labels(std::size_t list) const {
    return {labels_.data() + starts_[list], filled_[list]};
  }
  // code_bytes for each of Labels(list).
  const std::uint8_t* Codes(std::size_t list) const {
    return reinterpret_cast<const std::uint8_t*>(codes_.Data()) + starts_[list] * code_bytes_;
  }

 private:
  const std::size_t code_bytes_;
  std::vector<std::size_t> starts_;  // of each list, and the end of the last
  std::vector<std::size_t> filled_;
  std::size_t rows_ = 0;
  std::vector<RowLabel> labels_;
  const Pages codes_;
};

}  // namespace vigil::gallery
