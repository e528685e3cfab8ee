// Reading of request targets, and small helpers over requests.
#include "api/http.h"

#include <algorithm>
#include <boost/url.hpp>

#include "base/format.h"

namespace vigil::api {

std::string_view MethodName(Method method) {
  switch (method) {
    case Method::kGet:
      return "GET";
    case Method::kHead:
      return "HEAD";
    case Method::kPost:
      return "POST";
    case Method::kPut:
      return "PUT";
    case Method::kPatch:
      return "PATCH";
    case Method::kDelete:
      return "DELETE";
    case Method::kOther:
      return "OTHER";
  }
  return "OTHER";
}

Method MethodOf(std::string_view name) {
  for (const Method method : {Method::kGet, Method::kHead, Method::kPost, Method::kPut,
                              Method::kPatch, Method::kDelete}) {
    if (name == MethodName(method)) return method;
  }
  return Method::kOther;
}

std::string_view HttpRequest::Header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return {};
}

std::optional<std::string> HttpRequest::Query(std::string_view name) const {
  for (const auto& [key, value] : query) {
    if (key == name) return value;
  }
  return std::nullopt;
}

std::string MediaTypeOf(std::string_view content_type) {
  std::string type(content_type.substr(0, content_type.find(';')));
  while (!type.empty() && (type.back() == ' ' || type.back() == '\t')) type.pop_back();
  for (char& letter : type) {
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  }
  return type;
}

Result<HttpRequest> RequestOf(Method method, std::string_view target) {
  const auto url = boost::urls::parse_origin_form(target);
  if (!url) return Fail(ErrorCode::kInvalidArgument, "the request's target is no absolute path");
  HttpRequest request;
  request.method = method;
  request.path = std::string(url->encoded_path());
  for (const std::string& segment : url->segments()) {
    const bool clean = std::ranges::none_of(segment, [](char letter) {
      return letter == '/' || letter == '\\' || (letter >= 0 && letter < 0x20) || letter == 0x7f;
    });
    if (!clean) {
      return Fail(ErrorCode::kInvalidArgument,
                  "the request's path holds a slash or a control character inside a segment");
    }
    request.segments.push_back(segment);
  }
  boost::urls::encoding_opts options;
  options.space_as_plus = true;
  for (const auto& parameter : url->params(options)) {
    request.query.emplace_back(parameter.key, parameter.value);
  }
  return request;
}

void StreamBell::Ring() {
  const std::lock_guard lock(mutex_);
  if (on_ring_) on_ring_();
}

void StreamBell::Listen(std::function<void()> on_ring) {
  const std::lock_guard lock(mutex_);
  on_ring_ = std::move(on_ring);
}

HttpResponse BodyResponse(int status, std::string media_type, std::string body) {
  HttpResponse response;
  response.status = status;
  response.headers = {{"Content-Type", std::move(media_type)}, {"Cache-Control", "no-store"}};
  response.body = std::move(body);
  return response;
}

}  // namespace vigil::api
