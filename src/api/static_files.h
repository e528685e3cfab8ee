// The files of the web page, read once at start: what is not in the table cannot be asked for.
#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

#include "api/router.h"

namespace vigil::api {

// One public route a file below `directory`, its path after `prefix` ("" or "/docs"), and the
// prefix itself ("/" for none) for index.html. Links, hidden files and files of unknown type are
// left out; subfolders become path segments. kNotFound when the directory does not exist,
// kUnavailable when a file cannot be read or all together are larger than 20 MB.
Result<std::vector<Route>> StaticRoutes(const std::filesystem::path& directory,
                                        std::string_view prefix = "");

}  // namespace vigil::api
