// Pages that are made when their first number is set.
#include "gallery/person_pool.h"

#include <algorithm>

namespace vigil::gallery {

PersonPool::PersonPool() : pages_(kPagesMax * sizeof(std::atomic<IdColumn*>)) {}

PersonPool::~PersonPool() {
  for (std::size_t page = 0; page < page_end_; ++page) delete Entries()[page].load();
}

// Null beyond what this pool can hold.
IdColumn* PersonPool::OpenPage(std::uint32_t number) {
  const std::size_t page = number / kPageSize;
  if (page >= kPagesMax) return nullptr;
  if (PageOf(number) == nullptr) {
    const std::lock_guard lock(page_mutex_);
    if (PageOf(number) == nullptr) {
      page_end_ = std::max(page_end_, page + 1);
      Entries()[page].store(new IdColumn(kPageSize), std::memory_order_release);
    }
  }
  return Entries()[page].load(std::memory_order_acquire);
}

bool PersonPool::Set(std::uint32_t number, std::string_view person_id) {
  IdColumn* const column = OpenPage(number);
  if (column == nullptr) return false;
  const std::size_t place = number % kPageSize;
  const std::lock_guard lock(set_mutexes_[number % set_mutexes_.size()]);
  if (column->IsSet(place)) return column->Is(place, person_id);
  column->Set(place, person_id);
  return true;
}

bool PersonPool::SetUuid(std::uint32_t number, const UuidBytes& person_id) {
  IdColumn* const column = OpenPage(number);
  if (column == nullptr) return false;
  const std::size_t place = number % kPageSize;
  const std::lock_guard lock(set_mutexes_[number % set_mutexes_.size()]);
  if (column->IsSet(place)) {
    const UuidBytes* const known = column->Uuid(place);
    return known != nullptr && *known == person_id;
  }
  column->SetUuid(place, person_id);
  return true;
}

}  // namespace vigil::gallery
