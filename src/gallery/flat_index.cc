// The writer's side: appends, tombstones, compaction and publication.
#include "gallery/flat_index.h"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "base/check.h"
#include "gallery/scan.h"

namespace vigil::gallery {
namespace {

// A chunk of which fewer rows than this live is given up, once it is full.
constexpr std::size_t kLivingMin = kChunkRows * 3 / 4;
constexpr int kDimensionMax = 16384;

const ScanKernels& KernelsNamed(std::string_view name) {
  const std::span<const ScanKernels> available = AvailableScanKernels();
  if (name.empty()) return available.front();
  const auto named = std::ranges::find(available, name, &ScanKernels::name);
  VIGIL_CHECK(named != available.end(), "this machine lacks the kernels asked for");
  return *named;
}

class FlatIndex final : public GalleryIndex {
 public:
  FlatIndex(int dimension, const FlatIndexOptions& options)
      : dimension_(static_cast<std::size_t>(dimension)),
        kernels_(KernelsNamed(options.kernels)),
        snapshot_(std::make_shared<const Snapshot>()),
        crew_(options.threads - 1) {
    VIGIL_CHECK(dimension > 0 && dimension <= kDimensionMax, "an embedding has 1 to 16384 numbers");
  }

  GallerySearch Search(std::span<const float> probe, int candidates_max) const override {
    const GalleryQuery query{.probe = probe, .candidates_max = candidates_max, .admits = {}};
    return std::move(SearchMany({&query, 1}).front());
  }

  std::vector<GallerySearch> SearchMany(std::span<const GalleryQuery> queries) const override {
    for (const GalleryQuery& query : queries) {
      VIGIL_CHECK(query.probe.size() == dimension_, "the probe must have the index's dimension");
    }
    const std::shared_ptr<const Snapshot> snapshot = Current();
    std::vector<GallerySearch> answers;
    answers.reserve(queries.size());
    for (auto& candidates : ScanSnapshot(*snapshot, queries, kernels_, crew_)) {
      answers.push_back({std::move(candidates), snapshot->info});
    }
    return answers;
  }

  void Apply(std::span<const std::string> removed_reference_ids,
             std::vector<GalleryReference> upserts, std::uint64_t sequence) override {
    Edit edit{.snapshot = *Current(), .living = {}};
    for (const std::string& id : removed_reference_ids) Remove(edit, id);
    for (GalleryReference& reference : upserts) {
      VIGIL_CHECK(reference.embedding.size() == dimension_,
                  "a reference must have the index's dimension");
      VIGIL_CHECK(
          std::ranges::all_of(reference.embedding, [](float n) { return std::isfinite(n); }),
          "a reference must have finite numbers");
      Remove(edit, reference.reference_id);
      Add(edit, reference);
    }
    GiveUpThinChunks(edit);
    edit.snapshot.info = {sequence, row_of_.size(), persons_.size()};
    auto next = std::make_shared<const Snapshot>(std::move(edit.snapshot));
    // The old snapshot is let go after the lock, so that nobody waits for its memory to be freed.
    const std::lock_guard lock(snapshot_mutex_);
    snapshot_.swap(next);
  }

  GalleryInfo Info() const override { return Current()->info; }

 private:
  // The next snapshot while Apply makes it, with the marks that are already its own.
  struct Edit {
    Snapshot snapshot;
    std::unordered_map<std::size_t, std::shared_ptr<Living>> living;  // by place of the chunk
  };

  struct Person {
    std::uint32_t number;
    std::size_t references;
  };

  std::shared_ptr<const Snapshot> Current() const {
    const std::lock_guard lock(snapshot_mutex_);
    return snapshot_;
  }

  static Living& OwnLiving(Edit& edit, std::size_t place) {
    std::shared_ptr<Living>& own = edit.living[place];
    if (own == nullptr) {
      ChunkView& view = edit.snapshot.chunks[place];
      own = std::make_shared<Living>(*view.living);
      view.living = own;
    }
    return *own;
  }

  void Remove(Edit& edit, const std::string& reference_id) {
    const auto found = row_of_.find(reference_id);
    if (found == row_of_.end()) return;
    const std::size_t place = found->second / kChunkRows;
    const std::size_t row = found->second % kChunkRows;
    row_of_.erase(found);
    Living& living = OwnLiving(edit, place);
    living.groups[row / kGroupRows] &= static_cast<std::uint16_t>(~(1U << row % kGroupRows));
    --living.count;
    const auto person = persons_.find(edit.snapshot.chunks[place].chunk->PersonId(row));
    if (--person->second.references > 0) return;
    freed_numbers_.push_back(person->second.number);
    persons_.erase(person);
  }

  void Add(Edit& edit, const GalleryReference& reference) {
    if (open_chunk_ == nullptr || edit.snapshot.chunks[open_place_].row_count == kChunkRows) {
      OpenChunk(edit);
    }
    ChunkView& view = edit.snapshot.chunks[open_place_];
    const std::size_t row = view.row_count++;
    EncodeRow(reference.embedding, code_);
    open_chunk_->Append(row, code_, reference, NumberOf(reference.person_id));
    view.length_max = std::max(view.length_max, code_.length);
    Living& living = OwnLiving(edit, open_place_);
    living.groups[row / kGroupRows] |= static_cast<std::uint16_t>(1U << row % kGroupRows);
    ++living.count;
    row_of_[reference.reference_id] = open_place_ * kChunkRows + row;
  }

  void OpenChunk(Edit& edit) {
    std::vector<ChunkView>& chunks = edit.snapshot.chunks;
    open_chunk_ = std::make_shared<Chunk>(dimension_);
    const auto empty = std::ranges::find(chunks, nullptr, &ChunkView::chunk);
    open_place_ = static_cast<std::size_t>(empty - chunks.begin());
    if (empty == chunks.end()) chunks.emplace_back();
    edit.living[open_place_] = std::make_shared<Living>();
    chunks[open_place_] = {.chunk = open_chunk_, .living = edit.living[open_place_]};
  }

  // A number that no living person has.
  std::uint32_t NumberOf(const std::string& person_id) {
    const auto [person, is_new] = persons_.try_emplace(person_id, Person{0, 0});
    if (is_new && !freed_numbers_.empty()) {
      person->second.number = freed_numbers_.back();
      freed_numbers_.pop_back();
    } else if (is_new) {
      person->second.number = numbers_given_++;
    }
    ++person->second.references;
    return person->second.number;
  }

  // Only chunks that this change touched can have become thin.
  void GiveUpThinChunks(Edit& edit) {
    std::vector<std::size_t> thin;
    for (const auto& [place, living] : edit.living) {
      const bool full = edit.snapshot.chunks[place].row_count == kChunkRows;
      if (living->count < kLivingMin && full) thin.push_back(place);
    }
    for (const std::size_t place : thin) {
      const ChunkView view = std::exchange(edit.snapshot.chunks[place], {});
      edit.living.erase(place);
      if (open_place_ == place) open_chunk_ = nullptr;
      for (std::size_t row = 0; row < kChunkRows; ++row) {
        if (view.living->Has(row)) Move(edit, *view.chunk, row);
      }
    }
  }

  void Move(Edit& edit, const Chunk& chunk, std::size_t row) {
    const float* numbers = chunk.Numbers(row);
    const GalleryReference reference{.reference_id = chunk.ReferenceId(row),
                                     .person_id = chunk.PersonId(row),
                                     .embedding = {numbers, numbers + dimension_}};
    Add(edit, reference);
    --persons_.at(reference.person_id).references;
  }

  const std::size_t dimension_;
  const ScanKernels& kernels_;
  // Used by Apply's thread alone.
  std::unordered_map<std::string, std::size_t> row_of_;  // place * kChunkRows + row
  std::unordered_map<std::string, Person> persons_;
  std::vector<std::uint32_t> freed_numbers_;
  std::uint32_t numbers_given_ = 0;
  std::shared_ptr<Chunk> open_chunk_;  // where rows are appended
  std::size_t open_place_ = 0;
  RowCode code_;
  // Held for the copy of one pointer. std::atomic<std::shared_ptr> would do the same, but the one
  // of libstdc++ 12 races with itself.
  mutable std::mutex snapshot_mutex_;
  std::shared_ptr<const Snapshot> snapshot_;  // guarded by snapshot_mutex_
  mutable ScanCrew crew_;
};

}  // namespace

std::unique_ptr<GalleryIndex> MakeFlatIndex(int dimension, const FlatIndexOptions& options) {
  return std::make_unique<FlatIndex>(dimension, options);
}

}  // namespace vigil::gallery
