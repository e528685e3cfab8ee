// Matching of paths, the order of checks, and the headers that every answer carries.
#include "api/router.h"

#include <algorithm>
#include <set>

#include "api/browser_login.h"
#include "api/query_check.h"
#include "base/check.h"
#include "base/log.h"

namespace vigil::api {
namespace {

constexpr std::string_view kContentPolicy =
    "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; object-src 'none'; "
    "base-uri 'none'; "
    "frame-ancestors 'none'; form-action 'self'";

std::vector<std::string> Split(std::string_view pattern) {
  VIGIL_CHECK(pattern.starts_with('/'), "a route's pattern begins with a slash");
  std::vector<std::string> parts;
  pattern.remove_prefix(1);
  if (pattern.empty()) return parts;
  for (;;) {
    const std::size_t slash = pattern.find('/');
    parts.emplace_back(pattern.substr(0, slash));
    if (slash == pattern.npos) return parts;
    pattern.remove_prefix(slash + 1);
  }
}

bool IsParameter(std::string_view part) { return part.starts_with('{') && part.ends_with('}'); }

bool Matches(const Route& route, const std::vector<std::string>& segments) {
  return std::ranges::equal(route.parts, segments, [](const auto& part, const auto& segment) {
    return IsParameter(part) ? !segment.empty() : part == segment;
  });
}

// Of two patterns that take one path, the one that says more of it: "/a/b" before "/a/{id}".
bool MoreLiteral(const Route& one, const Route& other) {
  return std::ranges::lexicographical_compare(one.parts, other.parts, {}, IsParameter, IsParameter);
}

bool Serves(Method route, Method asked) {
  return route == asked || (asked == Method::kHead && route == Method::kGet);
}

// The last net of a request: nothing thrown below reaches the server.
template <class Function>
Answer Guarded(Function function) {
  try {
    return function();
  } catch (const std::exception& error) {
    return Refuse(500, "internal", format("the handler threw: {}", error.what()));
  }
}

bool HasHeader(const HttpResponse& response, std::string_view name) {
  return std::ranges::any_of(response.headers,
                             [&](const auto& header) { return header.first == name; });
}

Problem Unauthorised(std::string detail) {
  Problem problem(401, "unauthorised", std::move(detail));
  problem.headers.emplace_back("WWW-Authenticate", "Bearer");
  return problem;
}

}  // namespace

const std::string& Call::Parameter(std::string_view name) const {
  const auto found = parameters.find(name);
  VIGIL_CHECK(found != parameters.end(), "the route's pattern has no such parameter");
  return found->second;
}

Route::Route(Method route_method, std::string route_pattern, Role route_role, Lane route_lane,
             std::size_t route_body_bytes_max, Description route_description, Handler route_handler)
    : method(route_method),
      pattern(std::move(route_pattern)),
      role(route_role),
      lane(route_lane),
      body_bytes_max(route_body_bytes_max),
      description(std::move(route_description)),
      handler(std::move(route_handler)),
      parts(Split(pattern)) {
  VIGIL_CHECK(description.body_kind == BodyKind::kNone || body_bytes_max > 0,
              "a route describes a body and permits none");
}

std::vector<std::string> PathParameters(const Route& route) {
  std::vector<std::string> names;
  for (const std::string& part : route.parts) {
    if (IsParameter(part)) names.push_back(part.substr(1, part.size() - 2));
  }
  return names;
}

std::vector<int> RouteErrors(const Route& route) {
  // Any request may be malformed, too large, or come when the server is busy or at fault.
  std::set<int> statuses{400, 413, 431, 500, 503};
  if (route.role != Role::kPublic) statuses.insert({401, 403});
  if (!PathParameters(route).empty()) statuses.insert(404);
  if (route.description.body_kind != BodyKind::kNone) statuses.insert(415);
  statuses.insert(route.description.errors.begin(), route.description.errors.end());
  return {statuses.begin(), statuses.end()};
}

Router::Router(std::vector<Route> routes, Authenticator& authenticator, const Clock& clock,
               std::function<void(const AnsweredRequest&)> observer)
    : routes_(std::move(routes)),
      authenticator_(authenticator),
      clock_(clock),
      observer_(std::move(observer)) {
  for (const Route& route : routes_) {
    const auto same = [&](const Route& other) {
      return other.method == route.method && other.pattern == route.pattern;
    };
    VIGIL_CHECK(std::ranges::count_if(routes_, same) == 1, "two routes have one pattern");
  }
}

std::vector<const Route*> Router::At(const HttpRequest& request) const {
  std::vector<const Route*> found;
  for (const Route& route : routes_) {
    if (!Matches(route, request.segments)) continue;
    if (!found.empty() && MoreLiteral(route, *found.front())) found.clear();
    if (found.empty() || !MoreLiteral(*found.front(), route)) found.push_back(&route);
  }
  return found;
}

const Route* Router::Find(const HttpRequest& request) const {
  for (const Route* route : At(request)) {
    if (Serves(route->method, request.method)) return route;
  }
  return nullptr;
}

Problem Router::NoSuchRoute(const HttpRequest& request) const {
  std::set<std::string> allowed;
  for (const Route* route : At(request)) {
    allowed.emplace(MethodName(route->method));
    if (route->method == Method::kGet) allowed.emplace("HEAD");
  }
  if (allowed.empty()) return Problem(404, "not_found", "there is nothing at this address");
  std::string list;
  for (const std::string& method : allowed) list += (list.empty() ? "" : ", ") + method;
  Problem problem(405, "method_not_allowed", "this address takes " + list);
  problem.headers.emplace_back("Allow", list);
  return problem;
}

HttpApplication::Plan Router::Prepare(const HttpRequest& request) {
  const SteadyTime begin = clock_.Now();
  const Route* route = Find(request);
  if (route == nullptr) {
    return {Finish(request, nullptr, ProblemResponse(NoSuchRoute(request)), begin), 0,
            Lane::kQuick};
  }
  if (!request.local_socket) {
    if (const auto unsafe = RefuseUnsafeLogin(request)) {
      return {Finish(request, route, ProblemResponse(*unsafe), begin), 0, Lane::kQuick};
    }
  }
  if (route->role != Role::kPublic && !request.local_socket) {
    if (const Status token = authenticator_.CheckToken(request); !token) {
      return {Finish(request, route, ProblemResponse(Unauthorised(token.error().message)), begin),
              0, Lane::kQuick};
    }
  }
  return {std::nullopt, route->body_bytes_max, route->lane};
}

HttpResponse Router::Refuse(const Problem& problem, const HttpRequest* request) {
  HttpRequest unread;
  unread.method = Method::kOther;
  return Finish(request == nullptr ? unread : *request,
                request == nullptr ? nullptr : Find(*request), ProblemResponse(problem),
                clock_.Now());
}

HttpResponse Router::Handle(const HttpRequest& request) {
  const SteadyTime begin = clock_.Now();
  const Route* route = Find(request);
  if (route == nullptr) {
    return Finish(request, nullptr, ProblemResponse(NoSuchRoute(request)), begin);
  }
  Answer answer = Guarded([&] { return Dispatch(request, *route); });
  if (!answer && answer.error().status == 500) {
    LogError("api", "{} {}: {}", MethodName(request.method), route->pattern, answer.error().detail);
  }
  return Finish(request, route, answer ? *std::move(answer) : ProblemResponse(answer.error()),
                begin);
}

Answer Router::Dispatch(const HttpRequest& request, const Route& route) {
  if (request.body.size() > route.body_bytes_max) {
    return vigil::api::Refuse(413, "too_large",
                              format("the body is larger than {} bytes", route.body_bytes_max));
  }
  Principal who;
  if (request.local_socket) {
    who = {"", "local socket", "", Role::kAdmin};
  } else if (route.role != Role::kPublic) {
    Result<Principal> found = authenticator_.Authenticate(request);
    if (!found && found.error().code == ErrorCode::kPermission) {
      return std::unexpected(Unauthorised(found.error().message));
    }
    VIGIL_RETURN_IF_ERROR(found);
    who = *std::move(found);
  }
  if (who.role < route.role) {
    return vigil::api::Refuse(403, "forbidden", "this needs the role admin; ask an administrator");
  }
  Call call{route, request, who, {}};
  for (std::size_t i = 0; i < route.parts.size(); ++i) {
    const std::string& part = route.parts[i];
    if (IsParameter(part)) {
      call.parameters.emplace(part.substr(1, part.size() - 2), request.segments[i]);
    }
  }
  if (auto wrong = RefuseWrongQuery(route, request)) return std::unexpected(*std::move(wrong));
  return route.handler(call);
}

HttpResponse Router::Finish(const HttpRequest& request, const Route* route, HttpResponse response,
                            SteadyTime begin) const {
  if (response.status == 503 && !HasHeader(response, "Retry-After")) {
    response.headers.emplace_back("Retry-After", "2");
  }
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  response.headers.emplace_back("Referrer-Policy", "no-referrer");
  response.headers.emplace_back("Content-Security-Policy", kContentPolicy);
  response.headers.emplace_back("Cross-Origin-Resource-Policy", "same-origin");
  if (observer_) {
    const std::chrono::duration<double> took = clock_.Now() - begin;
    observer_({route == nullptr ? "none" : route->pattern, request.method, response.status,
               took.count()});
  }
  return response;
}

}  // namespace vigil::api
