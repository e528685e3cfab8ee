// Chunks first, then the list in one step, then away with what no list names.
#include "gallery/gallery_folder.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cctype>
#include <mutex>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

#include "base/crypto.h"
#include "base/format.h"
#include "gallery/byte_stream.h"
#include "gallery/durable_file.h"

namespace vigil::gallery {
namespace {

// The form of list and chunks: another one is refused.
constexpr std::string_view kMagic = "VIGILGL2";
constexpr std::string_view kListName = "gallery.list";
constexpr std::string_view kChunkEnding = ".chunk";
constexpr std::size_t kHashLength = 64;
constexpr std::size_t kNameBytes = 16;
constexpr std::size_t kChunksAhead = 4;  // of those that are being read
constexpr std::size_t kListBytesMax = std::size_t{1} << 26U;

// Names become paths.
bool IsName(std::string_view name) {
  if (!name.ends_with(kChunkEnding)) return false;
  name.remove_suffix(kChunkEnding.size());
  return !name.empty() && std::ranges::all_of(name, [](unsigned char letter) {
    return std::isalnum(letter) != 0 || letter == '_' || letter == '-';
  });
}

}  // namespace

Result<FolderList> ParseFolderList(std::span<const std::byte> plain) {
  ByteReader reader(plain);
  FolderList list;
  list.sequence = reader.Get<std::uint64_t>();
  list.persons = reader.Get<std::uint64_t>();
  list.change_name = reader.GetText();
  const auto count = reader.Get<std::uint32_t>();
  for (std::uint32_t i = 0; i < count && reader.Good(); ++i) {
    FolderList::Entry entry;
    entry.name = reader.GetText();
    entry.row_count = reader.Get<std::uint32_t>();
    const bool full = entry.row_count == kChunkRows;
    const bool fits = entry.row_count > 0 && entry.row_count <= kChunkRows && IsName(entry.name);
    if (!fits || (!full && i + 1 != count)) break;
    list.chunks.push_back(std::move(entry));
  }
  if (!reader.AtEnd() || list.chunks.size() != count) {
    return Fail(ErrorCode::kDataLoss, "its list of chunks does not fit together");
  }
  return list;
}

GalleryFolder::GalleryFolder(const SavedIndexOptions& options, std::size_t dimension)
    : folder_(options.folder),
      sealer_(options.sealer),
      gallery_(format("{}, {} numbers", options.gallery, dimension)),
      dimension_(dimension),
      embeddings_on_disk_(options.embeddings_on_disk),
      change_name_(options.change_name) {}

ChunkFileKey GalleryFolder::KeyOf(const std::string& name) const {
  return {.folder = folder_, .name = name, .gallery = gallery_, .dimension = dimension_};
}

Result<FolderList> GalleryFolder::ReadList() const {
  VIGIL_ASSIGN_OR_RETURN(const Bytes bytes, ReadWhole(folder_ / kListName, kListBytesMax));
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (!text.starts_with(kMagic) || text.size() < kMagic.size() + kHashLength) {
    return Fail(ErrorCode::kDataLoss, "its list is cut, or of another version");
  }
  if (text.substr(kMagic.size(), kHashLength) != Sha256Hex(gallery_)) {
    return Fail(ErrorCode::kConflict, "it is that of another embedder");
  }
  VIGIL_ASSIGN_OR_RETURN(const Bytes plain,
                         sealer_.Open(std::span(bytes).subspan(kMagic.size() + kHashLength),
                                      "gallery list for " + gallery_));
  return ParseFolderList(plain);
}

// The same key and embedder may have worked with two databases, or with one that was put back to an
// earlier state and went on from there.
Status GalleryFolder::RefuseForeign(const FolderList& list) const {
  if (!change_name_ || list.sequence == 0) return {};
  VIGIL_ASSIGN_OR_RETURN(const std::string name, change_name_(list.sequence));
  if (!name.empty() && name == list.change_name) return {};
  return Fail(ErrorCode::kConflict,
              format("its change {} is not one that this database remembers", list.sequence));
}

Result<Snapshot> GalleryFolder::Load(ScanCrew& crew, const std::shared_ptr<PersonPool>& people) {
  VIGIL_ASSIGN_OR_RETURN(const FolderList list, ReadList());
  VIGIL_RETURN_IF_ERROR(RefuseForeign(list));
  std::vector<StoredChunk> chunks(list.chunks.size());
  std::atomic<std::size_t> next = 0;
  std::mutex mutex;
  std::optional<Error> failure;
  const std::size_t chunks_ahead = kChunksAhead + static_cast<std::size_t>(crew.Threads());
  crew.Run([&] {
    ChunkScratch scratch;
    for (std::size_t i; (i = next++) < chunks.size();) {
      // Reading and opening take about as long: the disk works ahead.
      if (const std::size_t ahead = i + chunks_ahead; ahead < chunks.size()) {
        WillReadChunkFile(KeyOf(list.chunks[ahead].name), list.chunks[ahead].row_count);
      }
      auto chunk = ReadChunkFile(KeyOf(list.chunks[i].name), sealer_, list.chunks[i].row_count,
                                 people, scratch);
      if (chunk.has_value()) {
        chunks[i] = *std::move(chunk);
        continue;
      }
      const std::lock_guard lock(mutex);
      failure = std::move(chunk).error();
      next = chunks.size();
    }
  });
  if (failure.has_value()) {
    // The list names it, so that it is gone is damage, too.
    return Fail(ErrorCode::kDataLoss, std::move(failure->message));
  }
  Snapshot snapshot;
  snapshot.info = {.sequence = list.sequence, .references = 0, .persons = list.persons};
  written_.clear();
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    ChunkView& view = chunks[i].view;
    snapshot.info.references += view.living->count;
    written_[view.chunk->Identity().get()] = {.name = list.chunks[i].name,
                                              .row_count = list.chunks[i].row_count,
                                              .chunk = view.chunk->Identity(),
                                              .living = view.living,
                                              .rows = nullptr};
    if (embeddings_on_disk_ && view.row_count == kChunkRows) {
      written_[view.chunk->Identity().get()].rows = std::move(chunks[i].rows);
    }
    snapshot.chunks.push_back(std::move(view));
  }
  return snapshot;
}

const GalleryFolder::Written* GalleryFolder::FindWritten(const ChunkView& view) const {
  const auto written = written_.find(view.chunk->Identity().get());
  if (written == written_.end() || written->second.row_count != view.row_count) return nullptr;
  return written->second.living->groups == view.living->groups ? &written->second : nullptr;
}

std::shared_ptr<const RowFile> GalleryFolder::RowsOf(const ChunkView& view) const {
  const Written* written = FindWritten(view);
  return written == nullptr ? nullptr : written->rows;
}

Status GalleryFolder::Save(const Snapshot& snapshot, const PersonPool& people,
                           const std::function<bool()>& given_up) {
  std::error_code failure;
  if (std::filesystem::create_directories(folder_, failure)) {
    std::filesystem::permissions(folder_, std::filesystem::perms::owner_all, failure);
  }
  VIGIL_RETURN_IF_ERROR(SyncFolder(folder_));
  // A list that nothing was taken up from must not outlive the chunks it names.
  if (written_.empty()) std::filesystem::remove(folder_ / kListName, failure);
  // A full disk has room again before anything is written.
  RemoveOthers();
  auto written = WriteAll(snapshot, people, given_up);
  if (!written.has_value()) {
    RemoveOthers();
    return std::unexpected(std::move(written).error());
  }
  written_ = *std::move(written);
  // Until the new list is sure to stay, the files of the one before do.
  VIGIL_RETURN_IF_ERROR(SyncFolder(folder_));
  RemoveOthers();
  return {};
}

Result<GalleryFolder::WrittenChunks> GalleryFolder::WriteAll(
    const Snapshot& snapshot, const PersonPool& people,
    const std::function<bool()>& given_up) const {
  FolderList list{.sequence = snapshot.info.sequence,
                  .persons = snapshot.info.persons,
                  .change_name = {},
                  .chunks = {}};
  if (change_name_) {
    VIGIL_ASSIGN_OR_RETURN(list.change_name, change_name_(list.sequence));
  }
  WrittenChunks written;
  const ChunkView* open = nullptr;
  const auto write = [&](const ChunkView& view) -> Status {
    if (given_up()) return Fail(ErrorCode::kCancelled, "saving the gallery was given up");
    Written now;
    if (const Written* before = FindWritten(view)) {
      now = *before;
    } else {
      now = {.name = RandomToken(kNameBytes) + std::string(kChunkEnding),
             .row_count = view.row_count,
             .chunk = view.chunk->Identity(),
             .living = view.living,
             .rows = nullptr};
      VIGIL_ASSIGN_OR_RETURN(auto rows, WriteChunkFile(KeyOf(now.name), sealer_, view, people));
      if (embeddings_on_disk_ && view.row_count == kChunkRows) now.rows = std::move(rows);
    }
    list.chunks.push_back({now.name, static_cast<std::uint32_t>(now.row_count)});
    written[now.chunk.get()] = std::move(now);
    return {};
  };
  for (const ChunkView& view : snapshot.chunks) {
    if (view.chunk == nullptr || view.row_count == 0) continue;
    if (view.row_count < kChunkRows) {
      open = &view;
      continue;
    }
    VIGIL_RETURN_IF_ERROR(write(view));
  }
  if (open != nullptr) VIGIL_RETURN_IF_ERROR(write(*open));
  VIGIL_RETURN_IF_ERROR(SyncFolder(folder_));
  VIGIL_RETURN_IF_ERROR(WriteList(list));
  return written;
}

Status GalleryFolder::WriteList(const FolderList& list) const {
  ByteWriter plain;
  plain.Put(list.sequence);
  plain.Put(list.persons);
  plain.PutText(list.change_name);
  plain.Put(static_cast<std::uint32_t>(list.chunks.size()));
  for (const FolderList::Entry& chunk : list.chunks) {
    plain.PutText(chunk.name);
    plain.Put(chunk.row_count);
  }
  ByteWriter file;
  file.PutAll(kMagic);
  const std::string hash = Sha256Hex(gallery_);
  file.PutAll(hash);
  const Bytes sealed = sealer_.Seal(plain.Written(), "gallery list for " + gallery_);
  file.PutAll(sealed);
  return ReplaceFile(folder_ / kListName, file.Written());
}

// Left by a save that was killed or failed, or of a gallery that is no more. What still reads one
// of them keeps it open. What cannot be removed now is removed with the next save.
void GalleryFolder::RemoveOthers() const {
  std::set<std::string> kept;
  for (const auto& [chunk, written] : written_) kept.insert(written.name);
  std::error_code failure;
  std::vector<std::filesystem::path> others;
  for (const auto& entry : std::filesystem::directory_iterator(folder_, failure)) {
    const std::string name = entry.path().filename().string();
    if (IsName(name) && !kept.contains(name)) others.push_back(entry.path());
  }
  for (const auto& path : others) std::filesystem::remove(path, failure);
}

}  // namespace vigil::gallery
