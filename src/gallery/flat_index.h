// Exact search over all references, in fp32: the index of this size of gallery and the oracle of
// any other.
#pragma once

#include <memory>

#include "core/gallery.h"

namespace vigil::gallery {

// An empty index for embeddings of `dimension` numbers. Rows lie in blocks of 1024; a snapshot is a
// list of shared blocks, and Apply copies only the blocks that it touches and the list: a single
// change costs the same block copy whatever the gallery's size, plus 16 bytes a block. Equal
// similarities are ordered by reference id. Every embedding given to Apply must have the index's
// dimension.
std::unique_ptr<GalleryIndex> MakeFlatIndex(int dimension);

}  // namespace vigil::gallery
