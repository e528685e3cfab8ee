// Looks for bytes that break the parser of uploaded forms. Build with clang++
// -fsanitize=fuzzer,address,undefined.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "api/multipart.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t split = input.find('\n');
  const std::string_view type = input.substr(0, split);
  const std::string_view body = split == input.npos ? std::string_view() : input.substr(split + 1);
  if (const auto boundary = vigil::api::MultipartBoundary(type)) {
    if (boundary->empty() || boundary->size() > 70) std::abort();
  }
  const auto parts = vigil::api::ParseMultipart(body, "b");
  if (!parts) return 0;
  if (parts->size() > 16) std::abort();
  for (const auto& part : *parts) {
    if (part.content.data() != nullptr &&
        (part.content.data() < body.data() ||
         part.content.data() + part.content.size() > body.data() + body.size())) {
      std::abort();
    }
  }
  return 0;
}
