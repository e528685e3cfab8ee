// What Beast read, as the application's request. Only server.cc includes it.
#pragma once

#include <boost/beast/http.hpp>
#include <optional>
#include <string>
#include <utility>

#include "api/http.h"
#include "api/problem.h"
#include "base/result.h"

namespace vigil::api {

// All but the body, and but whom it comes from.
inline Result<HttpRequest> HeadOf(
    const boost::beast::http::request<boost::beast::http::string_body>& message) {
  const auto target = message.target();
  VIGIL_ASSIGN_OR_RETURN(HttpRequest request, RequestOf(MethodOf(message.method_string()),
                                                        {target.data(), target.size()}));
  for (const auto& field : message) {
    std::string name(field.name_string());
    for (char& letter : name) {
      if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
    }
    request.headers.emplace_back(std::move(name), std::string(field.value()));
  }
  return request;
}

// The answer to a header that could not be read; nothing when the connection is simply over.
inline std::optional<Problem> HeaderFailure(const boost::system::error_code& failure) {
  namespace http = boost::beast::http;
  if (failure == http::error::header_limit || failure == http::error::buffer_overflow) {
    return Problem(431, "header_too_large", "the request's header is too large");
  }
  if (failure == http::error::end_of_stream || failure == http::error::partial_message ||
      failure.category() != http::make_error_code(http::error::bad_method).category()) {
    return std::nullopt;
  }
  return Problem(400, "malformed_request", "the request is no HTTP: " + failure.message());
}

}  // namespace vigil::api
