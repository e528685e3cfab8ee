// Exact search over all references: the index of every size of gallery that one machine scans, and
// the oracle of any other.
#pragma once

#include <memory>
#include <string_view>

#include "core/gallery.h"

namespace vigil::gallery {

struct FlatIndexOptions {
  // Threads a search may use, its caller's included. Helpers are shared by all searches and start
  // with the first that has more than one chunk of 8192 references to scan; a search that finds
  // them busy works alone.
  int threads = 2;
  // "avx512-vnni", "avx2" or "plain"; empty: the fastest of this machine. Named for tests.
  std::string_view kernels;
};

// An empty index for embeddings of `dimension` numbers (1 to 16384). It scans one byte a number
// (half a byte, where that suffices) and reads the embedding itself only for references that may be
// among the best; similarities, persons and order equal those of DotProducts over all embeddings.
// Equal similarities are ordered by reference id. Each embedding given to Apply must have the
// index's dimension and finite numbers.
//
// Memory a reference: the embedding (4 bytes a number), its code (1 byte a number, padded to 128),
// about 50 bytes of names and bounds, and the table of ids. Apply costs the references that it
// touches and 1 KiB for each chunk that loses one; a chunk that has lost a quarter is given up and
// the rest of it appended anew.
std::unique_ptr<GalleryIndex> MakeFlatIndex(int dimension, const FlatIndexOptions& options = {});

}  // namespace vigil::gallery
