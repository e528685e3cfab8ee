// The gallery's truth in memory.
#pragma once

#include <algorithm>
#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "core/gallery.h"

namespace vigil {

// Behaves like the database's gallery: Add and Remove log their change and count it in one step.
// FailWith makes every call fail until it is cleared. Thread-safe.
class FakeGalleryStore final : public GalleryStore {
 public:
  void Add(const std::string& space_key, GalleryReference reference) {
    const std::lock_guard lock(mutex_);
    Log(reference.reference_id);
    const std::string id = reference.reference_id;
    references_[id] = {space_key, std::move(reference)};
  }

  void Remove(const std::string& reference_id) {
    const std::lock_guard lock(mutex_);
    Log(reference_id);
    references_.erase(reference_id);
  }

  // Changes what is stored without a line in the log: the damage that a self-check must find.
  void ChangeSilently(GalleryReference reference) {
    const std::lock_guard lock(mutex_);
    Stored& stored = references_[reference.reference_id];
    stored.reference = std::move(reference);
  }

  Result<std::uint64_t> GallerySequence() override {
    const std::lock_guard lock(mutex_);
    if (failure_.has_value()) return std::unexpected(*failure_);
    if (failure_after_.has_value()) failure_ = std::exchange(failure_after_, std::nullopt);
    return log_.size();
  }

  Result<std::vector<GalleryChange>> GalleryChangesAfter(std::uint64_t sequence,
                                                         int limit) override {
    const std::lock_guard lock(mutex_);
    if (failure_.has_value()) return std::unexpected(*failure_);
    std::vector<GalleryChange> changes;
    for (std::uint64_t next = std::max(sequence, forgotten_) + 1; next <= log_.size(); ++next) {
      if (std::ssize(changes) >= limit) break;
      changes.push_back({next, log_[next - 1]});
    }
    return changes;
  }

  Result<std::vector<GalleryReference>> LoadReferences(std::span<const std::string> reference_ids,
                                                       const std::string& space_key) override {
    const std::lock_guard lock(mutex_);
    if (failure_.has_value()) return std::unexpected(*failure_);
    if (throws_) throw std::runtime_error("a fault of the store");
    std::vector<GalleryReference> living;
    for (const std::string& id : reference_ids) {
      const auto found = references_.find(id);
      if (found == references_.end() || found->second.space_key != space_key) continue;
      living.push_back(found->second.reference);
    }
    return living;
  }

  Result<std::pair<std::vector<GalleryReference>, std::uint64_t>> LoadAllReferences(
      const std::string& space_key) override {
    const std::lock_guard lock(mutex_);
    ++full_reads_;
    if (failure_.has_value()) return std::unexpected(*failure_);
    std::vector<GalleryReference> living;
    for (const auto& [id, stored] : references_) {
      if (stored.space_key == space_key) living.push_back(stored.reference);
    }
    return std::pair{std::move(living), std::uint64_t{log_.size()}};
  }

  Result<ReferencePage> LoadReferencesAfter(const std::string& space_key,
                                            const std::string& after_id, int limit) override {
    if (!after_id.empty()) RunBeforeNextPage();
    const std::lock_guard lock(mutex_);
    if (after_id.empty()) ++comparisons_;
    if (failure_.has_value()) return std::unexpected(*failure_);
    ReferencePage page{.references = {}, .last_id = {}, .sequence = log_.size()};
    for (auto next = references_.upper_bound(after_id); next != references_.end(); ++next) {
      if (next->second.space_key != space_key) continue;
      page.references.push_back(next->second.reference);
      if (std::ssize(page.references) < limit) continue;
      page.last_id = next->first;
      break;
    }
    return page;
  }

  Result<std::string> GalleryChangeName(std::uint64_t sequence) override {
    const std::lock_guard lock(mutex_);
    if (failure_.has_value()) return std::unexpected(*failure_);
    if (sequence <= forgotten_ || sequence > log_.size()) return std::string();
    return log_[sequence - 1] + " as change " + std::to_string(sequence) + " of store " +
           std::to_string(number_);
  }

  // Forgets the log up to now, as the database does in time.
  void ForgetLog() {
    const std::lock_guard lock(mutex_);
    forgotten_ = log_.size();
  }

  // Every LoadReferences throws until it is switched off: a fault that no adapter may let through.
  void ThrowWhenLoading(bool throws) {
    const std::lock_guard lock(mutex_);
    throws_ = throws;
  }

  // Called once, on the reader's thread, between the first page and the second that is read next.
  void BetweenPages(std::function<void()> change) {
    const std::lock_guard lock(mutex_);
    between_pages_ = std::move(change);
  }

  // How often all references were asked for at once, and how often page by page from the first.
  int FullReads() {
    const std::lock_guard lock(mutex_);
    return full_reads_;
  }
  int Comparisons() {
    const std::lock_guard lock(mutex_);
    return comparisons_;
  }

  // Answers the next GallerySequence and fails from then on, as after FailWith.
  void FailAfterSequence(Error failure) {
    const std::lock_guard lock(mutex_);
    failure_after_ = std::move(failure);
  }

  void FailWith(std::optional<Error> failure) {
    const std::lock_guard lock(mutex_);
    failure_ = std::move(failure);
  }

 private:
  struct Stored {
    std::string space_key;
    GalleryReference reference;
  };

  void RunBeforeNextPage() {
    std::function<void()> change;
    {
      const std::lock_guard lock(mutex_);
      change = std::exchange(between_pages_, nullptr);
    }
    if (change) change();
  }

  void Log(const std::string& reference_id) { log_.push_back(reference_id); }

  std::mutex mutex_;
  std::vector<std::string> log_;  // entry n has sequence n + 1
  std::uint64_t forgotten_ = 0;   // changes up to this one are no longer told
  bool throws_ = false;
  int full_reads_ = 0;
  int comparisons_ = 0;
  std::function<void()> between_pages_;
  const int number_ = ++made_;
  inline static std::atomic<int> made_ = 0;
  std::map<std::string, Stored> references_;
  std::optional<Error> failure_;
  std::optional<Error> failure_after_;
};

}  // namespace vigil
