// What a client is told when a request fails: RFC 9457, application/problem+json.
#pragma once

#include <string>
#include <vector>

#include "api/http.h"
#include "base/result.h"

namespace vigil::api {

struct FieldError {
  std::string field;
  std::string message;
  bool operator==(const FieldError&) const = default;
};

// `code` is a stable lower-case word for programs, `detail` a sentence for people that names the
// mend.
struct Problem {
  int status = 500;
  std::string code;
  std::string detail;
  std::vector<FieldError> errors;  // by field of the body or the query
  NamedValues headers;             // Retry-After, Allow, WWW-Authenticate

  Problem(int status_code, std::string problem_code, std::string what)
      : status(status_code), code(std::move(problem_code)), detail(std::move(what)) {}
  // Implicit, so that a handler passes errors of lower rooms through; the status follows from
  // StatusOf.
  Problem(Error error);  // NOLINT(google-explicit-constructor)
};

// The one table from kinds of failure to HTTP statuses.
int StatusOf(ErrorCode code);

// "Not Found" for 404; the reason phrase of every status that Vigil sends.
std::string_view StatusTitle(int status);

// A 400 that names the fields.
Problem InvalidFields(std::vector<FieldError> errors);

// The answer for a problem. What lies behind a 500 is not told: the caller logs it.
HttpResponse ProblemResponse(const Problem& problem);

// What handlers return.
using Answer = std::expected<HttpResponse, Problem>;

inline std::unexpected<Problem> Refuse(int status, std::string code, std::string detail) {
  return std::unexpected(Problem(status, std::move(code), std::move(detail)));
}

}  // namespace vigil::api
