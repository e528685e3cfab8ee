// A chunk of the gallery in a sealed file: its codes at once, the numbers of each row by
// themselves.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "base/result.h"
#include "base/seal.h"
#include "gallery/snapshot.h"

namespace vigil::gallery {

// What a chunk's file is bound to: opened under another name, key or gallery, it is refused.
struct ChunkFileKey {
  std::filesystem::path folder;
  std::string name;     // of the file; never used twice
  std::string gallery;  // names what may be compared: embedder, its version, what is taken out
  std::size_t dimension = 0;

  std::filesystem::path Path() const { return folder / name; }
};

// A chunk as its file tells.
struct StoredChunk {
  // Rows that were not living when it was written are not living and hold nothing.
  ChunkView view;
  std::shared_ptr<const RowFile> rows;
};

// Writes the living rows of `view` and makes the file durable, not its name. kUnavailable when the
// disk refuses, kDataLoss when a row of `view` cannot be read; then nothing is left behind. Returns
// the file for reading its rows.
Result<std::shared_ptr<const RowFile>> WriteChunkFile(const ChunkFileKey& key, const Sealer& sealer,
                                                      const ChunkView& view,
                                                      const PersonPool& people);

// Memory that chunks are read through, one after the other.
struct ChunkScratch {
  Bytes sealed;
  Bytes codes;
};

// Lets the disk begin with what ReadChunkFile will read of a chunk of `row_count` rows.
void WillReadChunkFile(const ChunkFileKey& key, std::size_t row_count);

// Reads a chunk of `row_count` rows. A full chunk's numbers stay in the file; those of another are
// read into memory, where rows can be appended. People get their numbers in `people`. kDataLoss
// when the file is not what was written under this key, kNotFound when it is not there.
Result<StoredChunk> ReadChunkFile(const ChunkFileKey& key, const Sealer& sealer,
                                  std::size_t row_count, const std::shared_ptr<PersonPool>& people,
                                  ChunkScratch& scratch);

// The part of ReadChunkFile behind the seal, for tests with bytes of any kind.
Result<StoredChunk> ParseChunk(std::span<const std::byte> codes, std::size_t dimension,
                               std::size_t row_count, std::shared_ptr<const RowFile> rows,
                               const std::shared_ptr<PersonPool>& people);

}  // namespace vigil::gallery
