// mmap, aligned by hand.
#include "gallery/pages.h"

#include <sys/mman.h>

#include <cstdint>
#include <new>

namespace vigil::gallery {
namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20U;

}  // namespace

Pages::Pages(std::size_t size_bytes)
    : mapping_bytes_(size_bytes >= kHugePage ? size_bytes + kHugePage : size_bytes) {
  mapping_ =
      mmap(nullptr, mapping_bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapping_ == MAP_FAILED) throw std::bad_alloc();
  data_ = static_cast<std::byte*>(mapping_);
  // Both are wishes: an old kernel may not know them.
  madvise(mapping_, mapping_bytes_, MADV_DONTDUMP);
  if (size_bytes < kHugePage) return;
  data_ += (kHugePage - reinterpret_cast<std::uintptr_t>(data_) % kHugePage) % kHugePage;
  madvise(data_, size_bytes / kHugePage * kHugePage, MADV_HUGEPAGE);
}

Pages::~Pages() { munmap(mapping_, mapping_bytes_); }

}  // namespace vigil::gallery
