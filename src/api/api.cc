// The table of all routes, put together.
#include "api/api.h"

#include <algorithm>
#include <iterator>

#include "api/openapi.h"
#include "api/resources.h"
#include "api/static_files.h"

namespace vigil::api {
namespace {

void Append(std::vector<Route>& table, std::vector<Route> routes) {
  std::ranges::move(routes, std::back_inserter(table));
}

}  // namespace

Result<std::unique_ptr<Api>> Api::Make(ApiContext given) {
  std::unique_ptr<Api> api(new Api(std::move(given)));
  const ApiContext& context = api->context_;
  VIGIL_ASSIGN_OR_RETURN(api->auth_, Auth::Make(context.database, context.clock));

  std::vector<Route> table;
  Append(table, AuthRoutes(context, *api->auth_));
  Append(table, UserRoutes(context));
  Append(table, PersonRoutes(context));
  Append(table, PhotoRoutes(context));
  Append(table, EnrolmentRoutes(context));
  Append(table, SearchRoutes(context));
  Append(table, WatchlistRoutes(context));
  Append(table, CameraRoutes(context));
  Append(table, LiveRoutes(context, *api->auth_));
  Append(table, LiveVideoRoutes(context, *api->auth_));
  Append(table, CameraGroupRoutes(context));
  Append(table, IncidentRoutes(context));
  Append(table, DetectionRoutes(context));
  Append(table, EventRoutes(context, *api->auth_));
  Append(table, ProbeRoutes(context));
  Append(table, ChannelRoutes(context));
  Append(table, AlertRoutes(context));
  Append(table, SystemRoutes(context));
  Append(table, AuditRoutes(context));
  Append(table, ModelSwitchRoutes(context));
  const auto specification = std::make_shared<std::string>();
  Append(table, SpecificationRoutes(specification));
  *specification = WriteJson(OpenApiOf(table));
  if (!context.web_directory.empty()) {
    VIGIL_ASSIGN_OR_RETURN(std::vector<Route> files, StaticRoutes(context.web_directory));
    Append(table, std::move(files));
  }
  for (const std::filesystem::path& directory : context.docs_directories) {
    VIGIL_ASSIGN_OR_RETURN(std::vector<Route> files, StaticRoutes(directory, "/docs"));
    Append(table, std::move(files));
  }
  const auto observe = [&context](const AnsweredRequest& request) {
    context.metrics.ObserveRequest(request.route, MethodName(request.method), request.status,
                                   std::chrono::duration_cast<std::chrono::nanoseconds>(
                                       std::chrono::duration<double>(request.seconds)));
  };
  api->application_ =
      std::make_unique<Router>(std::move(table), *api->auth_, context.clock, observe);
  api->monitoring_ =
      std::make_unique<Router>(MonitoringRoutes(context), *api->auth_, context.clock);
  return api;
}

}  // namespace vigil::api
