// Head, sealed codes, and one sealed piece of equal length for each row's numbers.
#include "gallery/chunk_file.h"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <cstring>
#include <utility>
#include <vector>

#include "base/format.h"
#include "base/log.h"
#include "gallery/byte_stream.h"
#include "gallery/durable_file.h"

namespace vigil::gallery {
namespace {

constexpr std::string_view kMagic = "VIGILGC1";
constexpr std::size_t kHeadBytes = kMagic.size() + sizeof(std::uint64_t);
// Version, key id, nonce and tag that sealing adds.
constexpr std::size_t kSealBytes = 45;
constexpr std::size_t kRowsAtOnce = 64;

std::string CodesContext(const ChunkFileKey& key, std::size_t row_count) {
  return format("gallery chunk {}: {} rows of {} for {}", key.name, row_count, key.dimension,
                key.gallery);
}

std::string RowContext(const ChunkFileKey& key, std::size_t row) {
  return format("gallery chunk {}: row {}", key.name, row);
}

class SealedRows final : public RowFile {
 public:
  SealedRows(ChunkFileKey key, Sealer sealer, OpenFile file, std::size_t offset)
      : key_(std::move(key)),
        sealer_(sealer),
        file_(std::move(file)),
        offset_(offset),
        sealed_bytes_(key_.dimension * sizeof(float) + kSealBytes) {}

  bool Read(std::size_t row, std::span<float> numbers) const override {
    Bytes sealed(sealed_bytes_);
    if (!file_.ReadAt(offset_ + row * sealed_bytes_, sealed)) return Failed("it cannot be read");
    const auto plain = sealer_.Open(sealed, RowContext(key_, row));
    if (!plain) return Failed(plain.error().message);
    if (plain->size() != numbers.size_bytes()) return Failed("it has another length");
    std::memcpy(numbers.data(), plain->data(), plain->size());
    return true;
  }

  bool IsLossy() const override { return lossy_; }

  void WillRead(std::size_t row) const override {
    posix_fadvise(file_.Descriptor(), static_cast<off_t>(offset_ + row * sealed_bytes_),
                  static_cast<off_t>(sealed_bytes_), POSIX_FADV_WILLNEED);
  }

 private:
  bool Failed(std::string_view why) const {
    if (!lossy_.exchange(true)) {
      LogError("gallery",
               "a row of {} is lost: {}; similarities are a little off until the gallery is "
               "read from the database again",
               key_.Path().string(), why);
    }
    return false;
  }

  const ChunkFileKey key_;
  const Sealer sealer_;
  const OpenFile file_;
  const std::size_t offset_;
  const std::size_t sealed_bytes_;
  mutable std::atomic<bool> lossy_ = false;
};

// The ids of `row_count` rows: which are UUIDs, those, and the texts of the others.
class IdWriter {
 public:
  void Add(bool living, const UuidBytes* uuid, const auto& text) {
    kinds_.push_back(!living ? 0 : uuid != nullptr ? 1 : 2);
    uuids_.push_back(living && uuid != nullptr ? *uuid : UuidBytes{});
    if (kinds_.back() == 2) texts_.PutText(text());
  }
  void WriteTo(ByteWriter& writer) const {
    writer.PutAll(kinds_);
    writer.PutAll(uuids_);
    writer.PutAll(texts_.Written());
  }

 private:
  std::vector<std::uint8_t> kinds_;
  std::vector<UuidBytes> uuids_;
  ByteWriter texts_;
};

class IdReader {
 public:
  IdReader(ByteReader& reader, std::size_t row_count)
      : reader_(reader), kinds_(row_count), uuids_(row_count) {
    reader.GetAll(kinds_);
    reader.GetAll(uuids_);
  }
  // In order, each row once; null unless a UUID.
  const UuidBytes* Uuid(std::size_t row) const { return kinds_[row] == 1 ? &uuids_[row] : nullptr; }
  std::string_view Text(std::size_t row) {
    return kinds_[row] == 2 ? reader_.GetText() : std::string_view();
  }

 private:
  ByteReader& reader_;
  std::vector<std::uint8_t> kinds_;
  std::vector<UuidBytes> uuids_;
};

bool IsFull(std::size_t row_count) { return row_count == kChunkRows; }

// `values` with zeros for rows that are not living.
template <typename T>
void PutLiving(ByteWriter& writer, const ChunkView& view, const T* values) {
  for (std::size_t row = 0; row < view.row_count; ++row) {
    writer.Put(view.living->Has(row) ? values[row] : T{});
  }
}

void PutCodes(ByteWriter& writer, const ChunkView& view) {
  const Chunk& chunk = *view.chunk;
  const std::size_t row_bytes = chunk.RowBytes();
  Bytes group(kGroupRows * row_bytes);
  for (std::size_t number = 0; number < kChunkGroups; ++number) {
    std::memcpy(group.data(), chunk.CoarseGroup(number), group.size());
    for (std::size_t lane = 0; lane < kGroupRows; ++lane) {
      if (view.living->Has(number * kGroupRows + lane)) continue;
      for (std::size_t byte = lane * 4; byte < group.size(); byte += kGroupRows * 4) {
        std::fill_n(group.begin() + static_cast<std::ptrdiff_t>(byte), 4, std::byte{});
      }
    }
    writer.PutAll(std::span<const std::byte>(group));
  }
  const Bytes nothing(row_bytes);
  for (std::size_t row = 0; row < kChunkRows; ++row) {
    const auto* fine = reinterpret_cast<const std::byte*>(chunk.FineRow(row));
    writer.PutAll(
        std::span<const std::byte>(view.living->Has(row) ? fine : nothing.data(), row_bytes));
  }
}

// What is left of a removed reference is nothing: its rows are written as zeros.
Bytes CodesOf(const ChunkView& view, const PersonPool& people) {
  const Chunk& chunk = *view.chunk;
  ByteWriter writer;
  writer.Reserve(view.row_count * (2 * chunk.RowBytes() + 80) + sizeof(Living));
  writer.PutAll(view.living->groups);
  writer.Put(view.length_max);
  PutLiving(writer, view, chunk.Scales());
  PutLiving(writer, view, chunk.CoarseErrors());
  PutLiving(writer, view, chunk.FineErrors());
  PutLiving(writer, view, chunk.Persons());
  for (std::size_t row = 0; row < view.row_count; ++row) {
    writer.Put(view.living->Has(row) ? chunk.Digest(row) : std::uint64_t{});
  }
  IdWriter references;
  IdWriter persons;
  for (std::size_t row = 0; row < view.row_count; ++row) {
    const bool living = view.living->Has(row);
    references.Add(living, chunk.ReferenceIds().Uuid(row), [&] { return chunk.ReferenceId(row); });
    // The number of a row that was not living when the chunk was read may be nobody's.
    persons.Add(living, living ? people.Uuid(chunk.Persons()[row]) : nullptr,
                [&] { return chunk.PersonId(row); });
  }
  references.WriteTo(writer);
  persons.WriteTo(writer);
  if (IsFull(view.row_count)) PutCodes(writer, view);
  return writer.Written();
}

std::unexpected<Error> Unfit() {
  return Fail(ErrorCode::kDataLoss, "what a chunk tells of itself does not fit together");
}

// Rows of a chunk that is not full, one by one, as if they were new.
Result<ChunkView> AppendRows(const Chunk::Columns& columns, const Living& living,
                             std::span<const std::string> person_ids, std::size_t dimension,
                             const RowFile& rows, const std::shared_ptr<PersonPool>& people) {
  ChunkView view;
  const auto chunk = std::make_shared<Chunk>(dimension, people);
  const auto kept = std::make_shared<Living>();
  RowCode code;
  for (std::size_t row = 0; row < person_ids.size(); ++row) {
    if (!living.Has(row)) continue;
    GalleryReference reference{.reference_id = columns.reference_ids.Get(row),
                               .person_id = person_ids[row],
                               .embedding = Embedding(dimension)};
    if (!rows.Read(row, reference.embedding)) return Unfit();
    if (!std::ranges::all_of(reference.embedding, [](float n) { return std::isfinite(n); })) {
      return Unfit();
    }
    EncodeRow(reference.embedding, code);
    chunk->Append(view.row_count, code, reference, columns.persons[row]);
    // What the digest was made of may have been another form of the same numbers.
    if (chunk->Digest(view.row_count) != columns.digests[row]) return Unfit();
    kept->groups[view.row_count / kGroupRows] |=
        static_cast<std::uint16_t>(1U << view.row_count % kGroupRows);
    view.length_max = std::max(view.length_max, code.length);
    ++view.row_count;
  }
  kept->count = static_cast<std::uint32_t>(view.row_count);
  view.chunk = chunk;
  view.living = kept;
  return view;
}

}  // namespace

Result<std::shared_ptr<const RowFile>> WriteChunkFile(const ChunkFileKey& key, const Sealer& sealer,
                                                      const ChunkView& view,
                                                      const PersonPool& people) {
  VIGIL_ASSIGN_OR_RETURN(NewFile file, NewFile::Make(key.Path()));
  const Bytes codes = sealer.Seal(CodesOf(view, people), CodesContext(key, view.row_count));
  ByteWriter head;
  head.PutAll(kMagic);
  head.Put(std::uint64_t{codes.size()});
  VIGIL_RETURN_IF_ERROR(file.Append(head.Written()));
  VIGIL_RETURN_IF_ERROR(file.Append(codes));
  Bytes pieces;
  std::vector<float> scratch(key.dimension);
  const std::vector<float> nothing(key.dimension);
  for (std::size_t row = 0; row < view.row_count; ++row) {
    const float* numbers =
        view.living->Has(row) ? view.chunk->ReadNumbers(row, scratch) : nothing.data();
    // Under the digest of the true numbers nobody would ever find others.
    if (numbers == nullptr) {
      return Fail(ErrorCode::kDataLoss,
                  "an embedding can no longer be read; it is read from the database again with the "
                  "next comparison");
    }
    const Bytes piece =
        sealer.Seal(std::as_bytes(std::span(numbers, key.dimension)), RowContext(key, row));
    pieces.insert(pieces.end(), piece.begin(), piece.end());
    if (row % kRowsAtOnce != kRowsAtOnce - 1 && row + 1 != view.row_count) continue;
    VIGIL_RETURN_IF_ERROR(file.Append(pieces));
    pieces.clear();
  }
  VIGIL_ASSIGN_OR_RETURN(OpenFile written, file.Finish());
  return std::make_shared<const SealedRows>(key, sealer, std::move(written),
                                            kHeadBytes + codes.size());
}

void WillReadChunkFile(const ChunkFileKey& key, std::size_t row_count) {
  const auto file = OpenForReading(key.Path());
  if (!file.has_value()) return;  // whoever reads it says why
  const std::size_t codes_bytes = kHeadBytes + row_count * (PaddedDimension(key.dimension) + 96);
  posix_fadvise(file->Descriptor(), 0, static_cast<off_t>(codes_bytes), POSIX_FADV_WILLNEED);
}

Result<StoredChunk> ReadChunkFile(const ChunkFileKey& key, const Sealer& sealer,
                                  std::size_t row_count, const std::shared_ptr<PersonPool>& people,
                                  ChunkScratch& scratch) {
  VIGIL_ASSIGN_OR_RETURN(OpenFile file, OpenForReading(key.Path()));
  Bytes head(kHeadBytes);
  if (!file.ReadAt(0, head)) return Fail(ErrorCode::kDataLoss, "a chunk is cut");
  ByteReader reader(head);
  std::array<char, kMagic.size()> magic{};
  reader.GetAll(magic);
  const auto codes_bytes = reader.Get<std::uint64_t>();
  const std::size_t rows_bytes = row_count * (key.dimension * sizeof(float) + kSealBytes);
  if (std::string_view(magic.data(), magic.size()) != kMagic || codes_bytes > file.Size() ||
      file.Size() != kHeadBytes + codes_bytes + rows_bytes) {
    return Fail(ErrorCode::kDataLoss, "a chunk is cut, or of another version");
  }
  scratch.sealed.resize(codes_bytes);
  if (!file.ReadAt(kHeadBytes, scratch.sealed)) return Fail(ErrorCode::kDataLoss, "a chunk is cut");
  VIGIL_RETURN_IF_ERROR(
      sealer.OpenInto(scratch.sealed, CodesContext(key, row_count), scratch.codes));
  return ParseChunk(
      scratch.codes, key.dimension, row_count,
      std::make_shared<const SealedRows>(key, sealer, std::move(file), kHeadBytes + codes_bytes),
      people);
}

Result<StoredChunk> ParseChunk(std::span<const std::byte> codes, std::size_t dimension,
                               std::size_t row_count, std::shared_ptr<const RowFile> rows,
                               const std::shared_ptr<PersonPool>& people) {
  if (row_count == 0 || row_count > kChunkRows) return Unfit();
  const std::size_t row_bytes = PaddedDimension(dimension) / 2;
  const auto columns = std::make_shared<Chunk::Columns>(row_bytes);
  const auto living = std::make_shared<Living>();
  ByteReader reader(codes);
  StoredChunk stored{.view = {}, .rows = std::move(rows)};
  reader.GetAll(living->groups);
  stored.view.length_max = reader.Get<float>();
  reader.GetAll(std::span(columns->scales).first(row_count));
  reader.GetAll(std::span(columns->coarse_errors).first(row_count));
  reader.GetAll(std::span(columns->fine_errors).first(row_count));
  reader.GetAll(std::span(columns->persons).first(row_count));
  reader.GetAll(std::span(columns->digests).first(row_count));
  for (std::size_t row = 0; row < kChunkRows; ++row) {
    if (!living->Has(row)) continue;
    ++living->count;
    if (row >= row_count) return Unfit();
  }
  IdReader references(reader, row_count);
  for (std::size_t row = 0; row < row_count; ++row) {
    if (const UuidBytes* uuid = references.Uuid(row)) {
      columns->reference_ids.SetUuid(row, *uuid);
    } else if (living->Has(row)) {
      columns->reference_ids.Set(row, references.Text(row));
    }
  }
  IdReader persons(reader, row_count);
  std::vector<std::string> person_ids(IsFull(row_count) ? 0 : row_count);
  for (std::size_t row = 0; row < row_count; ++row) {
    if (!living->Has(row)) continue;
    const std::uint32_t number = columns->persons[row];
    const UuidBytes* const uuid = persons.Uuid(row);
    const std::string_view text = persons.Text(row);
    if (!reader.Good()) return Unfit();
    if (uuid != nullptr ? !people->SetUuid(number, *uuid) : !people->Set(number, text)) {
      return Unfit();
    }
    if (!person_ids.empty()) person_ids[row] = people->Get(number);
  }
  if (!IsFull(row_count)) {
    if (!reader.AtEnd()) return Unfit();
    VIGIL_ASSIGN_OR_RETURN(
        stored.view, AppendRows(*columns, *living, person_ids, dimension, *stored.rows, people));
    return stored;
  }
  reader.GetAll(std::span(columns->coarse.get(), kChunkRows * row_bytes));
  reader.GetAll(std::span(columns->fine.get(), kChunkRows * row_bytes));
  if (!reader.AtEnd()) return Unfit();
  stored.view.chunk = std::make_shared<Chunk>(dimension, people, columns, stored.rows);
  stored.view.living = living;
  stored.view.row_count = kChunkRows;
  return stored;
}

}  // namespace vigil::gallery
