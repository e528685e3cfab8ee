// Writing of rows and of full groups.
#include "gallery/snapshot.h"

#include <algorithm>
#include <cstring>

namespace vigil::gallery {

Chunk::Chunk(std::size_t dimension)
    : dimension_(dimension),
      row_bytes_(PaddedDimension(dimension) / 2),
      coarse_(kChunkRows * row_bytes_),
      fine_(kChunkRows * row_bytes_),
      numbers_(kChunkRows * dimension),
      scales_(kChunkRows),
      coarse_errors_(kChunkRows),
      fine_errors_(kChunkRows),
      persons_(kChunkRows),
      reference_ids_(kChunkRows),
      person_ids_(kChunkRows),
      open_group_(kGroupRows * row_bytes_) {}

void Chunk::Append(std::size_t row, const RowCode& code, const GalleryReference& reference,
                   std::uint32_t person) {
  std::ranges::copy(reference.embedding, numbers_.get() + row * dimension_);
  std::ranges::copy(code.fine, fine_.get() + row * row_bytes_);
  scales_[row] = code.scale;
  coarse_errors_[row] = code.coarse_error;
  fine_errors_[row] = code.fine_error;
  persons_[row] = person;
  reference_ids_.Set(row, reference.reference_id);
  person_ids_.Set(row, reference.person_id);
  const std::size_t place = row % kGroupRows;
  std::ranges::copy(code.coarse, open_group_.data() + place * row_bytes_);
  if (place != kGroupRows - 1) return;
  std::uint8_t* to = coarse_.get() + row / kGroupRows * kGroupRows * row_bytes_;
  for (std::size_t byte = 0; byte < row_bytes_; byte += 4) {
    for (std::size_t i = 0; i < kGroupRows; ++i, to += 4) {
      std::memcpy(to, open_group_.data() + i * row_bytes_ + byte, 4);
    }
  }
}

}  // namespace vigil::gallery
