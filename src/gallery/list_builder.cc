// Sampling, listing and joining.
#include "gallery/list_builder.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <random>
#include <utility>
#include <vector>

namespace vigil::gallery {
namespace {

constexpr std::size_t kRowsAtOnce = 2048;
// FAISS asks for 39 rows a cluster at least; more make little difference on faces.
constexpr std::size_t kRowsLearntFrom = 40;
constexpr std::size_t kProbesTried = 1000;
// A segment is joined with the one before it unless that is so many times larger.
constexpr std::size_t kSegmentGrowth = 4;

// Rows of one chunk that are to be listed.
struct RowRange {
  std::size_t number;  // of the chunk in the generation
  std::size_t place;   // of the chunk in the snapshot
  std::size_t begin;
  std::size_t end;
};

struct RowSample {
  std::vector<float> learnt_from;
  // Others: a row that a cluster was learnt from lies nearer to it than one that comes later.
  std::vector<float> tried;
};

RowSample SampleRows(const Snapshot& snapshot, std::size_t dimension, std::size_t count_max) {
  const std::size_t references = snapshot.info.references;
  const std::size_t step = std::max<std::size_t>(references / count_max, 1);
  const std::size_t tried_step = std::max<std::size_t>(references / kProbesTried, 8);
  RowSample sample;
  sample.learnt_from.reserve((references / step + 1) * dimension);
  std::size_t living = 0;
  std::vector<float> scratch;
  for (const ChunkView& view : snapshot.chunks) {
    for (std::size_t row = 0; row < view.row_count; ++row) {
      if (!view.living->Has(row)) continue;
      const std::size_t number = living++;
      const bool tried = number % tried_step == tried_step - 1;
      if (!tried && number % step != 0) continue;
      const float* numbers = view.chunk->Numbers(row, scratch);
      auto& rows = tried ? sample.tried : sample.learnt_from;
      rows.insert(rows.end(), numbers, numbers + dimension);
    }
  }
  if (sample.tried.empty()) sample.tried = sample.learnt_from;
  return sample;
}

// Another photo of the same person, as far as chance can tell: `row` turned by the angle of that
// similarity.
std::vector<float> MateOf(std::span<const float> row, float similarity, std::mt19937& random) {
  std::normal_distribution<float> normal;
  std::vector<float> mate(row.size());
  double row_square = 0;
  double noise_square = 0;
  for (std::size_t i = 0; i < row.size(); ++i) {
    mate[i] = normal(random);
    row_square += double{row[i]} * row[i];
    noise_square += double{mate[i]} * mate[i];
  }
  const auto noise = static_cast<float>(std::sqrt((1 - double{similarity} * similarity) *
                                                  row_square / std::max(noise_square, 1e-30)));
  for (std::size_t i = 0; i < row.size(); ++i) mate[i] = similarity * row[i] + noise * mate[i];
  return mate;
}

// So many that the list of a row is among those nearest to a mate, in the share of cases wanted.
// Half of what may be missed is left to the codes.
Result<std::size_t> ListsToProbe(const ListQuantizer& quantizer, std::span<const float> rows,
                                 const TrainingOptions& options, const std::stop_token& stop) {
  const std::size_t dimension = quantizer.Dimension();
  VIGIL_ASSIGN_OR_RETURN(const auto lists, quantizer.Assign(rows, stop));
  std::mt19937 random(1);
  std::vector<std::size_t> ranks;
  for (std::size_t row = 0; row < lists.size(); ++row) {
    const auto mate =
        MateOf(rows.subspan(row * dimension, dimension), options.mate_similarity, random);
    const auto nearest = quantizer.NearestLists(mate, quantizer.ListCount());
    const auto found = std::ranges::find(nearest, lists[row]);
    ranks.push_back(static_cast<std::size_t>(found - nearest.begin()) + 1);
  }
  std::ranges::sort(ranks);
  const double share = (1 + options.recall_min) / 2;
  const auto place = static_cast<std::size_t>(std::ceil(share * static_cast<double>(ranks.size())));
  return std::min(ranks[std::clamp<std::size_t>(place, 1, ranks.size()) - 1],
                  quantizer.ListCount());
}

// Calls visit(label, list) for the living rows of `ranges`.
template <class Visit>
void VisitListed(const CoveredView& view, std::span<const RowRange> ranges,
                 std::span<const std::uint32_t> lists, Visit visit) {
  std::size_t next = 0;
  for (const RowRange& range : ranges) {
    for (std::size_t row = range.begin; row < range.end; ++row) {
      const std::uint32_t list = lists[next++];
      const RowLabel label = range.number * kChunkRows + row;
      if (view.IsLiving(label)) visit(label, list);
    }
  }
}

// Some rows of a chunk, one after the other.
std::span<const float> NumbersOf(const Chunk& chunk, std::size_t first_row, std::size_t count,
                                 std::vector<float>& scratch) {
  const std::size_t dimension = chunk.Dimension();
  if (chunk.HasNumbers()) return {chunk.Numbers(first_row), count * dimension};
  scratch.clear();
  std::vector<float> row;
  for (std::size_t i = 0; i < count; ++i) {
    const float* numbers = chunk.Numbers(first_row + i, row);
    scratch.insert(scratch.end(), numbers, numbers + dimension);
  }
  return scratch;
}

Result<std::vector<std::uint32_t>> AssignRanges(const ListQuantizer& quantizer,
                                                const Snapshot& snapshot,
                                                std::span<const RowRange> ranges,
                                                const std::stop_token& stop) {
  std::vector<std::uint32_t> lists;
  std::vector<float> scratch;
  for (const RowRange& range : ranges) {
    for (std::size_t row = range.begin; row < range.end; row += kRowsAtOnce) {
      const std::size_t count = std::min(kRowsAtOnce, range.end - row);
      const auto numbers = NumbersOf(*snapshot.chunks[range.place].chunk, row, count, scratch);
      VIGIL_ASSIGN_OR_RETURN(const auto assigned, quantizer.Assign(numbers, stop));
      lists.insert(lists.end(), assigned.begin(), assigned.end());
    }
  }
  return lists;
}

// `generation` covers the ranges already.
Result<std::shared_ptr<const ListSegment>> ListRows(const ListGeneration& generation,
                                                    const Snapshot& snapshot,
                                                    std::span<const RowRange> ranges,
                                                    const std::stop_token& stop) {
  const ListQuantizer& quantizer = *generation.quantizer;
  const std::size_t dimension = quantizer.Dimension();
  const CoveredView view(snapshot, generation);
  VIGIL_ASSIGN_OR_RETURN(const auto lists, AssignRanges(quantizer, snapshot, ranges, stop));
  std::vector<std::size_t> sizes(quantizer.ListCount());
  VisitListed(view, ranges, lists, [&](RowLabel, std::uint32_t list) { ++sizes[list]; });
  const auto segment = std::make_shared<ListSegment>(sizes, dimension);
  Status status;
  std::vector<float> scratch;
  VisitListed(view, ranges, lists, [&](RowLabel label, std::uint32_t list) {
    if (!status || stop.stop_requested()) return;
    const float* numbers = view.ChunkOf(label).Numbers(label % kChunkRows, scratch);
    const auto code = quantizer.Encode({numbers, dimension});
    if (!code) {
      status = std::unexpected(code.error());
      return;
    }
    segment->Append(list, label, code->data());
  });
  VIGIL_RETURN_IF_ERROR(status);
  if (stop.stop_requested()) return Fail(ErrorCode::kCancelled, "sort faces into lists: stopped");
  return segment;
}

// One segment of those rows of `segments` that still live.
std::shared_ptr<const ListSegment> Join(
    const CoveredView& view, std::span<const std::shared_ptr<const ListSegment>> segments) {
  const ListQuantizer& quantizer = *view.Generation().quantizer;
  std::vector<std::size_t> sizes(quantizer.ListCount());
  const auto visit = [&](auto take) {
    for (std::size_t list = 0; list < sizes.size(); ++list) {
      for (const auto& segment : segments) {
        const std::span<const RowLabel> labels = segment->Labels(list);
        for (std::size_t i = 0; i < labels.size(); ++i) {
          if (!view.IsLiving(labels[i])) continue;
          take(list, labels[i], segment->Codes(list) + i * quantizer.Dimension());
        }
      }
    }
  };
  visit([&](std::size_t list, RowLabel, const std::uint8_t*) { ++sizes[list]; });
  auto joined = std::make_shared<ListSegment>(sizes, quantizer.Dimension());
  visit([&](std::size_t list, RowLabel label, const std::uint8_t* code) {
    joined->Append(list, label, code);
  });
  return joined;
}

// Lets go of chunks that the snapshot no longer has. True when there were any.
bool LetGoOfGoneChunks(ListGeneration& generation, const Snapshot& snapshot) {
  bool any = false;
  for (CoveredChunk& covered : generation.chunks) {
    if (covered.identity == nullptr || IsIn(covered, snapshot)) continue;
    covered = {};
    any = true;
  }
  return any;
}

// The rows that no list holds.
std::vector<RowRange> UnlistedRows(const ListGeneration& generation, const Snapshot& snapshot) {
  std::vector<std::optional<std::size_t>> number_at(snapshot.chunks.size());
  for (std::size_t number = 0; number < generation.chunks.size(); ++number) {
    const CoveredChunk& covered = generation.chunks[number];
    if (covered.identity != nullptr) number_at[covered.place] = number;
  }
  std::vector<RowRange> ranges;
  std::size_t next_number = generation.chunks.size();
  for (std::size_t place = 0; place < snapshot.chunks.size(); ++place) {
    const ChunkView& view = snapshot.chunks[place];
    if (view.chunk == nullptr) continue;
    const auto number = number_at[place];
    const std::size_t begin = number ? generation.chunks[*number].rows : 0;
    if (begin >= view.row_count) continue;
    ranges.push_back({number ? *number : next_number++, place, begin, view.row_count});
  }
  return ranges;
}

void Cover(ListGeneration& generation, const Snapshot& snapshot, std::span<const RowRange> ranges) {
  for (const RowRange& range : ranges) {
    if (range.number == generation.chunks.size()) {
      generation.chunks.push_back({snapshot.chunks[range.place].chunk->Identity(), range.place, 0});
    }
    generation.chunks[range.number].rows = range.end;
  }
}

std::size_t ListedRows(const ListGeneration& generation) {
  std::size_t rows = 0;
  for (const auto& segment : generation.segments) rows += segment->Rows();
  return rows;
}

std::size_t LivingListedRows(const ListGeneration& generation, const Snapshot& snapshot) {
  std::size_t rest = 0;
  const CoveredView view(snapshot, generation);
  for (const ChunkView& chunk : view.Rest().chunks) rest += chunk.living->count;
  return snapshot.info.references - rest;
}

bool JoinSegments(ListGeneration& generation, const Snapshot& snapshot) {
  auto& segments = generation.segments;
  std::size_t kept = segments.size();
  if (ListedRows(generation) * 3 > LivingListedRows(generation, snapshot) * 4) {
    kept = 0;
  } else {
    std::size_t rows = 0;
    while (kept > 0 &&
           (kept == segments.size() || segments[kept - 1]->Rows() < kSegmentGrowth * rows)) {
      rows += segments[--kept]->Rows();
    }
    if (segments.size() - kept < 2) return false;
  }
  const CoveredView view(snapshot, generation);
  auto joined = Join(view, std::span(segments).subspan(kept));
  segments.resize(kept);
  if (joined->Rows() > 0) segments.push_back(std::move(joined));
  return true;
}

}  // namespace

Result<TrainedGeneration> TrainGeneration(const Snapshot& snapshot, const TrainingOptions& options,
                                          std::size_t dimension, std::stop_token stop) {
  const std::size_t references = snapshot.info.references;
  std::size_t lists = options.lists;
  if (lists == 0) lists = static_cast<std::size_t>(2 * std::sqrt(static_cast<double>(references)));
  lists = std::clamp<std::size_t>(lists, 1, std::max<std::size_t>(references / 4, 1));
  auto generation = std::make_shared<ListGeneration>();
  TrainedGeneration trained;
  {
    const auto sample = SampleRows(snapshot, dimension, lists * kRowsLearntFrom);
    VIGIL_ASSIGN_OR_RETURN(generation->quantizer,
                           ListQuantizer::Train(sample.learnt_from, dimension, lists, stop));
    VIGIL_ASSIGN_OR_RETURN(trained.lists_probed,
                           ListsToProbe(*generation->quantizer, sample.tried, options, stop));
  }
  generation->references_trained = references;
  const auto ranges = UnlistedRows(*generation, snapshot);
  Cover(*generation, snapshot, ranges);
  VIGIL_ASSIGN_OR_RETURN(auto segment, ListRows(*generation, snapshot, ranges, stop));
  generation->segments.push_back(std::move(segment));
  trained.generation = std::move(generation);
  return trained;
}

Result<std::shared_ptr<const ListGeneration>> ExtendGeneration(const ListGeneration& generation,
                                                               const Snapshot& snapshot,
                                                               std::size_t rows_unlisted_max,
                                                               std::stop_token stop) {
  auto next = std::make_shared<ListGeneration>(generation);
  bool changed = LetGoOfGoneChunks(*next, snapshot);
  const auto ranges = UnlistedRows(*next, snapshot);
  std::size_t unlisted = 0;
  for (const RowRange& range : ranges) unlisted += range.end - range.begin;
  if (unlisted > 0 && unlisted >= rows_unlisted_max) {
    Cover(*next, snapshot, ranges);
    VIGIL_ASSIGN_OR_RETURN(auto segment, ListRows(*next, snapshot, ranges, stop));
    next->segments.push_back(std::move(segment));
    changed = true;
  }
  changed = JoinSegments(*next, snapshot) || changed;
  if (!changed) return std::shared_ptr<const ListGeneration>();
  return std::shared_ptr<const ListGeneration>(std::move(next));
}

}  // namespace vigil::gallery
