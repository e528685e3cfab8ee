// Two ways through the codes, one shortlist, one rescoring.
#include "gallery/scan.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cmath>
#include <limits>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "gallery/best_persons.h"
#include "gallery/dot_product.h"
#include "gallery/row_code.h"

namespace vigil::gallery {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
// Coarse sums that are made before any of them is looked at.
constexpr std::size_t kBlockGroups = 32;
constexpr std::size_t kBlockRows = kBlockGroups * kGroupRows;
// From so many probes on, whole codes for all of them cost less than coarse codes for each.
constexpr std::size_t kWideProbesMin = 4;
constexpr std::size_t kShortlistPruned = 4096;
// Rows whose numbers are asked of the disk together.
constexpr std::size_t kFetchedAtOnce = 16;

// A row whose true similarity must be known.
struct Rough {
  float upper = 0;
  std::uint32_t person = 0;
  std::uint32_t chunk = 0;  // place in the snapshot
  std::uint32_t row = 0;
};

struct Bounds {
  float lower;
  float upper;
};

struct ScannedQuery {
  ScannedQuery(const GalleryQuery& asked, std::size_t count)
      : query(asked), probe(EncodeProbe(asked.probe)), lower_bounds(count) {}

  const GalleryQuery& query;
  const ProbeCode probe;
  std::atomic<float> threshold = -kInfinity;  // the highest that any thread has proven

  std::mutex mutex;
  LowerBounds lower_bounds;      // guarded by mutex, of the threads that have ended
  std::vector<Rough> shortlist;  // guarded by mutex
};

enum class Code { kCoarse, kWhole };

// Bounds what a code, the probe's code and every rounding may lose, the rounding of the true
// similarity's own sum included.
BoundTerms TermsOf(const ProbeCode& probe, const ChunkView& view, Code code) {
  const double length = view.length_max;
  const double code_length = probe.length + probe.error;
  const auto dimension = static_cast<double>(probe.codes.size());
  const double unit = 0x1p-24;
  const double slack =
      length * (probe.error + unit * (dimension + 64) * probe.length + 128 * unit * code_length) *
          1.0001 +
      1e-30;
  const bool coarse = code == Code::kCoarse;
  return {.offset = probe.code_sum * (coarse ? -15 : -255),
          .scale_factor = probe.scale * (coarse ? 8.0F : 0.5F),
          .error_factor = static_cast<float>(code_length * 1.000001),
          .slack = static_cast<float>(slack)};
}

Bounds BoundsOf(std::int32_t sum, float scale, float error, const BoundTerms& terms) {
  const double middle = double{terms.scale_factor} * scale * (2 * sum + terms.offset);
  const double margin = double{terms.error_factor} * error + terms.slack;
  const auto lower = static_cast<float>(middle - margin);
  const auto upper = static_cast<float>(middle + margin);
  return {std::isnan(lower) ? -kInfinity : lower, std::isnan(upper) ? kInfinity : upper};
}

// One thread's share of the work on one query.
class Shortlist {
 public:
  Shortlist(ScannedQuery& query, std::size_t count) : query_(query), lower_bounds_(count) {}

  const ProbeCode& Probe() const { return query_.probe; }
  const float* Numbers() const { return query_.query.probe.data(); }
  std::size_t Dimension() const { return query_.query.probe.size(); }

  // The highest that this thread knows of.
  float Threshold() const { return threshold_; }

  void Offer(const ChunkView& view, std::size_t place, std::size_t row, Bounds bounds) {
    if (bounds.upper < threshold_) return;
    const std::uint32_t person = view.chunk->Persons()[row];
    if (!Admits(person, *view.chunk, row)) return;
    rough_.push_back(
        {bounds.upper, person, static_cast<std::uint32_t>(place), static_cast<std::uint32_t>(row)});
    lower_bounds_.Offer(person, bounds.lower);
    threshold_ = std::max(threshold_, lower_bounds_.Threshold());
    if (rough_.size() >= pruned_at_) Prune();
  }

  // Tells the other threads what is certain by now, and learns it from them.
  void Share() {
    const float own = lower_bounds_.Threshold();
    float known = query_.threshold.load(std::memory_order_relaxed);
    while (own > known && !query_.threshold.compare_exchange_weak(known, own)) {
    }
    threshold_ = std::max(own, known);
  }

  void End() {
    const std::lock_guard lock(query_.mutex);
    query_.lower_bounds.Merge(lower_bounds_);
    query_.shortlist.insert(query_.shortlist.end(), rough_.begin(), rough_.end());
  }

 private:
  bool Admits(std::uint32_t person, const Chunk& chunk, std::size_t row) {
    if (!query_.query.admits) return true;
    const auto [known, is_new] = admitted_.try_emplace(person, false);
    if (is_new) known->second = query_.query.admits(chunk.PersonId(row));
    return known->second;
  }

  void Prune() {
    std::erase_if(rough_, [this](const Rough& rough) { return rough.upper < threshold_; });
    pruned_at_ = std::max(kShortlistPruned, 2 * rough_.size());
  }

  ScannedQuery& query_;
  LowerBounds lower_bounds_;
  float threshold_ = -kInfinity;
  std::vector<Rough> rough_;
  std::size_t pruned_at_ = kShortlistPruned;
  std::unordered_map<std::uint32_t, bool> admitted_;
};

struct alignas(64) Line {
  std::array<std::uint8_t, 64> bytes;
};

// One thread going through chunks with all queries.
class ChunkScan {
 public:
  ChunkScan(const Snapshot& snapshot, std::span<Shortlist> lists, const ScanKernels& kernels)
      : snapshot_(snapshot), lists_(lists), kernels_(kernels), terms_(lists.size()) {
    padded_ = lists.front().Probe().codes.size();
    if (lists.size() < kWideProbesMin) return;
    wide_groups_.resize(kTileRows * padded_ / sizeof(Line));
    packed_.resize(lists.size() * padded_ / 4);
    std::array<const std::int8_t*, kTileProbes> tile{};
    for (std::size_t first = 0; first < lists.size(); first += kTileProbes) {
      const std::size_t count = std::min(kTileProbes, lists.size() - first);
      for (std::size_t i = 0; i < count; ++i) tile[i] = lists[first + i].Probe().codes.data();
      PackProbes(std::span(tile).first(count), padded_, packed_.data() + first * padded_ / 4);
    }
  }

  void Scan(std::size_t place) {
    const ChunkView& view = snapshot_.chunks[place];
    if (view.chunk == nullptr || view.living->count == 0) return;
    const bool wide = !packed_.empty();
    for (std::size_t i = 0; i < lists_.size(); ++i) {
      terms_[i] = TermsOf(lists_[i].Probe(), view, wide ? Code::kWhole : Code::kCoarse);
    }
    const std::size_t groups = view.row_count / kGroupRows;
    if (wide) {
      for (std::size_t group = 0; group < groups; group += kTileGroups) {
        ScanTile(place, group, std::min(kTileGroups, groups - group));
      }
    } else {
      for (std::size_t group = 0; group < groups; group += kBlockGroups) {
        ScanBlock(place, group, std::min(kBlockGroups, groups - group));
      }
    }
    ScanOpenGroup(place);
    for (Shortlist& list : lists_) list.Share();
  }

 private:
  struct Survivor {
    std::uint32_t row;
    std::int32_t coarse_sum;
  };

  void ScanBlock(std::size_t place, std::size_t first_group, std::size_t group_count) {
    const ChunkView& view = snapshot_.chunks[place];
    const Chunk& chunk = *view.chunk;
    for (std::size_t i = 0; i < lists_.size(); ++i) {
      kernels_.coarse(chunk.CoarseGroup(first_group), group_count, padded_,
                      lists_[i].Probe().codes.data(), sums_.data());
      const float threshold = lists_[i].Threshold();
      std::size_t survivors = 0;
      for (std::size_t group = 0; group < group_count; ++group) {
        const std::size_t first_row = (first_group + group) * kGroupRows;
        std::uint32_t rows =
            kernels_.screen(sums_.data() + group * kGroupRows, chunk.Scales() + first_row,
                            chunk.CoarseErrors() + first_row, terms_[i], threshold) &
            view.living->groups[first_group + group];
        for (; rows != 0; rows &= rows - 1) {
          const auto lane = static_cast<std::size_t>(std::countr_zero(rows));
          const std::uint8_t* fine = chunk.FineRow(first_row + lane);
          for (std::size_t byte = 0; byte < padded_ / 2; byte += 64) {
            __builtin_prefetch(fine + byte);
          }
          survivors_[survivors++] = {static_cast<std::uint32_t>(first_row + lane),
                                     sums_[group * kGroupRows + lane]};
        }
      }
      Refine(place, lists_[i], std::span(survivors_).first(survivors));
    }
  }

  // The lower halves of the codes of those whom the upper halves could not rule out.
  void Refine(std::size_t place, Shortlist& list, std::span<const Survivor> survivors) {
    if (survivors.empty()) return;
    const ChunkView& view = snapshot_.chunks[place];
    const Chunk& chunk = *view.chunk;
    const BoundTerms terms = TermsOf(list.Probe(), view, Code::kWhole);
    for (const Survivor& survivor : survivors) {
      const std::int32_t sum =
          16 * survivor.coarse_sum +
          kernels_.fine(chunk.FineRow(survivor.row), padded_, list.Probe().codes.data());
      list.Offer(
          view, place, survivor.row,
          BoundsOf(sum, chunk.Scales()[survivor.row], chunk.FineErrors()[survivor.row], terms));
    }
  }

  void ScanTile(std::size_t place, std::size_t first_group, std::size_t group_count) {
    const ChunkView& view = snapshot_.chunks[place];
    const Chunk& chunk = *view.chunk;
    std::uint8_t* wide = wide_groups_.front().bytes.data();
    for (std::size_t group = 0; group < group_count; ++group) {
      kernels_.join(chunk.CoarseGroup(first_group + group),
                    chunk.FineRow((first_group + group) * kGroupRows), padded_,
                    wide + group * kGroupRows * padded_);
    }
    for (std::size_t first = 0; first < lists_.size(); first += kTileProbes) {
      const std::size_t count = std::min(kTileProbes, lists_.size() - first);
      kernels_.wide(wide, padded_, packed_.data() + first * padded_ / 4, count, sums_.data());
      for (std::size_t i = 0; i < count; ++i) {
        for (std::size_t group = 0; group < group_count; ++group) {
          ScreenTile(place, first_group + group, first + i,
                     sums_.data() + i * kTileRows + group * kGroupRows);
        }
      }
    }
  }

  void ScreenTile(std::size_t place, std::size_t group, std::size_t i, const std::int32_t* sums) {
    const ChunkView& view = snapshot_.chunks[place];
    const Chunk& chunk = *view.chunk;
    const std::size_t first_row = group * kGroupRows;
    std::uint32_t rows =
        kernels_.screen(sums, chunk.Scales() + first_row, chunk.FineErrors() + first_row, terms_[i],
                        lists_[i].Threshold()) &
        view.living->groups[group];
    for (; rows != 0; rows &= rows - 1) {
      const auto lane = static_cast<std::size_t>(std::countr_zero(rows));
      const std::size_t row = first_row + lane;
      lists_[i].Offer(
          view, place, row,
          BoundsOf(sums[lane], chunk.Scales()[row], chunk.FineErrors()[row], terms_[i]));
    }
  }

  // Rows without codes yet: fewer than a group, so their true similarities cost little.
  void ScanOpenGroup(std::size_t place) {
    const ChunkView& view = snapshot_.chunks[place];
    const std::size_t first = view.row_count / kGroupRows * kGroupRows;
    if (first == view.row_count) return;
    std::array<float, kGroupRows> similarities{};
    for (Shortlist& list : lists_) {
      DotProducts(list.Numbers(), view.chunk->Numbers(first), view.row_count - first,
                  list.Dimension(), similarities.data());
      for (std::size_t row = first; row < view.row_count; ++row) {
        const float similarity = similarities[row - first];
        if (!view.living->Has(row) || std::isnan(similarity)) continue;
        list.Offer(view, place, row, {similarity, similarity});
      }
    }
  }

  const Snapshot& snapshot_;
  const std::span<Shortlist> lists_;
  const ScanKernels& kernels_;
  std::size_t padded_ = 0;
  std::vector<BoundTerms> terms_;  // of the chunk in work, one a query
  std::vector<Line> wide_groups_;
  std::vector<std::int32_t> packed_;
  alignas(64) std::array<std::int32_t, kBlockRows> sums_{};
  std::array<Survivor, kBlockRows> survivors_{};
};

static_assert(kBlockRows >= kTileRows * kTileProbes);

// Tells the disk, where it has the numbers, which of them come next: it finds several in the time
// of one.
void Fetch(const Snapshot& snapshot, std::span<const Rough> rows) {
  for (const Rough& row : rows) snapshot.chunks[row.chunk].chunk->WillRead(row.row);
}

void Prefetch(const Snapshot& snapshot, const Rough& row, std::size_t dimension) {
  const Chunk& chunk = *snapshot.chunks[row.chunk].chunk;
  if (!chunk.HasNumbers()) return;
  const float* numbers = chunk.Numbers(row.row);
  for (std::size_t number = 0; number < dimension; number += 16) {
    __builtin_prefetch(numbers + number);
  }
}

// True similarities, the most promising first, until no other can be as good.
std::vector<Found> Rescore(const Snapshot& snapshot, ScannedQuery& scanned, std::size_t count) {
  std::vector<Rough>& rough = scanned.shortlist;
  const float threshold = scanned.lower_bounds.Threshold();
  std::erase_if(rough, [=](const Rough& row) { return row.upper < threshold; });
  std::ranges::sort(rough, std::ranges::greater{}, &Rough::upper);
  const std::span<const float> probe = scanned.query.probe;
  BestPersons best(count);
  std::vector<float> scratch;
  for (std::size_t i = 0; i < rough.size() && best.MayEnter(rough[i].upper); ++i) {
    if (i % kFetchedAtOnce == 0) {
      const auto ahead = std::span(rough).subspan(i);
      Fetch(snapshot, ahead.first(std::min(ahead.size(), kFetchedAtOnce)));
    }
    if (i + 1 < rough.size()) Prefetch(snapshot, rough[i + 1], probe.size());
    const Chunk& chunk = *snapshot.chunks[rough[i].chunk].chunk;
    Found found{.person = rough[i].person, .chunk = &chunk, .row = rough[i].row};
    DotProducts(probe.data(), chunk.Numbers(rough[i].row, scratch), 1, probe.size(),
                &found.similarity);
    best.Offer(found);
  }
  return best.Take();
}

// The best persons for each query by the best of their rows. `counts` says how many.
std::vector<std::vector<Found>> FindBest(const Snapshot& snapshot,
                                         std::span<const GalleryQuery* const> queries,
                                         std::span<const std::size_t> counts,
                                         const ScanKernels& kernels, ScanCrew& crew) {
  std::vector<std::vector<Found>> found(queries.size());
  std::vector<std::unique_ptr<ScannedQuery>> scanned;
  for (std::size_t i = 0; i < queries.size(); ++i) {
    scanned.push_back(std::make_unique<ScannedQuery>(*queries[i], counts[i]));
  }
  if (scanned.empty()) return found;
  std::atomic<std::size_t> next_chunk = 0;
  const std::function<void()> scan = [&] {
    std::vector<Shortlist> lists;
    for (std::size_t i = 0; i < scanned.size(); ++i) lists.emplace_back(*scanned[i], counts[i]);
    const auto chunks = std::make_unique<ChunkScan>(snapshot, lists, kernels);
    for (std::size_t place; (place = next_chunk++) < snapshot.chunks.size();) chunks->Scan(place);
    for (Shortlist& list : lists) list.End();
  };
  std::atomic<std::size_t> next_query = 0;
  const std::function<void()> rescore = [&] {
    for (std::size_t i; (i = next_query++) < scanned.size();) {
      found[i] = Rescore(snapshot, *scanned[i], counts[i]);
    }
  };
  const bool shared = snapshot.chunks.size() > 1;
  shared ? crew.Run(scan) : scan();
  shared&& scanned.size() > 1 ? crew.Run(rescore) : rescore();
  return found;
}

// Mean of the `count` best of a person's similarities, which it orders.
float MeanOfBest(std::vector<float>& similarities, int count) {
  std::ranges::sort(similarities, std::ranges::greater{});
  const std::size_t taken = std::min(similarities.size(), static_cast<std::size_t>(count));
  double sum = 0;
  for (std::size_t i = 0; i < taken; ++i) sum += similarities[i];
  return static_cast<float>(sum / static_cast<double>(taken));
}

// Gives each of `persons` its mean instead of its best similarity, and puts them in order.
void Average(const Snapshot& snapshot, const GalleryQuery& query, std::vector<Found>& persons) {
  std::unordered_map<std::uint32_t, std::vector<float>> similarities;
  for (const Found& person : persons) similarities[person.person];
  std::vector<float> scratch;
  for (const ChunkView& view : snapshot.chunks) {
    for (std::size_t row = 0; row < view.row_count; ++row) {
      const auto person = similarities.find(view.chunk->Persons()[row]);
      if (person == similarities.end() || !view.living->Has(row)) continue;
      float& similarity = person->second.emplace_back();
      DotProducts(query.probe.data(), view.chunk->Numbers(row, scratch), 1, query.probe.size(),
                  &similarity);
    }
  }
  for (Found& person : persons) {
    person.similarity = MeanOfBest(similarities[person.person], query.references_averaged);
  }
  std::ranges::sort(persons, IsBetter);
}

// A mean is never above the best it is made of: once enough means are above the best similarity of
// the last person found, nobody further down can come in. Until then, more persons are found.
std::vector<Found> FindByMean(const Snapshot& snapshot, const GalleryQuery& query,
                              const ScanKernels& kernels, ScanCrew& crew) {
  const auto wanted = static_cast<std::size_t>(query.candidates_max);
  const GalleryQuery* const asked = &query;
  for (std::size_t count = 4 * wanted;; count *= 4) {
    auto persons = std::move(FindBest(snapshot, {&asked, 1}, {&count, 1}, kernels, crew).front());
    const bool everybody = persons.size() < count;
    const float highest_left = everybody ? -kInfinity : persons.back().similarity;
    Average(snapshot, query, persons);
    if (!everybody && !(persons[wanted - 1].similarity > highest_left)) continue;
    persons.resize(std::min(persons.size(), wanted));
    return persons;
  }
}

bool IsSearchable(const GalleryQuery& query) {
  return query.candidates_max > 0 &&
         std::ranges::all_of(query.probe, [](float number) { return std::isfinite(number); });
}

std::vector<Candidate> CandidatesOf(std::span<const Found> found) {
  std::vector<Candidate> candidates;
  candidates.reserve(found.size());
  for (const Found& best : found) {
    candidates.push_back(
        {best.chunk->PersonId(best.row), best.chunk->ReferenceId(best.row), best.similarity});
  }
  return candidates;
}

}  // namespace

std::vector<std::vector<Candidate>> ScanSnapshot(const Snapshot& snapshot,
                                                 std::span<const GalleryQuery> queries,
                                                 const ScanKernels& kernels, ScanCrew& crew) {
  std::vector<const GalleryQuery*> asked;
  std::vector<std::size_t> counts;
  std::vector<std::size_t> places;
  std::vector<std::vector<Candidate>> answers(queries.size());
  for (std::size_t i = 0; i < queries.size(); ++i) {
    if (!IsSearchable(queries[i])) continue;
    if (queries[i].references_averaged > 1) {
      answers[i] = CandidatesOf(FindByMean(snapshot, queries[i], kernels, crew));
      continue;
    }
    asked.push_back(&queries[i]);
    counts.push_back(static_cast<std::size_t>(queries[i].candidates_max));
    places.push_back(i);
  }
  const auto found = FindBest(snapshot, asked, counts, kernels, crew);
  for (std::size_t i = 0; i < found.size(); ++i) answers[places[i]] = CandidatesOf(found[i]);
  return answers;
}

}  // namespace vigil::gallery
