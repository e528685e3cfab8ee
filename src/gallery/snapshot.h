// What a search reads: rows in chunks that are shared between snapshots.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/gallery.h"
#include "gallery/packed_id.h"
#include "gallery/pages.h"
#include "gallery/row_code.h"
#include "gallery/scan_kernels.h"

namespace vigil::gallery {

constexpr std::size_t kChunkRows = 8192;
constexpr std::size_t kChunkGroups = kChunkRows / kGroupRows;

// Room for kChunkRows rows. Rows are only ever appended, by one thread; a reader keeps to the rows
// of its snapshot, so it never reads what is being written. The codes of a group are written when
// the group is full: until then its rows have their numbers alone.
class Chunk {
 public:
  explicit Chunk(std::size_t dimension);

  // `person` is the index's own number for `reference.person_id`. `row` is the number of rows so
  // far.
  void Append(std::size_t row, const RowCode& code, const GalleryReference& reference,
              std::uint32_t person);

  const std::uint8_t* CoarseGroup(std::size_t group) const {
    return coarse_.get() + group * kGroupRows * row_bytes_;
  }
  const std::uint8_t* FineRow(std::size_t row) const { return fine_.get() + row * row_bytes_; }
  const float* Numbers(std::size_t row) const { return numbers_.get() + row * dimension_; }
  const float* Scales() const { return scales_.data(); }
  const float* CoarseErrors() const { return coarse_errors_.data(); }
  const float* FineErrors() const { return fine_errors_.data(); }
  const std::uint32_t* Persons() const { return persons_.data(); }
  std::string ReferenceId(std::size_t row) const { return reference_ids_.Get(row); }
  std::string PersonId(std::size_t row) const { return person_ids_.Get(row); }

 private:
  template <typename T>
  class PageArray {
   public:
    explicit PageArray(std::size_t count) : pages_(count * sizeof(T)) {}
    T* get() const { return reinterpret_cast<T*>(pages_.Data()); }

   private:
    Pages pages_;
  };

  const std::size_t dimension_;
  const std::size_t row_bytes_;  // of a plane
  const PageArray<std::uint8_t> coarse_;
  const PageArray<std::uint8_t> fine_;
  const PageArray<float> numbers_;
  std::vector<float> scales_;
  std::vector<float> coarse_errors_;
  std::vector<float> fine_errors_;
  std::vector<std::uint32_t> persons_;
  IdColumn reference_ids_;
  IdColumn person_ids_;
  std::vector<std::uint8_t> open_group_;  // coarse codes of the group that is not full, row by row
};

// Which rows of a chunk were not removed: bit i of a group's word is its row i.
struct Living {
  std::array<std::uint16_t, kChunkGroups> groups{};
  std::uint32_t count = 0;

  bool Has(std::size_t row) const {
    return (groups[row / kGroupRows] >> row % kGroupRows & 1U) != 0;
  }
};

struct ChunkView {
  std::shared_ptr<const Chunk> chunk;  // null: a place that was emptied
  std::shared_ptr<const Living> living;
  std::size_t row_count = 0;  // removed ones too
  float length_max = 0;       // of its rows
};

// Immutable.
struct Snapshot {
  std::vector<ChunkView> chunks;
  GalleryInfo info;
};

}  // namespace vigil::gallery
