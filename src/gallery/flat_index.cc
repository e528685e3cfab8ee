// The writer's side: appends, tombstones, compaction and publication.
#include "gallery/flat_index.h"

#include <algorithm>
#include <cmath>
#include <exception>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "base/check.h"
#include "gallery/exact_index.h"
#include "gallery/gallery_folder.h"
#include "gallery/index_tables.h"
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

class FlatIndex final : public ExactIndex {
 public:
  FlatIndex(int dimension, const FlatIndexOptions& options)
      : dimension_(static_cast<std::size_t>(dimension)),
        kernels_(KernelsNamed(options.kernels)),
        on_disk_(options.saved.has_value() && options.saved->embeddings_on_disk),
        snapshot_(std::make_shared<const Snapshot>()),
        crew_(options.threads - 1) {
    VIGIL_CHECK(dimension > 0 && dimension <= kDimensionMax, "an embedding has 1 to 16384 numbers");
    if (!options.saved.has_value()) return;
    folder_.emplace(*options.saved, dimension_);
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
    for (auto& candidates : Scan(*snapshot, queries)) {
      answers.push_back({std::move(candidates), snapshot->info});
    }
    return answers;
  }

  void Apply(std::span<const std::string> removed_reference_ids,
             std::vector<GalleryReference> upserts, std::uint64_t sequence) override {
    Edit edit = BeginEdit();
    PrepareTables(edit.snapshot);
    if (torn_) GiveUpOpenChunk(edit);
    // If anything throws, the tables know what no search will see.
    tables_prepared_ = false;
    torn_ = true;
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
    edit.snapshot.info = {sequence, tables_.Rows(), tables_.Persons()};
    Publish(std::move(edit.snapshot));
    tables_prepared_ = true;
    torn_ = false;
  }

  GalleryInfo Info() const override { return Current()->info; }

  std::shared_ptr<const Snapshot> Current() const override {
    const std::lock_guard lock(snapshot_mutex_);
    return snapshot_;
  }

  std::vector<std::vector<Candidate>> Scan(const Snapshot& snapshot,
                                           std::span<const GalleryQuery> queries) const override {
    return ScanSnapshot(snapshot, queries, kernels_, crew_);
  }

  bool Holds(const GalleryReference& reference) override {
    const std::shared_ptr<const Snapshot> snapshot = Newest();
    PrepareTables(*snapshot);
    const std::uint32_t row = tables_.FindRow(*snapshot, reference.reference_id);
    if (row == HandleTable::kNone) return false;
    const Chunk& chunk = *snapshot->chunks[row / kChunkRows].chunk;
    return !chunk.IsLossy() && chunk.Digest(row % kChunkRows) == DigestOf(reference);
  }

  std::vector<std::string> ReferenceIds() override {
    const std::shared_ptr<const Snapshot> snapshot = Newest();
    std::vector<std::string> ids;
    ids.reserve(snapshot->info.references);
    for (const ChunkView& view : snapshot->chunks) {
      for (std::size_t row = 0; row < view.row_count; ++row) {
        if (view.living->Has(row)) ids.push_back(view.chunk->ReferenceId(row));
      }
    }
    return ids;
  }

  bool IsSaved() const override { return folder_.has_value(); }

  Result<std::uint64_t> Restore() override {
    if (!folder_.has_value()) return Fail(ErrorCode::kNotFound, "nothing is saved here");
    VIGIL_CHECK(Current()->chunks.empty(), "an index is restored before it is used");
    Result<Snapshot> loaded = LoadSaved();
    if (!loaded.has_value()) {
      // Numbers of people may have been given out before the damage was found.
      tables_ = IndexTables();
      return std::unexpected(std::move(loaded).error());
    }
    if (!loaded->chunks.empty() && loaded->chunks.back().row_count < kChunkRows) {
      open_place_ = loaded->chunks.size() - 1;
      // Appending to it is this thread's alone from now on.
      open_chunk_ = std::const_pointer_cast<Chunk>(loaded->chunks.back().chunk);
    }
    tables_prepared_ = false;
    restored_ = std::make_shared<const Snapshot>(*std::move(loaded));
    return restored_->info.sequence;
  }

  void Tend() override {
    {
      const std::lock_guard lock(moved_mutex_);
      if (restored_ == nullptr && moved_.empty()) return;
    }
    Publish(std::move(BeginEdit().snapshot));
  }

  Status Save(const std::function<bool()>& given_up) override {
    if (!folder_.has_value()) return {};
    const std::shared_ptr<const Snapshot> snapshot = Current();
    VIGIL_RETURN_IF_ERROR(folder_->Save(*snapshot, *tables_.People(), given_up));
    if (!on_disk_) return {};
    for (const ChunkView& view : snapshot->chunks) {
      if (view.chunk == nullptr || view.row_count < kChunkRows) continue;
      auto rows = folder_->RowsOf(view);
      // The file of a chunk that was written anew is gone, and takes its room until it is let go.
      if (rows == nullptr || view.chunk->ReadsFrom(*rows)) continue;
      const std::lock_guard lock(moved_mutex_);
      moved_.push_back({view.chunk, view.chunk->WithNumbersIn(std::move(rows))});
    }
    return {};
  }

  void Warm(const std::function<bool()>& given_up) override {
    if (on_disk_) return;
    const std::shared_ptr<const Snapshot> snapshot = Current();
    for (const ChunkView& view : snapshot->chunks) {
      if (view.chunk == nullptr || view.chunk->HasNumbers()) continue;
      if (given_up()) return;
      auto warm = view.chunk->WithNumbersInMemory();
      const std::lock_guard lock(moved_mutex_);
      if (warm != nullptr) moved_.push_back({view.chunk, std::move(warm)});
    }
  }

 private:
  // The next snapshot while Apply makes it, with the marks that are already its own.
  struct Edit {
    Snapshot snapshot;
    std::unordered_map<std::size_t, std::shared_ptr<Living>> living;  // by place of the chunk
  };

  // A chunk, and the one with the same rows that takes its place.
  struct Moved {
    std::shared_ptr<const Chunk> from;
    std::shared_ptr<const Chunk> to;
  };

  // What searches see, or will see once Restore's work is shown to them.
  std::shared_ptr<const Snapshot> Newest() const {
    return restored_ != nullptr ? restored_ : Current();
  }

  // The same with all that other threads have prepared.
  Edit BeginEdit() {
    Edit edit{.snapshot = *Newest(), .living = {}};
    std::vector<Moved> moved;
    {
      const std::lock_guard lock(moved_mutex_);
      moved = moved_;
    }
    std::unordered_map<const Chunk*, const Moved*> to;
    for (const Moved& chunk : moved) to[chunk.from.get()] = &chunk;
    for (ChunkView& view : edit.snapshot.chunks) {
      const auto found = to.find(view.chunk.get());
      if (found != to.end()) view.chunk = found->second->to;
    }
    return edit;
  }

  void Publish(Snapshot snapshot) {
    {
      const std::lock_guard lock(moved_mutex_);
      std::erase_if(moved_, [&](const Moved& moved) {
        return std::ranges::none_of(
            snapshot.chunks, [&](const ChunkView& view) { return view.chunk == moved.from; });
      });
    }
    restored_.reset();
    auto next = std::make_shared<const Snapshot>(std::move(snapshot));
    // The old snapshot is let go after the lock, so that nobody waits for its memory to be freed.
    const std::lock_guard lock(snapshot_mutex_);
    snapshot_.swap(next);
  }

  void PrepareTables(const Snapshot& snapshot) {
    if (tables_prepared_) return;
    tables_.Fill(snapshot);
    tables_prepared_ = true;
  }

  // Without memory for it the gallery is read from the database, which needs some, too, but says
  // so.
  Result<Snapshot> LoadSaved() {
    try {
      return folder_->Load(crew_, tables_.People());
    } catch (const std::exception& exception) {
      return Fail(ErrorCode::kInternal, exception.what());
    }
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
    const std::uint32_t handle = tables_.EraseRow(edit.snapshot, reference_id);
    if (handle == HandleTable::kNone) return;
    const std::size_t place = handle / kChunkRows;
    const std::size_t row = handle % kChunkRows;
    Living& living = OwnLiving(edit, place);
    living.groups[row / kGroupRows] &= static_cast<std::uint16_t>(~(1U << row % kGroupRows));
    --living.count;
    tables_.LeavePerson(edit.snapshot.chunks[place].chunk->Persons()[row]);
  }

  void Add(Edit& edit, const GalleryReference& reference) {
    if (open_chunk_ == nullptr || edit.snapshot.chunks[open_place_].row_count == kChunkRows) {
      OpenChunk(edit);
    }
    ChunkView& view = edit.snapshot.chunks[open_place_];
    const std::size_t row = view.row_count++;
    EncodeRow(reference.embedding, code_);
    open_chunk_->Append(row, code_, reference, tables_.JoinPerson(reference.person_id));
    view.length_max = std::max(view.length_max, code_.length);
    Living& living = OwnLiving(edit, open_place_);
    living.groups[row / kGroupRows] |= static_cast<std::uint16_t>(1U << row % kGroupRows);
    ++living.count;
    tables_.InsertRow(edit.snapshot, static_cast<std::uint32_t>(open_place_ * kChunkRows + row));
  }

  void OpenChunk(Edit& edit) {
    std::vector<ChunkView>& chunks = edit.snapshot.chunks;
    open_chunk_ = std::make_shared<Chunk>(dimension_, tables_.People());
    const auto empty = std::ranges::find(chunks, nullptr, &ChunkView::chunk);
    open_place_ = static_cast<std::size_t>(empty - chunks.begin());
    VIGIL_CHECK(open_place_ < HandleTable::kNone / kChunkRows, "an index has room for 4 billion");
    if (empty == chunks.end()) chunks.emplace_back();
    edit.living[open_place_] = std::make_shared<Living>();
    chunks[open_place_] = {.chunk = open_chunk_, .living = edit.living[open_place_]};
  }

  // Only chunks that this change touched can have become thin.
  void GiveUpThinChunks(Edit& edit) {
    std::vector<std::size_t> thin;
    for (const auto& [place, living] : edit.living) {
      const bool full = edit.snapshot.chunks[place].row_count == kChunkRows;
      if (living->count < kLivingMin && full) thin.push_back(place);
    }
    for (const std::size_t place : thin) {
      if (open_place_ == place) open_chunk_ = nullptr;
      GiveUp(edit, place);
    }
  }

  // Behind the rows that searches know of, one whose Apply threw may have left others, and with
  // them half a group's codes.
  void GiveUpOpenChunk(Edit& edit) {
    open_chunk_ = nullptr;
    const auto open = std::ranges::find_if(edit.snapshot.chunks, [](const ChunkView& view) {
      return view.chunk != nullptr && view.row_count < kChunkRows;
    });
    if (open == edit.snapshot.chunks.end()) return;
    GiveUp(edit, static_cast<std::size_t>(open - edit.snapshot.chunks.begin()));
  }

  // Appends what lives in a chunk anew.
  void GiveUp(Edit& edit, std::size_t place) {
    const ChunkView view = edit.snapshot.chunks[place];
    for (std::size_t row = 0; row < view.row_count; ++row) {
      if (view.living->Has(row)) tables_.EraseRow(edit.snapshot, view.chunk->ReferenceId(row));
    }
    edit.snapshot.chunks[place] = {};
    edit.living.erase(place);
    std::vector<float> scratch;
    for (std::size_t row = 0; row < view.row_count; ++row) {
      if (view.living->Has(row)) Move(edit, *view.chunk, row, scratch);
    }
  }

  void Move(Edit& edit, const Chunk& chunk, std::size_t row, std::vector<float>& scratch) {
    const float* numbers = chunk.Numbers(row, scratch);
    const GalleryReference reference{.reference_id = chunk.ReferenceId(row),
                                     .person_id = chunk.PersonId(row),
                                     .embedding = {numbers, numbers + dimension_}};
    Add(edit, reference);
    tables_.LeavePerson(chunk.Persons()[row]);
  }

  const std::size_t dimension_;
  const ScanKernels& kernels_;
  const bool on_disk_;
  // Used by Apply's thread alone; the folder, once Restore is done, by Save's.
  std::optional<GalleryFolder> folder_;
  IndexTables tables_;
  bool tables_prepared_ = true;
  bool torn_ = false;                         // an Apply has thrown, or is at work
  std::shared_ptr<const Snapshot> restored_;  // what no search has seen yet
  std::shared_ptr<Chunk> open_chunk_;         // where rows are appended
  std::size_t open_place_ = 0;
  RowCode code_;
  std::mutex moved_mutex_;
  std::vector<Moved> moved_;  // guarded by moved_mutex_
  // Held for the copy of one pointer. std::atomic<std::shared_ptr> would do the same, but the one
  // of libstdc++ 12 races with itself.
  mutable std::mutex snapshot_mutex_;
  std::shared_ptr<const Snapshot> snapshot_;  // guarded by snapshot_mutex_
  mutable ScanCrew crew_;
};

}  // namespace

std::unique_ptr<FollowedIndex> MakeFlatIndex(int dimension, const FlatIndexOptions& options) {
  return MakeExactIndex(dimension, options);
}

std::unique_ptr<ExactIndex> MakeExactIndex(int dimension, const FlatIndexOptions& options) {
  return std::make_unique<FlatIndex>(dimension, options);
}

}  // namespace vigil::gallery
