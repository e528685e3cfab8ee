// Identifiers in 16 bytes: nearly all of them are UUIDs.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace vigil::gallery {

// A fixed number of places for texts; UUIDs in their usual form (36 characters, lower case) take no
// memory beyond the place. Setting one place while others are read is safe; a place is set once.
class IdColumn {
 public:
  explicit IdColumn(std::size_t count);
  IdColumn(const IdColumn&) = delete;
  IdColumn& operator=(const IdColumn&) = delete;
  ~IdColumn();

  void Set(std::size_t place, std::string_view text);
  std::string Get(std::size_t place) const;

 private:
  using Slot = std::array<std::uint8_t, 16>;  // the UUID, or a pointer to a text

  std::vector<Slot> slots_;
  std::vector<std::uint8_t> is_text_;
};

}  // namespace vigil::gallery
