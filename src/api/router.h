// The one table that routes and authorises every request.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "api/description.h"
#include "api/http.h"
#include "api/problem.h"
#include "base/clock.h"
#include "core/user.h"

namespace vigil::api {

inline constexpr std::size_t kNoBody = 0;
// For POST routes that take no body: clients send "{}" out of habit, and it is not read.
inline constexpr std::size_t kIgnoredBodyBytesMax = 1024;
inline constexpr std::size_t kJsonBodyBytesMax = 1'000'000;
inline constexpr std::size_t kPhotoBodyBytesMax = 10'000'000;
// A form around a photo of the full size.
inline constexpr std::size_t kPhotoFormBytesMax = kPhotoBodyBytesMax + 16'384;

// Who asks. The local socket and public routes have no user.
struct Principal {
  std::string user_id;
  std::string user_name;
  std::string session_id;
  Role role = Role::kPublic;
};

struct Route;

// One authorised request as its handler sees it. Lives for the call only.
struct Call {
  const Route& route;
  const HttpRequest& request;
  const Principal& who;
  std::map<std::string, std::string, std::less<>> parameters;  // "{id}" of the pattern

  const std::string& Parameter(std::string_view name) const;
};

using Handler = std::function<Answer(const Call&)>;

// One line of the table, and all there is to say about a route: the router authorises and limits by
// it, BodyFields reads by its description, and GET /api/v1/openapi.json tells it. Every argument is
// demanded by the constructor: a route without a stated role or without a description does not
// compile.
//
//   {Method::kPost, "/api/v1/cameras", Role::kAdmin, Lane::kStore, kJsonBodyBytesMax,
//    Description("createCamera", "cameras", "Adds a camera.", Gives(CameraSchema(), 201))
//        .Takes(CameraBody())
//        .Fails({409}),
//    [&](const Call& call) { return Create(context, call); }},
struct Route {
  Route(Method route_method, std::string route_pattern, Role route_role, Lane route_lane,
        std::size_t route_body_bytes_max, Description route_description, Handler route_handler);

  Method method;
  std::string pattern;  // "/api/v1/cameras/{id}/snapshot.jpg"
  Role role;
  Lane lane;
  std::size_t body_bytes_max;
  Description description;
  Handler handler;
  std::vector<std::string> parts;  // of the pattern, split at slashes
};

// Every status of an error that the route may answer, rising: what follows from its method, role,
// pattern, body and query, and what its description adds.
std::vector<int> RouteErrors(const Route& route);
// The names in braces of its pattern.
std::vector<std::string> PathParameters(const Route& route);

// Tells who sends a request. Thread-safe.
class Authenticator {
 public:
  virtual ~Authenticator() = default;
  // Cheap look at the token alone, on the I/O thread: keeps strangers from sending large bodies.
  virtual Status CheckToken(const HttpRequest& request) const = 0;
  // The whole check against user and session; may wait for the database. kPermission becomes a 401.
  virtual Result<Principal> Authenticate(const HttpRequest& request) = 0;
};

// One answered request, for metrics; `route` is the pattern, never the path, so that no ids become
// labels.
struct AnsweredRequest {
  std::string route;
  Method method = Method::kGet;
  int status = 0;
  double seconds = 0;
};

// Finds the route, checks role and body limit, calls the handler, and turns every failure into a
// problem. HEAD is answered by GET. Immutable after construction and thread-safe; `authenticator`
// and `clock` must outlive it.
class Router final : public HttpApplication {
 public:
  Router(std::vector<Route> routes, Authenticator& authenticator, const Clock& clock,
         std::function<void(const AnsweredRequest&)> observer = {});

  Plan Prepare(const HttpRequest& request) override;
  HttpResponse Handle(const HttpRequest& request) override;
  HttpResponse Refuse(const Problem& problem, const HttpRequest* request) override;

  const std::vector<Route>& Routes() const { return routes_; }
  // The route that answers, or nullptr.
  // The routes of the most literal pattern that takes the path.
  std::vector<const Route*> At(const HttpRequest& request) const;
  const Route* Find(const HttpRequest& request) const;

 private:
  Problem NoSuchRoute(const HttpRequest& request) const;
  HttpResponse Finish(const HttpRequest& request, const Route* route, HttpResponse response,
                      SteadyTime begin) const;
  Answer Dispatch(const HttpRequest& request, const Route& route);

  std::vector<Route> routes_;
  Authenticator& authenticator_;
  const Clock& clock_;
  std::function<void(const AnsweredRequest&)> observer_;
};

}  // namespace vigil::api
