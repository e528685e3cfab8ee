// Large pieces of memory straight from the kernel.
#pragma once

#include <cstddef>
#include <span>

namespace vigil::gallery {

// Zeroed memory that takes room only where it is touched, left out of core dumps (it holds faces).
// From 2 MiB on it starts at a multiple of 2 MiB and asks for huge pages, where the kernel allows
// them by madvise: a scan then misses the TLB 512 times less often. Throws std::bad_alloc.
class Pages {
 public:
  explicit Pages(std::size_t size_bytes);
  Pages(const Pages&) = delete;
  Pages& operator=(const Pages&) = delete;
  ~Pages();

  std::byte* Data() const { return data_; }

 private:
  void* mapping_;
  std::size_t mapping_bytes_;
  std::byte* data_;
};

}  // namespace vigil::gallery
