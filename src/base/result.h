// Errors of the outside world are values: every function that can meet one returns a Result.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace vigil {

// What kind of failure it was; the caller's reaction follows from it, the message is for people.
enum class ErrorCode {
  kInvalidArgument,  // the input is wrong: the person who gave it can mend it
  kNotFound,         // the named thing does not exist
  kConflict,         // the thing exists already, or changed meanwhile
  kPermission,       // not allowed (file modes, credentials, roles)
  kUnavailable,      // a dependency does not answer now; trying again may help
  kTimeout,          // a deadline passed
  kCancelled,        // a stop was requested
  kEndOfStream,      // no more frames
  kDataLoss,         // stored bytes are damaged
  kInternal,         // a fault of this program or its libraries
};

// A short lower-case word for logs and for the `code` of HTTP problems, for example "not_found".
std::string_view ErrorCodeName(ErrorCode code);

struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;  // what was wrong, where, and the mend; never holds a secret

  bool operator==(const Error&) const = default;
};

// A value or an Error. Derived only because std::expected itself may be dropped without a warning.
template <class T>
class [[nodiscard]] Result : public std::expected<T, Error> {
 public:
  using std::expected<T, Error>::expected;
};
using Status = Result<void>;

// An error equals no value. (std::expected's own comparison is ambiguous for a derived type.)
template <class T, class U>
  requires(!std::is_void_v<T>)
bool operator==(const Result<T>& result, const U& value) {
  return result.has_value() && *result == value;
}

// `return Fail(ErrorCode::kNotFound, "no such camera")` in any function that returns a Result.
inline std::unexpected<Error> Fail(ErrorCode code, std::string message) {
  return std::unexpected(Error{code, std::move(message)});
}

// Adds what this layer was doing: "open camera front-door: connection refused".
inline std::unexpected<Error> Annotate(Error error, std::string_view doing) {
  error.message = std::string(doing) + ": " + error.message;
  return std::unexpected(std::move(error));
}

}  // namespace vigil

#define VIGIL_CONCAT_INNER(a, b) a##b
#define VIGIL_CONCAT(a, b) VIGIL_CONCAT_INNER(a, b)

// Returns the error of `expression` (a Result) from the calling function, if it has one.
#define VIGIL_RETURN_IF_ERROR(expression)                              \
  do {                                                                 \
    if (auto vigil_status = (expression); !vigil_status.has_value()) { \
      return std::unexpected(std::move(vigil_status).error());         \
    }                                                                  \
  } while (false)

// VIGIL_ASSIGN_OR_RETURN(auto frame, source.Next(stop)): the value, or returns the error from the
// calling function.
#define VIGIL_ASSIGN_OR_RETURN(declaration, expression)                               \
  auto VIGIL_CONCAT(vigil_result_, __LINE__) = (expression);                          \
  if (!VIGIL_CONCAT(vigil_result_, __LINE__).has_value()) {                           \
    return std::unexpected(std::move(VIGIL_CONCAT(vigil_result_, __LINE__)).error()); \
  }                                                                                   \
  declaration = *std::move(VIGIL_CONCAT(vigil_result_, __LINE__))
