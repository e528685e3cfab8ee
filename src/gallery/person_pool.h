// The ids of people by the index's own numbers for them.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "gallery/packed_id.h"
#include "gallery/pages.h"

namespace vigil::gallery {

// Shared by all chunks of an index. A number is set once and keeps its person: snapshots of any age
// read it. Reading a number that was set before the reader learnt of it is safe at any time.
class PersonPool {
 public:
  PersonPool();
  PersonPool(const PersonPool&) = delete;
  PersonPool& operator=(const PersonPool&) = delete;
  ~PersonPool();

  // Sets `number` unless it is set. Safe from several threads at once. False when it belongs to
  // somebody else, or is beyond any number this pool can hold.
  bool Set(std::uint32_t number, std::string_view person_id);
  bool SetUuid(std::uint32_t number, const UuidBytes& person_id);
  std::string Get(std::uint32_t number) const { return PageOf(number)->Get(number % kPageSize); }
  const UuidBytes* Uuid(std::uint32_t number) const {
    return PageOf(number)->Uuid(number % kPageSize);
  }
  bool Is(std::uint32_t number, std::string_view person_id) const {
    return PageOf(number)->Is(number % kPageSize, person_id);
  }
  std::uint64_t HashOf(std::uint32_t number) const {
    return PageOf(number)->HashOf(number % kPageSize);
  }

 private:
  static constexpr std::size_t kPageSize = 8192;
  static constexpr std::size_t kPagesMax = std::size_t{1} << 17U;  // a billion people

  IdColumn* OpenPage(std::uint32_t number);
  const IdColumn* PageOf(std::uint32_t number) const {
    return Entries()[number / kPageSize].load(std::memory_order_acquire);
  }
  std::atomic<IdColumn*>* Entries() const {
    return reinterpret_cast<std::atomic<IdColumn*>*>(pages_.Data());
  }

  const Pages pages_;
  std::mutex page_mutex_;
  std::size_t page_end_ = 0;  // guarded by page_mutex_; behind the last page made
  std::array<std::mutex, 64> set_mutexes_;
};

}  // namespace vigil::gallery
