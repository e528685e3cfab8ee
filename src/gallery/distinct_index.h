// An index that compares what is distinctive in faces.
#pragma once

#include <memory>

#include "core/typical_faces.h"
#include "gallery/followed_index.h"

namespace vigil::gallery {

// `index` with references and probes passed through WithoutTypical on their way in, so that what is
// stored and handed about stays what the embedder made. `index` itself where there are no typical
// faces. Their dimension must be the index's.
std::unique_ptr<FollowedIndex> MakeDistinctIndex(std::unique_ptr<FollowedIndex> index,
                                                 TypicalFaces typical);

}  // namespace vigil::gallery
