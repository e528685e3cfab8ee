// Two hash tables of numbers; what they stand for lies in chunks and pool.
#include "gallery/index_tables.h"

#include <algorithm>

#include "base/check.h"

namespace vigil::gallery {
namespace {

auto HashIn(const Snapshot& snapshot) {
  return [&snapshot](std::uint32_t handle) {
    return snapshot.chunks[handle / kChunkRows].chunk->ReferenceIds().HashOf(handle % kChunkRows);
  };
}

auto IsIn(const Snapshot& snapshot, const std::string& reference_id) {
  return [&](std::uint32_t handle) {
    return snapshot.chunks[handle / kChunkRows].chunk->ReferenceIds().Is(handle % kChunkRows,
                                                                         reference_id);
  };
}

}  // namespace

void IndexTables::Fill(const Snapshot& snapshot) {
  rows_.Clear();
  persons_.Clear();
  // Not shorter: their numbers are not given again.
  std::ranges::fill(counts_, 0);
  rows_.Reserve(snapshot.info.references, HashIn(snapshot));
  const auto hash_of_person = [this](std::uint32_t number) { return people_->HashOf(number); };
  persons_.Reserve(snapshot.info.persons, hash_of_person);
  for (std::size_t place = 0; place < snapshot.chunks.size(); ++place) {
    const ChunkView& view = snapshot.chunks[place];
    for (std::size_t row = 0; row < view.row_count; ++row) {
      if (!view.living->Has(row)) continue;
      InsertRow(snapshot, static_cast<std::uint32_t>(place * kChunkRows + row));
      const std::uint32_t number = view.chunk->Persons()[row];
      if (number >= counts_.size()) counts_.resize(number + 1);
      if (counts_[number]++ == 0) {
        persons_.Insert(people_->HashOf(number), number, hash_of_person);
      }
    }
  }
}

std::uint32_t IndexTables::FindRow(const Snapshot& snapshot,
                                   const std::string& reference_id) const {
  return rows_.Find(HashOfId(reference_id), IsIn(snapshot, reference_id));
}

std::uint32_t IndexTables::EraseRow(const Snapshot& snapshot, const std::string& reference_id) {
  return rows_.Erase(HashOfId(reference_id), IsIn(snapshot, reference_id));
}

void IndexTables::InsertRow(const Snapshot& snapshot, std::uint32_t handle) {
  const auto hash_of = HashIn(snapshot);
  rows_.Insert(hash_of(handle), handle, hash_of);
}

std::uint32_t IndexTables::JoinPerson(const std::string& person_id) {
  const std::uint64_t hash = HashOfId(person_id);
  std::uint32_t number = persons_.Find(
      hash, [&](std::uint32_t candidate) { return people_->Is(candidate, person_id); });
  if (number == HandleTable::kNone) {
    number = static_cast<std::uint32_t>(counts_.size());
    // First, so that a number is never given twice, whatever throws in between.
    counts_.push_back(0);
    VIGIL_CHECK(people_->Set(number, person_id), "an index has room for a billion people");
    persons_.Insert(hash, number, [this](std::uint32_t known) { return people_->HashOf(known); });
  }
  ++counts_[number];
  return number;
}

void IndexTables::LeavePerson(std::uint32_t number) {
  if (--counts_[number] > 0) return;
  persons_.Erase(people_->HashOf(number), [=](std::uint32_t other) { return other == number; });
}

}  // namespace vigil::gallery
