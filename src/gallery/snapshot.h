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
#include "gallery/person_pool.h"
#include "gallery/row_code.h"
#include "gallery/scan_kernels.h"

namespace vigil::gallery {

constexpr std::size_t kChunkRows = 8192;
constexpr std::size_t kChunkGroups = kChunkRows / kGroupRows;

// The numbers of a chunk's rows in a file. Thread-safe.
class RowFile {
 public:
  virtual ~RowFile() = default;
  // False when the file no longer holds what was written; that was logged.
  virtual bool Read(std::size_t row, std::span<float> numbers) const = 0;
  // Whether a row could not be read so far.
  virtual bool IsLossy() const = 0;
  // The row will be read soon.
  virtual void WillRead(std::size_t row) const = 0;
};

// Room for kChunkRows rows. Rows are only ever appended, by one thread; a reader keeps to the rows
// of its snapshot, so it never reads what is being written. The codes of a group are written when
// the group is full: until then its rows have their numbers alone.
//
// A full chunk may have its numbers in a file instead of memory. Which of the two never changes: a
// chunk that shares all else takes its place (see With).
class Chunk {
 public:
  Chunk(std::size_t dimension, std::shared_ptr<PersonPool> people);

  // `person` is the number of `reference.person_id` in the pool, set there before. `row` is the
  // number of rows so far.
  void Append(std::size_t row, const RowCode& code, const GalleryReference& reference,
              std::uint32_t person);

  const std::uint8_t* CoarseGroup(std::size_t group) const {
    return columns_->coarse.get() + group * kGroupRows * row_bytes_;
  }
  const std::uint8_t* FineRow(std::size_t row) const {
    return columns_->fine.get() + row * row_bytes_;
  }
  bool HasNumbers() const { return numbers_ != nullptr; }
  // Only where HasNumbers.
  const float* Numbers(std::size_t row) const { return numbers_->get() + row * dimension_; }
  // The row's numbers wherever they are; `scratch` holds them if need be. Null when they cannot be
  // read.
  const float* ReadNumbers(std::size_t row, std::vector<float>& scratch) const;
  // The same, but what cannot be read is made from the row's code, a little off.
  const float* Numbers(std::size_t row, std::vector<float>& scratch) const;
  // Whether its numbers are in `file` alone.
  bool ReadsFrom(const RowFile& file) const { return numbers_ == nullptr && file_.get() == &file; }
  // Whether numbers in its file were found lost.
  bool IsLossy() const { return numbers_ == nullptr && file_->IsLossy(); }
  void WillRead(std::size_t row) const {
    if (numbers_ == nullptr) file_->WillRead(row);
  }
  const float* Scales() const { return columns_->scales.data(); }
  const float* CoarseErrors() const { return columns_->coarse_errors.data(); }
  const float* FineErrors() const { return columns_->fine_errors.data(); }
  const std::uint32_t* Persons() const { return columns_->persons.data(); }
  // Of all that the index was given of the row's reference.
  std::uint64_t Digest(std::size_t row) const { return columns_->digests[row]; }
  const IdColumn& ReferenceIds() const { return columns_->reference_ids; }
  std::string ReferenceId(std::size_t row) const { return columns_->reference_ids.Get(row); }
  std::string PersonId(std::size_t row) const { return people_->Get(columns_->persons[row]); }

  std::size_t Dimension() const { return dimension_; }
  std::size_t RowBytes() const { return row_bytes_; }
  // The same for chunks that share their rows.
  std::shared_ptr<const void> Identity() const { return columns_; }

  // The same full chunk with its numbers in `file`.
  std::shared_ptr<Chunk> WithNumbersIn(std::shared_ptr<const RowFile> file) const;
  // The same chunk with its numbers read from its file into memory; null when that failed.
  std::shared_ptr<Chunk> WithNumbersInMemory() const;

  template <typename T>
  class PageArray {
   public:
    explicit PageArray(std::size_t count) : pages_(count * sizeof(T)) {}
    T* get() const { return reinterpret_cast<T*>(pages_.Data()); }

   private:
    Pages pages_;
  };

  // Everything but the numbers. A full chunk is read from a file by writing into them.
  struct Columns {
    explicit Columns(std::size_t row_bytes);

    const PageArray<std::uint8_t> coarse;
    const PageArray<std::uint8_t> fine;
    std::vector<float> scales;
    std::vector<float> coarse_errors;
    std::vector<float> fine_errors;
    std::vector<std::uint32_t> persons;
    std::vector<std::uint64_t> digests;
    IdColumn reference_ids;
  };
  // A full chunk that was read from a file.
  Chunk(std::size_t dimension, std::shared_ptr<PersonPool> people, std::shared_ptr<Columns> columns,
        std::shared_ptr<const RowFile> file);

 private:
  std::size_t dimension_;
  std::size_t row_bytes_;  // of a plane
  std::shared_ptr<PersonPool> people_;
  std::shared_ptr<Columns> columns_;
  std::shared_ptr<const PageArray<float>> numbers_;  // null: in file_
  std::shared_ptr<const RowFile> file_;
  std::vector<std::uint8_t> open_group_;  // coarse codes of the group that is not full, row by row
};

// Digest of a reference by which an index can be compared with the table; finds accidents, not
// attacks.
std::uint64_t DigestOf(const GalleryReference& reference);

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
