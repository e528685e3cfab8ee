// One state of the lists, and how a snapshot is searched with it.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "core/gallery.h"
#include "gallery/list_quantizer.h"
#include "gallery/list_segment.h"
#include "gallery/snapshot.h"

namespace vigil::gallery {

// The first `rows` rows of a chunk stand in lists.
struct CoveredChunk {
  // Chunk::Identity, so that a chunk whose numbers move to or from the disk stays covered, and is
  // not kept in memory. Null: given up; its labels mean nothing any more.
  std::shared_ptr<const void> identity;
  std::size_t place = 0;  // in snapshots
  std::size_t rows = 0;
};

bool IsIn(const CoveredChunk& covered, const Snapshot& snapshot);

// Immutable. It holds the rows that lived when it was made, so it serves any snapshot that is not
// older: a search leaves out the rows that live no longer, and scans those that no list holds.
struct ListGeneration {
  std::shared_ptr<const ListQuantizer> quantizer;
  std::vector<CoveredChunk> chunks;                          // by number, as labels have it
  std::vector<std::shared_ptr<const ListSegment>> segments;  // no row stands in two
  std::size_t references_trained = 0;                        // when the clusters were learnt
};

// A snapshot in two parts: rows in lists and the rest.
class CoveredView {
 public:
  // Both must outlive it; the snapshot is not older than the generation.
  CoveredView(const Snapshot& snapshot, const ListGeneration& generation);

  // The rows that no list holds, as a snapshot of their own.
  const Snapshot& Rest() const { return rest_; }
  bool IsLiving(RowLabel label) const {
    const Living* living = living_[label / kChunkRows];
    return living != nullptr && living->Has(label % kChunkRows);
  }
  // The chunk of a row that lives.
  const Chunk& ChunkOf(RowLabel label) const { return *chunks_[label / kChunkRows]; }
  const ListGeneration& Generation() const { return generation_; }

 private:
  const ListGeneration& generation_;
  // By chunk number; null: not in the snapshot.
  std::vector<const Chunk*> chunks_;
  std::vector<const Living*> living_;
  Snapshot rest_;
};

struct ListSearchOptions {
  std::size_t lists_probed = 1;
  std::size_t rows_rescored = 128;
};

struct ListAnswer {
  std::vector<Candidate> candidates;  // best first; the similarities are the true ones
  bool complete = false;              // every row that may be searched was compared in full
};

// The best persons of the rows in the lists nearest to the probe: of those, the best by code are
// compared in full. The probe must be finite.
ListAnswer SearchLists(const CoveredView& view, const GalleryQuery& query,
                       const ListSearchOptions& options);

// The best `count` persons of both, each once.
std::vector<Candidate> MergeCandidates(std::span<const Candidate> left,
                                       std::span<const Candidate> right, std::size_t count);

}  // namespace vigil::gallery
