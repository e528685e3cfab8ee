// A file of sealed texts that wait: appended one by one, read again after a restart, emptied at
// once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/seal.h"

namespace vigil::database {

// Format: "VIGILSP1", 16 random characters that name the file, then records: 4 bytes length (little
// endian) and as many sealed bytes. Each is bound to the file's name and its own number, so that
// none can be moved, repeated or taken from another file. Not thread-safe; `sealer` must outlive
// it.
class SpoolFile {
 public:
  // Opens or makes the file. A torn end, of a record whose Append never returned, is cut off. A
  // record that was altered, or sealed under another key, is left out: then `damaged` says how
  // many, and the file as it was is kept beside it under the name with ".damaged" appended.
  // kUnavailable when the disk refuses, kPermission.
  static Result<SpoolFile> Open(const std::filesystem::path& path, const Sealer& sealer,
                                std::size_t bytes_max);
  SpoolFile(SpoolFile&& other) noexcept;
  ~SpoolFile();

  // On the disk when it returns. kUnavailable when the disk or `bytes_max` refuses; then the file
  // is as before.
  Status Append(std::string_view text);
  // The record of that number, from 0, in the order of appending.
  Result<std::string> Read(std::size_t index) const;
  std::size_t Count() const { return records_.size(); }
  std::size_t DamagedCount() const { return damaged_count_; }
  // Forgets all records.
  Status Clear();
  const std::filesystem::path& Path() const { return path_; }

 private:
  struct Record {
    std::uint64_t offset = 0;  // of the sealed bytes
    std::uint32_t size = 0;
    std::uint64_t number = 0;  // in the file; others may be damaged
  };

  SpoolFile(std::filesystem::path path, const Sealer& sealer, std::size_t bytes_max,
            int descriptor);
  Status Load();
  Status LoadRecords(std::uint64_t file_size);
  Status Begin();
  Status KeepDamaged() const;
  Result<Bytes> ReadBytes(std::uint64_t offset, std::size_t size) const;
  Result<std::string> OpenRecord(const Record& record) const;
  std::unexpected<Error> Refused(std::string_view doing) const;
  std::string Context(std::uint64_t number) const;

  std::filesystem::path path_;
  const Sealer* sealer_;
  std::size_t bytes_max_;
  int descriptor_;
  std::string name_;
  std::uint64_t end_ = 0;
  std::uint64_t next_number_ = 0;
  std::vector<Record> records_;
  std::size_t damaged_count_ = 0;
};

}  // namespace vigil::database
