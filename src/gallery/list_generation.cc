// Scores of codes choose rows, true similarities choose persons.
#include "gallery/list_generation.h"

#include <algorithm>
#include <array>
#include <limits>
#include <unordered_map>
#include <utility>

#include "gallery/best_persons.h"
#include "gallery/dot_product.h"

namespace vigil::gallery {
namespace {

constexpr std::size_t kScoresAtOnce = 64;
// Rows whose numbers are asked of the disk together.
constexpr std::size_t kFetchedAtOnce = 16;

struct ScoredRow {
  float score;
  RowLabel label;
};

// The rows of the highest scores. Sorts now and then instead of with every row.
class BestRows {
 public:
  explicit BestRows(std::size_t count_max) : count_max_(count_max) { rows_.reserve(2 * count_max); }

  float Threshold() const { return threshold_; }

  void Offer(ScoredRow row) {
    rows_.push_back(row);
    if (rows_.size() == 2 * count_max_) Prune();
  }

  // Best first.
  std::vector<ScoredRow> Take() {
    std::ranges::sort(rows_, std::ranges::greater{}, &ScoredRow::score);
    if (rows_.size() > count_max_) {
      rows_.resize(count_max_);
      pruned_ = true;
    }
    return std::move(rows_);
  }
  // Whether a row was left out for a better one.
  bool Pruned() const { return pruned_; }

 private:
  void Prune() {
    const auto last = rows_.begin() + static_cast<std::ptrdiff_t>(count_max_) - 1;
    std::ranges::nth_element(rows_, last, std::ranges::greater{}, &ScoredRow::score);
    threshold_ = last->score;
    rows_.resize(count_max_);
    pruned_ = true;
  }

  const std::size_t count_max_;
  std::vector<ScoredRow> rows_;
  float threshold_ = -std::numeric_limits<float>::infinity();
  bool pruned_ = false;
};

void ScanList(const ListSegment& segment, std::size_t list, std::span<const float> weights,
              const CoveredView& view, BestRows& best) {
  const std::span<const RowLabel> labels = segment.Labels(list);
  const std::uint8_t* codes = segment.Codes(list);
  std::array<float, kScoresAtOnce> scores{};
  for (std::size_t first = 0; first < labels.size(); first += kScoresAtOnce) {
    const std::size_t count = std::min(kScoresAtOnce, labels.size() - first);
    CodeScores(weights.data(), codes + first * weights.size(), count, weights.size(),
               scores.data());
    for (std::size_t i = 0; i < count; ++i) {
      // Only few get past the threshold, so that only few marks are looked up.
      if (!(scores[i] > best.Threshold()) || !view.IsLiving(labels[first + i])) continue;
      best.Offer({scores[i], labels[first + i]});
    }
  }
}

bool IsBefore(const Candidate& left, const Candidate& right) {
  if (left.similarity != right.similarity) return left.similarity > right.similarity;
  return left.reference_id < right.reference_id;
}

// Memory is asked for the next row, the disk, where it has the numbers, for several at once.
void Prefetch(const CoveredView& view, std::span<const ScoredRow> rows, std::size_t current,
              std::size_t dimension) {
  if (current % kFetchedAtOnce == 0) {
    const auto ahead = rows.subspan(current);
    for (const ScoredRow& row : ahead.first(std::min(ahead.size(), kFetchedAtOnce))) {
      view.ChunkOf(row.label).WillRead(row.label % kChunkRows);
    }
  }
  if (current + 1 == rows.size()) return;
  const RowLabel label = rows[current + 1].label;
  const Chunk& chunk = view.ChunkOf(label);
  if (!chunk.HasNumbers()) return;
  const float* numbers = chunk.Numbers(label % kChunkRows);
  for (std::size_t i = 0; i < dimension; i += 16) __builtin_prefetch(numbers + i);
}

}  // namespace

bool IsIn(const CoveredChunk& covered, const Snapshot& snapshot) {
  if (covered.identity == nullptr || covered.place >= snapshot.chunks.size()) return false;
  const auto& chunk = snapshot.chunks[covered.place].chunk;
  return chunk != nullptr && chunk->Identity() == covered.identity;
}

CoveredView::CoveredView(const Snapshot& snapshot, const ListGeneration& generation)
    : generation_(generation),
      chunks_(generation.chunks.size()),
      living_(generation.chunks.size()) {
  rest_.chunks = snapshot.chunks;
  rest_.info = snapshot.info;
  for (std::size_t number = 0; number < generation.chunks.size(); ++number) {
    const CoveredChunk& covered = generation.chunks[number];
    if (!IsIn(covered, snapshot)) continue;
    ChunkView& view = rest_.chunks[covered.place];
    chunks_[number] = view.chunk.get();
    living_[number] = snapshot.chunks[covered.place].living.get();
    if (covered.rows >= view.row_count) {
      view = {};
      continue;
    }
    auto left = std::make_shared<Living>(*view.living);
    for (std::size_t row = 0; row < covered.rows; ++row) {
      if (!left->Has(row)) continue;
      left->groups[row / kGroupRows] &= static_cast<std::uint16_t>(~(1U << row % kGroupRows));
      --left->count;
    }
    view.living = std::move(left);
  }
  std::erase_if(rest_.chunks, [](const ChunkView& view) {
    return view.chunk == nullptr || view.living->count == 0;
  });
}

ListAnswer SearchLists(const CoveredView& view, const GalleryQuery& query,
                       const ListSearchOptions& options) {
  const ListGeneration& generation = view.Generation();
  const ListQuantizer& quantizer = *generation.quantizer;
  const std::vector<float> weights = quantizer.CodeWeights(query.probe);
  const auto count = static_cast<std::size_t>(query.candidates_max);
  BestRows best(std::max(options.rows_rescored, 8 * count));
  for (const std::uint32_t list : quantizer.NearestLists(query.probe, options.lists_probed)) {
    for (const auto& segment : generation.segments) ScanList(*segment, list, weights, view, best);
  }
  const std::vector<ScoredRow> rows = best.Take();
  BestPersons persons(count);
  std::unordered_map<std::uint32_t, bool> admitted;
  std::vector<float> scratch;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    Prefetch(view, rows, i, query.probe.size());
    const Chunk& chunk = view.ChunkOf(rows[i].label);
    const std::size_t row = rows[i].label % kChunkRows;
    Found found{
        .person = chunk.Persons()[row], .chunk = &chunk, .row = static_cast<std::uint32_t>(row)};
    if (query.admits) {
      const auto [known, is_new] = admitted.try_emplace(found.person, false);
      if (is_new) known->second = query.admits(chunk.PersonId(row));
      if (!known->second) continue;
    }
    DotProducts(query.probe.data(), chunk.Numbers(row, scratch), 1, query.probe.size(),
                &found.similarity);
    persons.Offer(found);
  }
  ListAnswer answer;
  for (const Found& found : persons.Take()) {
    answer.candidates.push_back(
        {found.chunk->PersonId(found.row), found.chunk->ReferenceId(found.row), found.similarity});
  }
  answer.complete = options.lists_probed >= quantizer.ListCount() && !best.Pruned();
  return answer;
}

std::vector<Candidate> MergeCandidates(std::span<const Candidate> left,
                                       std::span<const Candidate> right, std::size_t count) {
  std::vector<Candidate> merged(left.begin(), left.end());
  for (const Candidate& candidate : right) {
    const auto same = std::ranges::find(merged, candidate.person_id, &Candidate::person_id);
    if (same == merged.end()) {
      merged.push_back(candidate);
    } else if (IsBefore(candidate, *same)) {
      *same = candidate;
    }
  }
  std::ranges::sort(merged, IsBefore);
  if (merged.size() > count) merged.resize(count);
  return merged;
}

}  // namespace vigil::gallery
