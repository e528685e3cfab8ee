// UUIDs as their bytes, other texts behind a pointer.
#include "gallery/packed_id.h"

#include <cstring>

namespace vigil::gallery {
namespace {

constexpr std::size_t kUuidLength = 36;
constexpr std::string_view kDigits = "0123456789abcdef";

bool IsDash(std::size_t place) { return place == 8 || place == 13 || place == 18 || place == 23; }

bool ParseUuid(std::string_view text, std::array<std::uint8_t, 16>& bytes) {
  if (text.size() != kUuidLength) return false;
  std::size_t digits = 0;
  for (std::size_t i = 0; i < kUuidLength; ++i) {
    if (IsDash(i)) {
      if (text[i] != '-') return false;
      continue;
    }
    const std::size_t value = kDigits.find(text[i]);
    if (value == std::string_view::npos) return false;
    std::uint8_t& byte = bytes[digits / 2];
    byte = static_cast<std::uint8_t>(digits % 2 == 0 ? value << 4U : byte | value);
    ++digits;
  }
  return true;
}

std::string UuidText(const std::array<std::uint8_t, 16>& bytes) {
  std::string text;
  text.reserve(kUuidLength);
  for (const std::uint8_t byte : bytes) {
    if (IsDash(text.size())) text += '-';
    text += kDigits[byte / 16];
    text += kDigits[byte % 16];
  }
  return text;
}

const std::string* TextOf(const std::array<std::uint8_t, 16>& slot) {
  const std::string* text = nullptr;
  std::memcpy(static_cast<void*>(&text), slot.data(), sizeof text);
  return text;
}

}  // namespace

IdColumn::IdColumn(std::size_t count) : slots_(count), is_text_(count) {}

IdColumn::~IdColumn() {
  for (std::size_t place = 0; place < slots_.size(); ++place) {
    if (is_text_[place] != 0) delete TextOf(slots_[place]);
  }
}

void IdColumn::Set(std::size_t place, std::string_view text) {
  if (ParseUuid(text, slots_[place])) return;
  const auto* copy = new std::string(text);
  std::memcpy(slots_[place].data(), static_cast<const void*>(&copy), sizeof copy);
  is_text_[place] = 1;
}

std::string IdColumn::Get(std::size_t place) const {
  return is_text_[place] != 0 ? *TextOf(slots_[place]) : UuidText(slots_[place]);
}

}  // namespace vigil::gallery
