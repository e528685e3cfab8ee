// The enrolled people as the search sees them: values, the index port, and the port to the truth in
// the database.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "core/embedding.h"

namespace vigil {

// One enrolled embedding. A person has one or more.
struct GalleryReference {
  std::string reference_id;
  std::string person_id;
  Embedding embedding;
};

// A person found for a probe: the best of that person's references.
struct Candidate {
  std::string person_id;
  std::string reference_id;
  float similarity = 0;
  bool operator==(const Candidate&) const = default;
};

struct GalleryInfo {
  std::uint64_t sequence = 0;  // the number of the last change applied
  std::size_t references = 0;
  std::size_t persons = 0;
};

struct GallerySearch {
  std::vector<Candidate> candidates;  // best first, one a person
  GalleryInfo gallery;                // the snapshot that answered
};

// One probe of a search for several.
struct GalleryQuery {
  std::span<const float> probe;  // as for Search
  int candidates_max = 1;
  // The similarity of a person is the mean of that many of the person's best references (of all, if
  // there are fewer); 1: of the best.
  int references_averaged = 1;
  // Who may be found (by watch-list, by expiry ...); empty: everybody. Called with person ids from
  // several threads at once, at most a few times a person; must not throw.
  std::function<bool(const std::string& person_id)> admits;
};

// Exact or approximate nearest neighbours over all references. Search is safe from any thread and
// never waits for a write: it reads an immutable snapshot. Apply is called by one thread. Both may
// read the disk, where embeddings are kept there; nothing waits for a network or another process.
class GalleryIndex {
 public:
  virtual ~GalleryIndex() = default;
  // The best `candidates_max` persons for a unit-length probe. The probe's dimension must be the
  // index's. Nobody is found for a probe with a number that is not finite.
  virtual GallerySearch Search(std::span<const float> probe, int candidates_max) const = 0;
  // The same for several probes against one snapshot, in their order: cheaper than one by one.
  virtual std::vector<GallerySearch> SearchMany(std::span<const GalleryQuery> queries) const = 0;
  // Removes `removed_reference_ids`, adds or replaces `upserts` by reference id, and publishes the
  // result as `sequence`. Embeddings must have the index's dimension and finite numbers.
  virtual void Apply(std::span<const std::string> removed_reference_ids,
                     std::vector<GalleryReference> upserts, std::uint64_t sequence) = 0;
  virtual GalleryInfo Info() const = 0;
};

// One step of gallery_log: a reference that was added, changed or deleted.
struct GalleryChange {
  std::uint64_t sequence = 0;
  std::string reference_id;
};

// Some of the living references of a space, in the order of their ids.
struct ReferencePage {
  std::vector<GalleryReference> references;
  std::string last_id;         // the next page begins behind it; empty: this was the last
  std::uint64_t sequence = 0;  // that they correspond to
};

// What the gallery follower asks of the database. Thread-safe; calls may block on the disk.
class GalleryStore {
 public:
  virtual ~GalleryStore() = default;
  // The number of the newest committed change; 0 for an untouched gallery.
  virtual Result<std::uint64_t> GallerySequence() = 0;
  // Changes after `sequence`, in order, at most `limit`. Numbers have no gap, but old changes are
  // forgotten in time: when the first is not `sequence` + 1, only LoadAllReferences helps.
  virtual Result<std::vector<GalleryChange>> GalleryChangesAfter(std::uint64_t sequence,
                                                                 int limit) = 0;
  // The living references of `space_key` among `reference_ids`; deleted ones are simply absent.
  virtual Result<std::vector<GalleryReference>> LoadReferences(
      std::span<const std::string> reference_ids, const std::string& space_key) = 0;
  // All living references of `space_key`, and the sequence they correspond to, read in one
  // transaction.
  virtual Result<std::pair<std::vector<GalleryReference>, std::uint64_t>> LoadAllReferences(
      const std::string& space_key) = 0;
  // At most `limit` living references of `space_key` whose ids are greater than `after_id`, read in
  // one transaction. References that cannot be opened are left out, so a page may be short.
  virtual Result<ReferencePage> LoadReferencesAfter(const std::string& space_key,
                                                    const std::string& after_id, int limit) = 0;
  // A name of the change with this number that no other change has, in whatever database: where two
  // galleries name a change alike, all before it was the same. Empty when the change was forgotten
  // or never made.
  virtual Result<std::string> GalleryChangeName(std::uint64_t sequence) = 0;
};

}  // namespace vigil
