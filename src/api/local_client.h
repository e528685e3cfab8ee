// How a command talks to the `serve` that holds its data directory: one request over the Unix
// socket.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace vigil::api {

struct LocalRequest {
  std::string method = "GET";
  std::string target;  // "/api/v1/criminals?limit=10"
  std::string body;
  std::string content_type = "application/json";
  std::chrono::milliseconds timeout{60'000};
};

struct LocalResponse {
  int status = 0;
  std::string body;
};

// Whether a server answers on that socket.
bool LocalServerRuns(const std::filesystem::path& socket);

// Sends one request and reads the answer whole (at most 64 MB). Blocks at most `timeout` without
// progress. kUnavailable when no server listens there, kTimeout, kDataLoss for an answer that is no
// HTTP.
Result<LocalResponse> AskLocalServer(const std::filesystem::path& socket,
                                     const LocalRequest& request);

// The body of a form with one file and text fields, and the Content-Type that goes with it.
struct FormBody {
  std::string content_type;
  std::string body;
};
FormBody MakePhotoForm(std::string_view file_bytes,
                       const std::vector<std::pair<std::string, std::string>>& fields = {});

}  // namespace vigil::api
