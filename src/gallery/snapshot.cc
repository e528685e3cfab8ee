// Writing of rows and of full groups; where numbers are.
#include "gallery/snapshot.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace vigil::gallery {
namespace {

// The middle of what the row's code stands for.
void Decode(const Chunk& chunk, std::size_t row, std::span<float> numbers) {
  constexpr std::size_t kLine = 64;
  const std::uint8_t* coarse = chunk.CoarseGroup(row / kGroupRows) + row % kGroupRows * 4;
  const std::uint8_t* fine = chunk.FineRow(row);
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const std::size_t byte = i / kPadding * kLine + i % kLine;
    const int shift = i % kPadding < kLine ? 0 : 4;
    const int upper = coarse[byte / 4 * 4 * kGroupRows + byte % 4] >> shift & 15;
    const int lower = fine[byte] >> shift & 15;
    numbers[i] = (static_cast<float>(upper * 16 + lower) - 127.5F) * chunk.Scales()[row];
  }
}

// FNV-1a (draft-eastlake-fnv) over words of eight bytes, stirred so that upper bits reach lower
// ones.
class Fnv {
 public:
  void Add(std::span<const std::byte> bytes) {
    while (bytes.size() >= sizeof(std::uint64_t)) {
      std::uint64_t word = 0;
      std::memcpy(&word, bytes.data(), sizeof word);
      AddWord(word);
      bytes = bytes.subspan(sizeof word);
    }
    std::uint64_t rest = bytes.size() + 1;
    for (const std::byte byte : bytes) rest = rest << 8U | std::to_integer<std::uint64_t>(byte);
    AddWord(rest);
  }
  std::uint64_t Value() const { return digest_; }

 private:
  void AddWord(std::uint64_t word) {
    digest_ = (digest_ ^ word) * 1099511628211U;
    digest_ ^= digest_ >> 29U;
  }

  std::uint64_t digest_ = 14695981039346656037U;
};

}  // namespace

std::uint64_t DigestOf(const GalleryReference& reference) {
  Fnv digest;
  digest.Add(std::as_bytes(std::span(reference.person_id)));
  digest.Add(std::as_bytes(std::span(reference.reference_id)));
  digest.Add(std::as_bytes(std::span(reference.embedding)));
  return digest.Value();
}

Chunk::Columns::Columns(std::size_t row_bytes)
    : coarse(kChunkRows * row_bytes),
      fine(kChunkRows * row_bytes),
      scales(kChunkRows),
      coarse_errors(kChunkRows),
      fine_errors(kChunkRows),
      persons(kChunkRows),
      digests(kChunkRows),
      reference_ids(kChunkRows) {}

Chunk::Chunk(std::size_t dimension, std::shared_ptr<PersonPool> people)
    : dimension_(dimension),
      row_bytes_(PaddedDimension(dimension) / 2),
      people_(std::move(people)),
      columns_(std::make_shared<Columns>(row_bytes_)),
      numbers_(std::make_shared<const PageArray<float>>(kChunkRows * dimension)),
      open_group_(kGroupRows * row_bytes_) {}

Chunk::Chunk(std::size_t dimension, std::shared_ptr<PersonPool> people,
             std::shared_ptr<Columns> columns, std::shared_ptr<const RowFile> file)
    : dimension_(dimension),
      row_bytes_(PaddedDimension(dimension) / 2),
      people_(std::move(people)),
      columns_(std::move(columns)),
      file_(std::move(file)) {}

void Chunk::Append(std::size_t row, const RowCode& code, const GalleryReference& reference,
                   std::uint32_t person) {
  std::ranges::copy(reference.embedding, numbers_->get() + row * dimension_);
  std::ranges::copy(code.fine, columns_->fine.get() + row * row_bytes_);
  columns_->scales[row] = code.scale;
  columns_->coarse_errors[row] = code.coarse_error;
  columns_->fine_errors[row] = code.fine_error;
  columns_->persons[row] = person;
  columns_->digests[row] = DigestOf(reference);
  columns_->reference_ids.Set(row, reference.reference_id);
  const std::size_t place = row % kGroupRows;
  std::ranges::copy(code.coarse, open_group_.data() + place * row_bytes_);
  if (place != kGroupRows - 1) return;
  std::uint8_t* to = columns_->coarse.get() + row / kGroupRows * kGroupRows * row_bytes_;
  for (std::size_t byte = 0; byte < row_bytes_; byte += 4) {
    for (std::size_t i = 0; i < kGroupRows; ++i, to += 4) {
      std::memcpy(to, open_group_.data() + i * row_bytes_ + byte, 4);
    }
  }
}

const float* Chunk::ReadNumbers(std::size_t row, std::vector<float>& scratch) const {
  if (numbers_ != nullptr) return Numbers(row);
  scratch.resize(dimension_);
  return file_->Read(row, scratch) ? scratch.data() : nullptr;
}

const float* Chunk::Numbers(std::size_t row, std::vector<float>& scratch) const {
  if (const float* numbers = ReadNumbers(row, scratch)) return numbers;
  Decode(*this, row, scratch);
  return scratch.data();
}

std::shared_ptr<Chunk> Chunk::WithNumbersIn(std::shared_ptr<const RowFile> file) const {
  return std::make_shared<Chunk>(dimension_, people_, columns_, std::move(file));
}

std::shared_ptr<Chunk> Chunk::WithNumbersInMemory() const {
  const auto numbers = std::make_shared<const PageArray<float>>(kChunkRows * dimension_);
  for (std::size_t row = 0; row < kChunkRows; ++row) {
    if (!file_->Read(row, {numbers->get() + row * dimension_, dimension_})) return nullptr;
  }
  auto chunk = std::make_shared<Chunk>(dimension_, people_, columns_, nullptr);
  chunk->numbers_ = numbers;
  return chunk;
}

}  // namespace vigil::gallery
