// The gallery between two runs: a folder of sealed chunks, and one list that says which of them
// belong together.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/seal.h"
#include "gallery/chunk_file.h"
#include "gallery/flat_index.h"
#include "gallery/scan_crew.h"
#include "gallery/snapshot.h"

namespace vigil::gallery {

// What the list of a folder tells.
struct FolderList {
  struct Entry {
    std::string name;
    std::uint32_t row_count = 0;
  };
  std::uint64_t sequence = 0;
  std::uint64_t persons = 0;
  std::string change_name;  // of the change `sequence`, in the database it was read from
  std::vector<Entry> chunks;
};

// The list behind its seal, for tests with bytes of any kind. kDataLoss when it makes no sense.
Result<FolderList> ParseFolderList(std::span<const std::byte> plain);

// Only chunks that changed since they were last written are written again, so a save costs what
// changed. A kill at any moment leaves the gallery of the last save that ended, whole. One process
// at a time uses a folder; Load and Save are called by one thread at a time.
class GalleryFolder {
 public:
  // The folder is made when something is saved. Only where embeddings stay on the disk are files
  // kept open for RowsOf: one a chunk.
  GalleryFolder(const SavedIndexOptions& options, std::size_t dimension);

  // What was saved last, read by all threads of `crew`. kNotFound when nothing was, kDataLoss when
  // it is torn, altered or of another key, kConflict when it is another gallery's or another
  // database's, kUnavailable or kPermission when its list cannot be opened, and what asking the
  // database for the change failed with. May throw std::bad_alloc. A chunk that is not full has its
  // numbers in memory and comes last; the others have theirs in their files.
  Result<Snapshot> Load(ScanCrew& crew, const std::shared_ptr<PersonPool>& people);

  // Makes `snapshot` what Load gives. Asked between chunks, `given_up` ends it with kCancelled;
  // what was saved before then stays. Other errors: kUnavailable, kPermission, with the cause. A
  // save that fails leaves none of its files behind.
  Status Save(const Snapshot& snapshot, const PersonPool& people,
              const std::function<bool()>& given_up);

  // Where the rows of a full chunk were last written; null when they were not, when some have been
  // removed since, or where embeddings belong into memory.
  std::shared_ptr<const RowFile> RowsOf(const ChunkView& view) const;

  const std::filesystem::path& Path() const { return folder_; }

 private:
  struct Written {
    std::string name;
    std::size_t row_count = 0;
    std::shared_ptr<const void> chunk;  // keeps its identity its own
    std::shared_ptr<const Living> living;
    std::shared_ptr<const RowFile> rows;  // null unless RowsOf needs them
  };

  using WrittenChunks = std::map<const void*, Written>;  // by identity of the chunk

  ChunkFileKey KeyOf(const std::string& name) const;
  const Written* FindWritten(const ChunkView& view) const;
  Result<FolderList> ReadList() const;
  Status RefuseForeign(const FolderList& list) const;
  Status WriteList(const FolderList& list) const;
  // Chunks, then the list, of which only the sync of the folder is still to come.
  Result<WrittenChunks> WriteAll(const Snapshot& snapshot, const PersonPool& people,
                                 const std::function<bool()>& given_up) const;
  void RemoveOthers() const;

  const std::filesystem::path folder_;
  const Sealer sealer_;
  const std::string gallery_;
  const std::size_t dimension_;
  const bool embeddings_on_disk_;
  const std::function<Result<std::string>(std::uint64_t)> change_name_;  // or nothing
  WrittenChunks written_;                                                // what the list names
};

}  // namespace vigil::gallery
