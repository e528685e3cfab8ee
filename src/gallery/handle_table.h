// A hash table that holds numbers of things kept elsewhere: four bytes a slot.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace vigil::gallery {

// Handles below kNone - 1 by the hash of what they stand for. Whoever asks brings the comparison
// and the hash, since only the owner can reach the things themselves.
class HandleTable {
 public:
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;

  // The handle for which `equals(handle)`, or kNone.
  template <typename Equals>
  std::uint32_t Find(std::uint64_t hash, const Equals& equals) const {
    const std::size_t slot = SlotOf(hash, equals);
    return slot == kNowhere ? kNone : slots_[slot];
  }

  // Takes out and returns the handle for which `equals(handle)`, or kNone.
  template <typename Equals>
  std::uint32_t Erase(std::uint64_t hash, const Equals& equals) {
    const std::size_t slot = SlotOf(hash, equals);
    if (slot == kNowhere) return kNone;
    const std::uint32_t handle = slots_[slot];
    slots_[slot] = kErased;
    --count_;
    return handle;
  }

  // `handle` must not be there; `hash_of(handle)` is asked when the table grows.
  template <typename HashOf>
  void Insert(std::uint64_t hash, std::uint32_t handle, const HashOf& hash_of) {
    if ((used_ + 1) * 4 > slots_.size() * 3) Rebuild(count_ + 1, hash_of);
    Place(hash, handle);
  }

  // Room for `count` handles without growing.
  template <typename HashOf>
  void Reserve(std::size_t count, const HashOf& hash_of) {
    if (count * 4 > slots_.size() * 3) Rebuild(count, hash_of);
  }

  void Clear() {
    slots_.clear();
    used_ = 0;
    count_ = 0;
  }

  std::size_t Size() const { return count_; }

 private:
  static constexpr std::uint32_t kErased = kNone - 1;
  static constexpr std::size_t kNowhere = ~std::size_t{0};

  template <typename Equals>
  std::size_t SlotOf(std::uint64_t hash, const Equals& equals) const {
    if (slots_.empty()) return kNowhere;
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t slot = hash & mask; slots_[slot] != kNone; slot = (slot + 1) & mask) {
      if (slots_[slot] != kErased && equals(slots_[slot])) return slot;
    }
    return kNowhere;
  }

  void Place(std::uint64_t hash, std::uint32_t handle) {
    const std::size_t mask = slots_.size() - 1;
    std::size_t slot = hash & mask;
    while (slots_[slot] != kNone) slot = (slot + 1) & mask;
    slots_[slot] = handle;
    ++used_;
    ++count_;
  }

  template <typename HashOf>
  void Rebuild(std::size_t wanted, const HashOf& hash_of) {
    // Half as much room again, so that erased slots alone do not bring the next rebuild at once.
    const std::size_t size = std::bit_ceil(wanted + wanted / 2 + 16);
    std::vector<std::uint32_t> before(size, kNone);
    before.swap(slots_);
    used_ = 0;
    count_ = 0;
    for (const std::uint32_t handle : before) {
      if (handle < kErased) Place(hash_of(handle), handle);
    }
  }

  std::vector<std::uint32_t> slots_;  // a power of two of them
  std::size_t used_ = 0;              // slots that are not kNone
  std::size_t count_ = 0;
};

}  // namespace vigil::gallery
