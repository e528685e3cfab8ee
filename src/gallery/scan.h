// Exact search over a snapshot: bounds from the codes, then the true similarities of those who may
// be among the best.
#pragma once

#include <span>
#include <vector>

#include "core/gallery.h"
#include "gallery/scan_crew.h"
#include "gallery/scan_kernels.h"
#include "gallery/snapshot.h"

namespace vigil::gallery {

// The answers to `queries` in order: persons, similarities and order equal a search in fp32 with
// DotProducts over every row, whatever the kernels and the number of threads. A row is left out
// only when an upper bound of its similarity, proven from the lengths of what its code and the
// probe's lose, lies below the similarity of enough others.
std::vector<std::vector<Candidate>> ScanSnapshot(const Snapshot& snapshot,
                                                 std::span<const GalleryQuery> queries,
                                                 const ScanKernels& kernels, ScanCrew& crew);

}  // namespace vigil::gallery
