// Looks for bytes behind the seal that break the reader of saved galleries: a version of this
// program that wrote something else, or memory that failed while it wrote.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>

#include "gallery/chunk_file.h"
#include "gallery/gallery_folder.h"

namespace {

using namespace vigil::gallery;

class NoNumbers final : public RowFile {
 public:
  bool Read(std::size_t, std::span<float> numbers) const override {
    std::ranges::fill(numbers, 0.0F);
    return true;
  }
  bool IsLossy() const override { return false; }
  void WillRead(std::size_t) const override {}
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  if (const auto list = ParseFolderList(bytes)) {
    for (const FolderList::Entry& entry : list->chunks) {
      if (entry.name.find('/') != entry.name.npos || entry.row_count > kChunkRows) std::abort();
    }
  }
  if (size == 0) return 0;
  // The first byte says how many rows the list promised; 0: a full chunk.
  const std::size_t row_count = data[0] == 0 ? kChunkRows : data[0];
  const auto chunk = ParseChunk(bytes.subspan(1), 4, row_count, std::make_shared<NoNumbers>(),
                                std::make_shared<PersonPool>());
  if (!chunk) return 0;
  const ChunkView& view = chunk->view;
  if (view.living->count > view.row_count || view.row_count > row_count) std::abort();
  for (std::size_t row = 0; row < view.row_count; ++row) {
    if (!view.living->Has(row)) continue;
    if (view.chunk->PersonId(row).size() > 36 + size ||
        view.chunk->ReferenceId(row).size() > 36 + size)
      std::abort();
  }
  return 0;
}
