// Files as routes.
#include "api/static_files.h"

#include <array>
#include <fstream>
#include <iterator>
#include <memory>

#include "base/format.h"

namespace vigil::api {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kTotalBytesMax = 20'000'000;
constexpr std::array<std::pair<std::string_view, std::string_view>, 9> kTypes{
    {{".html", "text/html; charset=utf-8"},
     {".css", "text/css; charset=utf-8"},
     {".js", "text/javascript; charset=utf-8"},
     {".json", "application/json"},
     {".svg", "image/svg+xml"},
     {".png", "image/png"},
     {".jpg", "image/jpeg"},
     {".ico", "image/x-icon"},
     {".woff2", "font/woff2"}}};

std::string_view TypeOf(const fs::path& file) {
  for (const auto& [extension, type] : kTypes) {
    if (file.extension() == extension) return type;
  }
  return {};
}

Route FileRoute(const std::string& pattern, std::string_view type,
                const std::shared_ptr<const std::string>& content) {
  return {Method::kGet,
          pattern,
          Role::kPublic,
          Lane::kQuick,
          kNoBody,
          Description("file:" + pattern, "pages", "A file of the pages.",
                      GivesMedia({MediaTypeOf(type)})),
          [type, content](const Call&) -> Answer {
            HttpResponse response;
            response.headers = {{"Content-Type", std::string(type)}, {"Cache-Control", "no-cache"}};
            response.body = *content;
            return response;
          }};
}

}  // namespace

Result<std::vector<Route>> StaticRoutes(const fs::path& directory, std::string_view prefix) {
  std::error_code failure;
  fs::recursive_directory_iterator files(directory, failure);
  if (failure) {
    return Fail(ErrorCode::kNotFound, format("web files in {}: {}; reinstall, or set the directory",
                                             directory.string(), failure.message()));
  }
  std::vector<Route> routes;
  std::size_t total = 0;
  for (const fs::directory_entry& entry : files) {
    const std::string_view type = TypeOf(entry.path());
    if (entry.is_symlink() || !entry.is_regular_file() || type.empty() ||
        entry.path().filename().string().starts_with('.')) {
      continue;
    }
    std::ifstream file(entry.path(), std::ios::binary);
    const auto content = std::make_shared<const std::string>(std::istreambuf_iterator<char>(file),
                                                             std::istreambuf_iterator<char>());
    total += content->size();
    if (!file || total > kTotalBytesMax) {
      return Fail(
          ErrorCode::kUnavailable,
          format("web file {}: cannot be read, or more than 20 MB in all", entry.path().string()));
    }
    const std::string path =
        std::string(prefix) + "/" + entry.path().lexically_relative(directory).generic_string();
    routes.push_back(FileRoute(path, type, content));
    if (path == std::string(prefix) + "/index.html") {
      routes.push_back(FileRoute(std::string(prefix) + "/", type, content));
      if (!prefix.empty()) routes.push_back(FileRoute(std::string(prefix), type, content));
    }
  }
  return routes;
}

}  // namespace vigil::api
