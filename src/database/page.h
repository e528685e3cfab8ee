// Cursor paging, the same for every list.
#pragma once

#include <string>
#include <vector>

namespace vigil::database {

struct PageRequest {
  int limit = 50;          // 1 to 1000; values outside are brought inside
  std::string after = {};  // `next` of the page before; empty: the first page
};

template <class T>
struct Page {
  std::vector<T> items;
  std::string next;  // empty: the last page
};

}  // namespace vigil::database
