// Numbers and texts one after the other, as the gallery's files hold them: little-endian, as the
// machines this runs on.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/seal.h"

namespace vigil::gallery {

static_assert(std::endian::native == std::endian::little);

class ByteWriter {
 public:
  template <std::ranges::contiguous_range Values>
  void PutAll(const Values& values) {
    static_assert(std::is_trivially_copyable_v<std::ranges::range_value_t<Values>>);
    const auto bytes = std::as_bytes(std::span(values));
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  }
  template <typename T>
    requires std::is_arithmetic_v<T>
  void Put(T value) {
    PutAll(std::span<const T>(&value, 1));
  }
  void PutText(std::string_view text) {
    Put(static_cast<std::uint32_t>(text.size()));
    PutAll(std::span(text));
  }
  void Reserve(std::size_t size) { bytes_.reserve(size); }
  const Bytes& Written() const { return bytes_; }

 private:
  Bytes bytes_;
};

// Gives zeros and empty texts once it has run out; Good says whether it never did.
class ByteReader {
 public:
  explicit ByteReader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  template <std::ranges::contiguous_range Values>
  void GetAll(Values&& values) {
    static_assert(std::is_trivially_copyable_v<std::ranges::range_value_t<Values>>);
    const auto bytes = std::as_writable_bytes(std::span(values));
    const auto taken = Take(bytes.size());
    if (!taken.empty()) std::memcpy(bytes.data(), taken.data(), taken.size());
  }
  template <typename T>
    requires std::is_arithmetic_v<T>
  T Get() {
    T value{};
    GetAll(std::span<T>(&value, 1));
    return value;
  }
  std::string_view GetText() {
    const auto taken = Take(Get<std::uint32_t>());
    return {reinterpret_cast<const char*>(taken.data()), taken.size()};
  }
  bool Good() const { return good_; }
  bool AtEnd() const { return good_ && bytes_.empty(); }

 private:
  std::span<const std::byte> Take(std::size_t size) {
    if (!good_ || size > bytes_.size()) {
      good_ = false;
      return {};
    }
    const auto taken = bytes_.first(size);
    bytes_ = bytes_.subspan(size);
    return taken;
  }

  std::span<const std::byte> bytes_;
  bool good_ = true;
};

}  // namespace vigil::gallery
