// UUIDs as their bytes, other texts behind a pointer.
#include "gallery/packed_id.h"

#include <cstring>

namespace vigil::gallery {
namespace {

constexpr std::size_t kUuidLength = 36;
constexpr std::string_view kDigits = "0123456789abcdef";

bool IsDash(std::size_t place) { return place == 8 || place == 13 || place == 18 || place == 23; }

bool ParseUuid(std::string_view text, UuidBytes& bytes) {
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

std::string UuidText(const UuidBytes& bytes) {
  std::string text;
  text.reserve(kUuidLength);
  for (const std::uint8_t byte : bytes) {
    if (IsDash(text.size())) text += '-';
    text += kDigits[byte / 16];
    text += kDigits[byte % 16];
  }
  return text;
}

const std::string* TextOf(const UuidBytes& slot) {
  const std::string* text = nullptr;
  std::memcpy(static_cast<void*>(&text), slot.data(), sizeof text);
  return text;
}

// The finaliser of SplitMix64 (Steele, Lea and Flood 2014).
std::uint64_t Mixed(std::uint64_t bits) {
  bits = (bits ^ bits >> 30U) * 0xBF58476D1CE4E5B9U;
  bits = (bits ^ bits >> 27U) * 0x94D049BB133111EBU;
  return bits ^ bits >> 31U;
}

std::uint64_t HashOfUuid(const UuidBytes& bytes) {
  std::array<std::uint64_t, 2> halves{};
  std::memcpy(halves.data(), bytes.data(), bytes.size());
  return Mixed(halves[0] + 0x9E3779B97F4A7C15U * Mixed(halves[1]));
}

std::uint64_t HashOfText(std::string_view text) {
  std::uint64_t hash = text.size();
  for (const char letter : text) hash = Mixed(hash + static_cast<unsigned char>(letter) + 1);
  return hash;
}

}  // namespace

std::uint64_t HashOfId(std::string_view text) {
  UuidBytes bytes{};
  return ParseUuid(text, bytes) ? HashOfUuid(bytes) : HashOfText(text);
}

IdColumn::IdColumn(std::size_t count) : slots_(count), kinds_(count) {}

IdColumn::~IdColumn() {
  for (std::size_t place = 0; place < slots_.size(); ++place) {
    if (kinds_[place] == kText) delete TextOf(slots_[place]);
  }
}

void IdColumn::Set(std::size_t place, std::string_view text) {
  if (ParseUuid(text, slots_[place])) {
    kinds_[place] = kUuid;
    return;
  }
  const auto* copy = new std::string(text);
  std::memcpy(slots_[place].data(), static_cast<const void*>(&copy), sizeof copy);
  kinds_[place] = kText;
}

void IdColumn::SetUuid(std::size_t place, const UuidBytes& bytes) {
  slots_[place] = bytes;
  kinds_[place] = kUuid;
}

std::string IdColumn::Get(std::size_t place) const {
  if (kinds_[place] == kNothing) return {};
  return kinds_[place] == kText ? *TextOf(slots_[place]) : UuidText(slots_[place]);
}

bool IdColumn::Is(std::size_t place, std::string_view text) const {
  if (kinds_[place] == kText) return *TextOf(slots_[place]) == text;
  Slot bytes{};
  return kinds_[place] == kUuid && ParseUuid(text, bytes) && bytes == slots_[place];
}

std::uint64_t IdColumn::HashOf(std::size_t place) const {
  return kinds_[place] == kText ? HashOfText(*TextOf(slots_[place])) : HashOfUuid(slots_[place]);
}

}  // namespace vigil::gallery
