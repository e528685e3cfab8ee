// Files that are whole and on the disk, or not there.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <utility>

#include "base/result.h"
#include "base/seal.h"

namespace vigil::gallery {

// An open file; closes it.
class OpenFile {
 public:
  explicit OpenFile(int descriptor) : descriptor_(descriptor) {}
  OpenFile(OpenFile&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  OpenFile& operator=(OpenFile&&) = delete;
  ~OpenFile();

  int Descriptor() const { return descriptor_; }
  // Fills `bytes` from `offset`; false when the file is shorter or cannot be read.
  bool ReadAt(std::size_t offset, std::span<std::byte> bytes) const;
  std::size_t Size() const;

 private:
  int descriptor_;
};

// kNotFound when it is not there, kPermission when it cannot be opened.
Result<OpenFile> OpenForReading(const std::filesystem::path& path);

// A new file (mode 0600) being written from its beginning, readable through the same descriptor.
// Unless Finish has succeeded it is removed again.
class NewFile {
 public:
  static Result<NewFile> Make(const std::filesystem::path& path);
  NewFile(NewFile&& other) noexcept
      : path_(std::exchange(other.path_, {})), file_(std::move(other.file_)) {}
  ~NewFile();

  // kUnavailable when the disk refuses.
  Status Append(std::span<const std::byte> bytes);
  // Brings what was written to the disk.
  Result<OpenFile> Finish();

 private:
  NewFile(std::filesystem::path path, OpenFile file)
      : path_(std::move(path)), file_(std::move(file)) {}

  std::filesystem::path path_;  // empty: not to be removed
  OpenFile file_;
};

// Makes names that were made or replaced in `folder` durable.
Status SyncFolder(const std::filesystem::path& folder);

// The whole of a small file, at most `size_max` bytes.
Result<Bytes> ReadWhole(const std::filesystem::path& path, std::size_t size_max);

// Replaces `path` by `bytes` at once; durable with the next SyncFolder. An error leaves it as it
// was.
Status ReplaceFile(const std::filesystem::path& path, std::span<const std::byte> bytes);

}  // namespace vigil::gallery
