// Errors as answers.
#include "api/problem.h"

#include "base/format.h"
#include "base/json.h"

namespace vigil::api {

int StatusOf(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return 400;
    case ErrorCode::kNotFound:
      return 404;
    case ErrorCode::kConflict:
      return 409;
    case ErrorCode::kPermission:
      return 403;
    case ErrorCode::kUnavailable:
      return 503;
    case ErrorCode::kTimeout:
      return 504;
    case ErrorCode::kCancelled:
      return 503;
    case ErrorCode::kEndOfStream:
    case ErrorCode::kDataLoss:
    case ErrorCode::kInternal:
      return 500;
  }
  return 500;
}

std::string_view StatusTitle(int status) {
  switch (status) {
    case 101:
      return "Switching Protocols";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 204:
      return "No Content";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 422:
      return "Unprocessable Content";
    case 426:
      return "Upgrade Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return "Unknown";
  }
}

Problem::Problem(Error error)
    : status(StatusOf(error.code)),
      code(ErrorCodeName(error.code)),
      detail(std::move(error.message)) {}

Problem InvalidFields(std::vector<FieldError> errors) {
  std::string detail = "these fields are wrong:";
  for (const FieldError& error : errors) detail += format(" {}", error.field);
  Problem problem(400, "invalid_argument", std::move(detail));
  problem.errors = std::move(errors);
  return problem;
}

HttpResponse ProblemResponse(const Problem& problem) {
  json::object body{
      {"type", format("urn:vigil:problem:{}", problem.code)},
      {"title", StatusTitle(problem.status)},
      {"status", problem.status},
      {"detail", problem.status == 500
                     ? std::string("the server met a fault of its own; its log says which")
                     : problem.detail},
      {"code", problem.code}};
  if (!problem.errors.empty()) {
    json::array errors;
    for (const FieldError& error : problem.errors) {
      errors.push_back({{"field", error.field}, {"message", error.message}});
    }
    body["errors"] = std::move(errors);
  }
  HttpResponse response =
      BodyResponse(problem.status, "application/problem+json", json::serialize(body));
  response.headers.insert(response.headers.end(), problem.headers.begin(), problem.headers.end());
  return response;
}

}  // namespace vigil::api
