// Exact search over all references: the index of every size of gallery that one machine scans, and
// the oracle of any other.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/seal.h"
#include "gallery/followed_index.h"

namespace vigil::gallery {

// Where an index keeps itself between two runs, and its embeddings if memory is short.
struct SavedIndexOptions {
  std::filesystem::path folder;  // its own
  Sealer sealer;
  std::string gallery;  // names embedder, version, and what is taken out of its embeddings
  // Embeddings stay in the folder; a search reads those of the rows it rescores from there, opened
  // one by one. Only chunks that were not saved yet have theirs in memory.
  bool embeddings_on_disk = false;
  // GalleryStore::GalleryChangeName of the database that the index follows: what was saved at a
  // change that has another name there is not taken up. Called by Restore and Save; nothing: any
  // database's is.
  std::function<Result<std::string>(std::uint64_t sequence)> change_name = {};
};

struct FlatIndexOptions {
  // Threads a search may use, its caller's included. Helpers are shared by all searches and start
  // with the first that has more than one chunk of 8192 references to scan; a search that finds
  // them busy works alone.
  int threads = 2;
  // "avx512-vnni", "avx2" or "plain"; empty: the fastest of this machine. Named for tests.
  std::string_view kernels;
  std::optional<SavedIndexOptions> saved = {};  // nothing: Restore and Save do nothing
};

// An empty index for embeddings of `dimension` numbers (1 to 16384). It scans one byte a number
// (half a byte, where that suffices) and reads the embedding itself only for references that may be
// among the best; similarities, persons and order equal those of DotProducts over all embeddings.
// Equal similarities are ordered by reference id. Each embedding given to Apply must have the
// index's dimension and finite numbers.
//
// Memory a reference: the embedding (4 bytes a number, unless it is on the disk), its code (1 byte
// a number, padded to 128), and about 70 bytes of names, bounds and tables. Apply costs the
// references that it touches and 1 KiB for each chunk that loses one; a chunk that has lost a
// quarter is given up and the rest of it appended anew.
std::unique_ptr<FollowedIndex> MakeFlatIndex(int dimension, const FlatIndexOptions& options = {});

}  // namespace vigil::gallery
