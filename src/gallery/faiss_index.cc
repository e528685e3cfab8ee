// Searches over the current generation of lists, and the thread that makes the next one.
#include "gallery/faiss_index.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/log.h"
#include "gallery/exact_index.h"
#include "gallery/list_builder.h"
#include "gallery/list_generation.h"
#include "gallery/recall_watch.h"
#include "gallery/scan_crew.h"

namespace vigil::gallery {
namespace {

constexpr std::size_t kRecallWindow = 1000;
// Fewer samples say too little to change anything.
constexpr std::size_t kSamplesMin = 200;
constexpr int kCandidatesWatched = 10;

class ListedIndex final : public FaissIndex {
 public:
  ListedIndex(int dimension, const FaissIndexOptions& options)
      : dimension_(static_cast<std::size_t>(dimension)),
        options_(options),
        exact_(MakeExactIndex(dimension, options.exact)),
        crew_(options.exact.threads - 1),
        recall_(kRecallWindow, options.similarity_min),
        builder_([this](std::stop_token stop) { Build(std::move(stop)); }) {
    VIGIL_CHECK(options.sampled_every > 0, "every n-th search is sampled");
  }

  GallerySearch Search(std::span<const float> probe, int candidates_max) const override {
    const GalleryQuery query{.probe = probe, .candidates_max = candidates_max, .admits = {}};
    return std::move(SearchMany({&query, 1}).front());
  }

  std::vector<GallerySearch> SearchMany(std::span<const GalleryQuery> queries) const override {
    for (const GalleryQuery& query : queries) {
      VIGIL_CHECK(query.probe.size() == dimension_, "the probe must have the index's dimension");
    }
    // In this order: a generation lacks what was removed before it was made.
    const auto generation = CurrentGeneration();
    const auto snapshot = exact_->Current();
    if (generation != nullptr) SampleOne(queries);
    std::vector<GallerySearch> answers;
    answers.reserve(queries.size());
    for (auto& candidates : Answer(*snapshot, generation.get(), queries)) {
      answers.push_back({std::move(candidates), snapshot->info});
    }
    return answers;
  }

  void Apply(std::span<const std::string> removed_reference_ids,
             std::vector<GalleryReference> upserts, std::uint64_t sequence) override {
    exact_->Apply(removed_reference_ids, std::move(upserts), sequence);
    TellOfChange();
  }

  GalleryInfo Info() const override { return exact_->Info(); }

  bool Holds(const GalleryReference& reference) override { return exact_->Holds(reference); }
  std::vector<std::string> ReferenceIds() override { return exact_->ReferenceIds(); }
  bool IsSaved() const override { return exact_->IsSaved(); }
  Result<std::uint64_t> Restore() override { return exact_->Restore(); }
  void Tend() override {
    const auto before = exact_->Current();
    exact_->Tend();
    if (exact_->Current() != before) TellOfChange();
  }
  Status Save(const std::function<bool()>& given_up) override { return exact_->Save(given_up); }
  void Warm(const std::function<bool()>& given_up) override { exact_->Warm(given_up); }

  FaissIndexState State() const override {
    const auto generation = CurrentGeneration();
    const std::lock_guard lock(mutex_);
    FaissIndexState state = state_;
    state.exact_searches = exact_searches_;
    if (generation == nullptr) {
      state.searches_sampled = 0;
      state.recall_at_1 = state.recall_at_10 = std::nullopt;
      return state;
    }
    state.uses_lists = true;
    state.lists = generation->quantizer->ListCount();
    state.lists_probed = lists_probed_;
    for (const auto& segment : generation->segments) state.rows_listed += segment->Rows();
    return state;
  }

  void Settle() const override {
    std::unique_lock lock(mutex_);
    settled_.wait(lock, [this] { return idle_; });
  }

 private:
  std::shared_ptr<const ListGeneration> CurrentGeneration() const {
    const std::lock_guard lock(generation_mutex_);
    return generation_;
  }

  void Publish(std::shared_ptr<const ListGeneration> next) {
    // The old generation is let go after the lock, so that nobody waits for its memory to be freed.
    const std::lock_guard lock(generation_mutex_);
    generation_.swap(next);
  }

  std::vector<std::vector<Candidate>> Answer(const Snapshot& snapshot,
                                             const ListGeneration* generation,
                                             std::span<const GalleryQuery> queries) const {
    if (generation == nullptr) return exact_->Scan(snapshot, queries);
    std::vector<std::vector<Candidate>> answers(queries.size());
    std::vector<GalleryQuery> by_lists;
    std::vector<GalleryQuery> by_scan;
    std::vector<std::size_t> places;  // in `answers`, of by_lists and then of by_scan
    std::vector<std::size_t> scan_places;
    for (std::size_t i = 0; i < queries.size(); ++i) {
      const bool listed = IsForLists(queries[i]);
      (listed ? by_lists : by_scan).push_back(queries[i]);
      (listed ? places : scan_places).push_back(i);
    }
    auto found = AnswerByLists(snapshot, *generation, by_lists);
    for (std::size_t i = 0; i < found.size(); ++i) {
      if (found[i]) {
        answers[places[i]] = *std::move(found[i]);
      } else {
        by_scan.push_back(by_lists[i]);
        scan_places.push_back(places[i]);
      }
    }
    if (by_scan.empty()) return answers;
    exact_searches_ += std::ssize(by_scan);
    auto scanned = exact_->Scan(snapshot, by_scan);
    for (std::size_t i = 0; i < scanned.size(); ++i)
      answers[scan_places[i]] = std::move(scanned[i]);
    return answers;
  }

  // Means need every reference of a person; the scan also knows what to do with odd probes.
  static bool IsForLists(const GalleryQuery& query) {
    return query.candidates_max > 0 && query.references_averaged <= 1 &&
           std::ranges::all_of(query.probe, [](float number) { return std::isfinite(number); });
  }

  // Nothing for queries of which too few of the rows found were of persons that may be found.
  std::vector<std::optional<std::vector<Candidate>>> AnswerByLists(
      const Snapshot& snapshot, const ListGeneration& generation,
      std::span<const GalleryQuery> queries) const {
    std::vector<std::optional<std::vector<Candidate>>> answers(queries.size());
    if (queries.empty()) return answers;
    const CoveredView view(snapshot, generation);
    const auto unlisted = exact_->Scan(view.Rest(), queries);
    const ListSearchOptions options{.lists_probed = lists_probed_,
                                    .rows_rescored = options_.rows_rescored};
    std::atomic<std::size_t> next = 0;
    const std::function<void()> answer = [&] {
      for (std::size_t i; (i = next++) < queries.size();) {
        const auto wanted = static_cast<std::size_t>(queries[i].candidates_max);
        const ListAnswer listed = SearchLists(view, queries[i], options);
        auto merged = MergeCandidates(listed.candidates, unlisted[i], wanted);
        const std::size_t enough =
            queries[i].admits ? wanted : std::min(wanted, snapshot.info.persons);
        if (listed.complete || merged.size() >= enough) answers[i] = std::move(merged);
      }
    };
    queries.size() > 1 ? crew_.Run(answer) : answer();
    return answers;
  }

  void TellOfChange() {
    const std::lock_guard lock(mutex_);
    changed_ = true;
    idle_ = false;
    work_.notify_one();
  }

  // One search now and then; none while the last one waits.
  void SampleOne(std::span<const GalleryQuery> queries) const {
    const auto count = std::ssize(queries);
    const std::int64_t before = searches_.fetch_add(count);
    if (before / options_.sampled_every == (before + count) / options_.sampled_every) return;
    const GalleryQuery& query = queries.front();
    if (!IsForLists(query)) return;
    const std::lock_guard lock(mutex_);
    if (sample_) return;
    sample_.emplace(query.probe.begin(), query.probe.end());
    idle_ = false;
    work_.notify_one();
  }

  void Build(std::stop_token stop) {
    std::unique_lock lock(mutex_);
    while (work_.wait(lock, stop, [this] { return changed_ || sample_.has_value(); }) &&
           !stop.stop_requested()) {
      changed_ = false;
      const auto sample = std::exchange(sample_, std::nullopt);
      lock.unlock();
      Status status;
      try {
        status = Step(sample, stop);
      } catch (const std::exception& exception) {
        status = Fail(ErrorCode::kInternal, exception.what());
      }
      lock.lock();
      Note(status);
      idle_ = !changed_ && !sample_;
      if (idle_) settled_.notify_all();
    }
    idle_ = true;
    settled_.notify_all();
  }

  // Called with mutex_ held.
  void Note(const Status& status) {
    state_.training = false;
    const std::string before = std::exchange(state_.last_error, "");
    if (status.has_value() || status.error().code == ErrorCode::kCancelled) return;
    state_.last_error = status.error().message;
    if (state_.last_error == before) return;
    LogError("gallery", "the lists of the approximate search were left as they are: {}",
             state_.last_error);
  }

  Status Step(const std::optional<Embedding>& sample, const std::stop_token& stop) {
    const auto generation = CurrentGeneration();
    const auto snapshot = exact_->Current();
    if (sample && generation != nullptr) Watch(*sample, *snapshot, *generation);
    const std::size_t references = snapshot->info.references;
    const std::size_t references_min = std::max<std::size_t>(options_.references_min, 1);
    if (generation == nullptr) {
      return references >= references_min ? Train(*snapshot, stop) : Status();
    }
    if (2 * references < references_min || references == 0) {
      Publish(nullptr);
      LogInfo("gallery", "{} references are few enough to scan: searches are exact again",
              references);
      return {};
    }
    if (references >= 4 * generation->references_trained && references >= not_before_) {
      return Train(*snapshot, stop);
    }
    VIGIL_ASSIGN_OR_RETURN(
        auto next, ExtendGeneration(*generation, *snapshot, options_.rows_unlisted_max, stop));
    if (next != nullptr) Publish(std::move(next));
    return {};
  }

  Status Train(const Snapshot& snapshot, const std::stop_token& stop) {
    const std::size_t references = snapshot.info.references;
    // What failed is not tried again with every change, but when there is more to learn from.
    if (references < not_before_) return {};
    {
      const std::lock_guard lock(mutex_);
      state_.training = true;
    }
    auto trained = TrainGeneration(snapshot,
                                   {.lists = options_.lists,
                                    .recall_min = options_.recall_min,
                                    .mate_similarity = options_.mate_similarity},
                                   dimension_, stop);
    not_before_ = trained ? 0 : references + references / 10 + 1;
    VIGIL_RETURN_IF_ERROR(trained);
    const std::size_t lists = trained->generation->quantizer->ListCount();
    const std::size_t probed =
        options_.lists_probed > 0 ? options_.lists_probed : trained->lists_probed;
    if (!IsWorthwhile(probed, lists)) {
      SearchExactly(references, probed, lists);
      return {};
    }
    lists_probed_ = std::min(probed, lists);
    recall_.Forget();
    TellRecall();
    Publish(std::move(trained->generation));
    LogInfo("gallery", "{} references stand in {} lists, of which a search reads {}", references,
            lists, lists_probed_.load());
    return {};
  }

  // A row in a list costs about four times what it costs in the exact scan.
  bool IsWorthwhile(std::size_t lists_probed, std::size_t lists) const {
    return options_.lists_probed > 0 || 4 * lists_probed <= lists;
  }

  // Until the gallery has grown by a tenth.
  void SearchExactly(std::size_t references, std::size_t lists_probed, std::size_t lists) {
    not_before_ = references + references / 10 + 1;
    recall_.Forget();
    TellRecall();
    Publish(nullptr);
    LogInfo("gallery",
            "these faces form no clusters: a search would have to read {} of {} lists, so that all "
            "{} references are scanned instead",
            lists_probed, lists, references);
  }

  void TellRecall() {
    const std::lock_guard lock(mutex_);
    state_.searches_sampled = recall_.Samples();
    state_.recall_at_1 = recall_.AtOne();
    state_.recall_at_10 = recall_.AtTen();
  }

  // Repeats a live search in both ways.
  void Watch(const Embedding& sample, const Snapshot& snapshot, const ListGeneration& generation) {
    const GalleryQuery query{.probe = sample, .candidates_max = kCandidatesWatched, .admits = {}};
    const auto answered = Answer(snapshot, &generation, {&query, 1});
    const auto exact = exact_->Scan(snapshot, {&query, 1});
    recall_.Note(answered.front(), exact.front());
    const double at_one = recall_.AtOne().value_or(1);
    TellRecall();
    const std::size_t lists = generation.quantizer->ListCount();
    if (recall_.Samples() < kSamplesMin || at_one >= options_.recall_min) return;
    const std::size_t before = lists_probed_;
    if (before >= lists) return;
    if (!IsWorthwhile(2 * before, lists)) {
      SearchExactly(snapshot.info.references, 2 * before, lists);
      return;
    }
    lists_probed_ = std::min(2 * before, lists);
    LogWarning("gallery",
               "{:.1f} % of the sampled searches found their best person, less than the {:.1f} % "
               "wanted: {} instead of {} of {} lists are read from now on",
               100 * at_one, 100 * options_.recall_min, lists_probed_.load(), before, lists);
    recall_.Forget();
  }

  const std::size_t dimension_;
  const FaissIndexOptions options_;
  const std::unique_ptr<ExactIndex> exact_;
  mutable ScanCrew crew_;
  mutable std::atomic<std::int64_t> searches_ = 0;
  mutable std::atomic<std::int64_t> exact_searches_ = 0;
  std::atomic<std::size_t> lists_probed_ = 1;
  // Held for the copy of one pointer, as in the exact index.
  mutable std::mutex generation_mutex_;
  std::shared_ptr<const ListGeneration> generation_;  // guarded by generation_mutex_; null: none

  // Used by the builder alone.
  RecallWatch recall_;
  std::size_t not_before_ = 0;  // references from which learning is tried again

  mutable std::mutex mutex_;
  mutable std::condition_variable_any work_;
  mutable std::condition_variable settled_;
  bool changed_ = false;      // guarded by mutex_
  mutable bool idle_ = true;  // guarded by mutex_
  // A probe of a live search that is to be repeated.
  mutable std::optional<Embedding> sample_;  // guarded by mutex_
  FaissIndexState state_;                    // guarded by mutex_
  std::jthread builder_;
};

}  // namespace

std::unique_ptr<FaissIndex> MakeFaissIndex(int dimension, const FaissIndexOptions& options) {
  return std::make_unique<ListedIndex>(dimension, options);
}

}  // namespace vigil::gallery
