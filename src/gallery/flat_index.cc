// Rows in shared blocks; a search reads one immutable list of them.
#include "gallery/flat_index.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "base/check.h"
#include "gallery/dot_product.h"

namespace vigil::gallery {
namespace {

constexpr std::size_t kBlockRows = 1024;
constexpr std::align_val_t kAlignment{64};

struct FreeAligned {
  void operator()(float* numbers) const { ::operator delete[](numbers, kAlignment); }
};

struct RowName {
  std::string reference_id;
  std::string person_id;
};

// Up to kBlockRows rows. Immutable once it is part of a published snapshot.
struct Block {
  explicit Block(std::size_t dimension)
      : numbers(static_cast<float*>(
            ::operator new[](kBlockRows* dimension * sizeof(float), kAlignment))) {}
  Block(const Block& other, std::size_t dimension) : Block(dimension) {
    names = other.names;
    std::copy_n(other.numbers.get(), names.size() * dimension, numbers.get());
  }

  std::unique_ptr<float[], FreeAligned> numbers;  // row-major
  std::vector<RowName> names;                     // one a row
};

struct Snapshot {
  std::vector<std::shared_ptr<const Block>> blocks;  // all full but the last
  GalleryInfo info;
};

bool IsBetter(const Candidate& left, const Candidate& right) {
  if (left.similarity != right.similarity) return left.similarity > right.similarity;
  return left.reference_id < right.reference_id;
}

// The best persons so far, best first.
class BestPersons {
 public:
  explicit BestPersons(std::size_t count_max) : count_max_(count_max) {}

  bool MayEnter(float similarity) const {
    if (std::isnan(similarity)) return false;
    return best_.size() < count_max_ || similarity >= best_.back().similarity;
  }

  void Offer(const RowName& name, float similarity) {
    Candidate offered{name.person_id, name.reference_id, similarity};
    const auto same = std::ranges::find(best_, name.person_id, &Candidate::person_id);
    if (same != best_.end()) {
      if (!IsBetter(offered, *same)) return;
      best_.erase(same);
    }
    best_.insert(std::ranges::lower_bound(best_, offered, IsBetter), std::move(offered));
    if (best_.size() > count_max_) best_.pop_back();
  }

  std::vector<Candidate> Take() { return std::move(best_); }

 private:
  const std::size_t count_max_;
  std::vector<Candidate> best_;
};

class FlatIndex final : public GalleryIndex {
 public:
  explicit FlatIndex(int dimension)
      : dimension_(static_cast<std::size_t>(dimension)),
        snapshot_(std::make_shared<const Snapshot>()) {
    VIGIL_CHECK(dimension > 0, "an embedding has numbers");
  }

  GallerySearch Search(std::span<const float> probe, int candidates_max) const override {
    VIGIL_CHECK(probe.size() == dimension_, "the probe must have the index's dimension");
    const std::shared_ptr<const Snapshot> snapshot = Current();
    if (candidates_max <= 0) return {{}, snapshot->info};
    BestPersons best(static_cast<std::size_t>(candidates_max));
    std::array<float, kBlockRows> scores;
    for (const std::shared_ptr<const Block>& block : snapshot->blocks) {
      const std::size_t row_count = block->names.size();
      DotProducts(probe.data(), block->numbers.get(), row_count, dimension_, scores.data());
      for (std::size_t row = 0; row < row_count; ++row) {
        if (best.MayEnter(scores[row])) best.Offer(block->names[row], scores[row]);
      }
    }
    return {best.Take(), snapshot->info};
  }

  void Apply(std::span<const std::string> removed_reference_ids,
             std::vector<GalleryReference> upserts, std::uint64_t sequence) override {
    Edit edit{.snapshot = *Current(), .copied = {}};
    for (const std::string& id : removed_reference_ids) RemoveRow(edit, id);
    for (GalleryReference& reference : upserts) {
      VIGIL_CHECK(reference.embedding.size() == dimension_,
                  "a reference must have the index's dimension");
      RemoveRow(edit, reference.reference_id);
      AppendRow(edit, std::move(reference));
    }
    edit.snapshot.info = {sequence, row_of_.size(), references_of_person_.size()};
    auto next = std::make_shared<const Snapshot>(std::move(edit.snapshot));
    // The old snapshot is let go after the lock, so that nobody waits for its memory to be freed.
    const std::lock_guard lock(snapshot_mutex_);
    snapshot_.swap(next);
  }

  GalleryInfo Info() const override { return Current()->info; }

 private:
  // The next snapshot while Apply makes it, with the blocks that are already its own.
  struct Edit {
    Snapshot snapshot;
    std::unordered_map<std::size_t, std::shared_ptr<Block>> copied;  // by place in the list
  };

  std::shared_ptr<const Snapshot> Current() const {
    const std::lock_guard lock(snapshot_mutex_);
    return snapshot_;
  }

  Block& OwnBlock(Edit& edit, std::size_t place) const {
    std::shared_ptr<Block>& own = edit.copied[place];
    if (own == nullptr) {
      own = std::make_shared<Block>(*edit.snapshot.blocks[place], dimension_);
      edit.snapshot.blocks[place] = own;
    }
    return *own;
  }

  float* Numbers(Block& block, std::size_t row) const {
    return block.numbers.get() + row * dimension_;
  }

  // The last row moves into the gap.
  void RemoveRow(Edit& edit, const std::string& reference_id) {
    const auto found = row_of_.find(reference_id);
    if (found == row_of_.end()) return;
    const std::size_t gap = found->second;
    const std::size_t last = row_of_.size() - 1;
    row_of_.erase(found);
    Block& gap_block = OwnBlock(edit, gap / kBlockRows);
    Block& last_block = OwnBlock(edit, last / kBlockRows);
    RowName& gap_name = gap_block.names[gap % kBlockRows];
    ForgetPerson(gap_name.person_id);
    if (gap != last) {
      gap_name = last_block.names[last % kBlockRows];
      std::copy_n(Numbers(last_block, last % kBlockRows), dimension_,
                  Numbers(gap_block, gap % kBlockRows));
      row_of_[gap_name.reference_id] = gap;
    }
    last_block.names.pop_back();
    if (last_block.names.empty()) {
      edit.copied.erase(last / kBlockRows);
      edit.snapshot.blocks.pop_back();
    }
  }

  void AppendRow(Edit& edit, GalleryReference reference) {
    const std::size_t row = row_of_.size();
    const std::size_t place = row / kBlockRows;
    if (place == edit.snapshot.blocks.size()) {
      edit.copied[place] = std::make_shared<Block>(dimension_);
      edit.snapshot.blocks.push_back(edit.copied[place]);
    }
    Block& block = OwnBlock(edit, place);
    std::ranges::copy(reference.embedding, Numbers(block, row % kBlockRows));
    row_of_[reference.reference_id] = row;
    ++references_of_person_[reference.person_id];
    block.names.push_back({std::move(reference.reference_id), std::move(reference.person_id)});
  }

  void ForgetPerson(const std::string& person_id) {
    const auto person = references_of_person_.find(person_id);
    if (--person->second == 0) references_of_person_.erase(person);
  }

  const std::size_t dimension_;
  // Used by Apply's thread alone.
  std::unordered_map<std::string, std::size_t> row_of_;
  std::unordered_map<std::string, std::size_t> references_of_person_;
  // Held for the copy of one pointer. std::atomic<std::shared_ptr> would do the same, but the one
  // of libstdc++ 12 races with itself.
  mutable std::mutex snapshot_mutex_;
  std::shared_ptr<const Snapshot> snapshot_;  // guarded by snapshot_mutex_
};

}  // namespace

std::unique_ptr<GalleryIndex> MakeFlatIndex(int dimension) {
  return std::make_unique<FlatIndex>(dimension);
}

}  // namespace vigil::gallery
