// Identifiers in 16 bytes: nearly all of them are UUIDs.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace vigil::gallery {

using UuidBytes = std::array<std::uint8_t, 16>;

// A fixed number of places for texts; UUIDs in their usual form (36 characters, lower case) take no
// memory beyond the place. Setting one place while others are read is safe; a place is set once.
class IdColumn {
 public:
  explicit IdColumn(std::size_t count);
  IdColumn(const IdColumn&) = delete;
  IdColumn& operator=(const IdColumn&) = delete;
  ~IdColumn();

  void Set(std::size_t place, std::string_view text);
  void SetUuid(std::size_t place, const UuidBytes& bytes);
  std::string Get(std::size_t place) const;  // empty where nothing was set
  bool IsSet(std::size_t place) const { return kinds_[place] != kNothing; }
  bool Is(std::size_t place, std::string_view text) const;
  // Null where there is none in its usual form.
  const UuidBytes* Uuid(std::size_t place) const {
    return kinds_[place] == kUuid ? &slots_[place] : nullptr;
  }
  // HashOfId of the text there.
  std::uint64_t HashOf(std::size_t place) const;

 private:
  using Slot = UuidBytes;  // or a pointer to a text

  enum Kind : std::uint8_t { kNothing, kUuid, kText };

  std::vector<Slot> slots_;
  std::vector<std::uint8_t> kinds_;
};

// Spreads well; the same in every run of the program.
std::uint64_t HashOfId(std::string_view text);

}  // namespace vigil::gallery
