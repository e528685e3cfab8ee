// The published table of routes against the one that is served, both ways: others rely on these
// names, and what is not published here is not served by accident.
#include <gtest/gtest.h>

#include <set>

#include "api/api_fixture.h"
#include "api/openapi.h"

namespace vigil::api {
namespace {

// Below /api/v1: method, path and the least role. A route that goes or gets another role breaks its
// users; a new one is added here.
const std::set<std::string> kPublished{"POST /auth/setup public",
                                       "POST /auth/login public",
                                       "POST /auth/refresh public",
                                       "POST /auth/logout public",
                                       "GET /users admin",
                                       "POST /users admin",
                                       "PATCH /users/{id} admin",
                                       "DELETE /users/{id} admin",
                                       "GET /criminals operator",
                                       "POST /criminals admin",
                                       "GET /criminals/{id} operator",
                                       "PATCH /criminals/{id} admin",
                                       "DELETE /criminals/{id} admin",
                                       "POST /criminals/{id}/upload-photo admin",
                                       "GET /criminals/{id}/photos/{photo} operator",
                                       "DELETE /criminals/{id}/photos/{photo} admin",
                                       "POST /criminals/enroll admin",
                                       "POST /criminals/resemblances operator",
                                       "POST /criminals/search-by-image operator",
                                       "GET /watchlists operator",
                                       "POST /watchlists admin",
                                       "GET /watchlists/{id} operator",
                                       "PATCH /watchlists/{id} admin",
                                       "DELETE /watchlists/{id} admin",
                                       "GET /cameras operator",
                                       "POST /cameras admin",
                                       "GET /cameras/{id} operator",
                                       "PATCH /cameras/{id} admin",
                                       "DELETE /cameras/{id} admin",
                                       "POST /cameras/{id}/probe admin",
                                       "GET /cameras/{id}/snapshot.jpg operator",
                                       "GET /cameras/{id}/live operator",
                                       "GET /cameras/{id}/live.mjpeg operator",
                                       "GET /camera-groups operator",
                                       "POST /camera-groups admin",
                                       "PATCH /camera-groups/{id} admin",
                                       "DELETE /camera-groups/{id} admin",
                                       "GET /incidents operator",
                                       "GET /incidents/{id} operator",
                                       "POST /incidents/{id}/acknowledge operator",
                                       "POST /incidents/{id}/verdict operator",
                                       "GET /incidents/{id}/media/{kind} operator",
                                       "GET /incidents/{id}/media/why operator",
                                       "GET /detections operator",
                                       "GET /alerts operator",
                                       "POST /alerts/{id}/retry operator",
                                       "GET /channels operator",
                                       "POST /channels admin",
                                       "PATCH /channels/{id} admin",
                                       "DELETE /channels/{id} admin",
                                       "POST /channels/{id}/test admin",
                                       "GET /events operator",
                                       "GET /system operator",
                                       "GET /audit admin",
                                       "GET /audit/head admin",
                                       "POST /audit/verify admin",
                                       "GET /models/switch operator",
                                       "POST /models/switch admin",
                                       "DELETE /models/switch admin",
                                       "GET /openapi.json public"};

// On the monitors' own port.
const std::set<std::string> kMonitoring{"GET /livez public", "GET /metrics public",
                                        "GET /readyz public"};

std::string LineOf(const Route& route, std::string_view base) {
  return format("{} {} {}", MethodName(route.method), route.pattern.substr(base.size()),
                RoleWord(route.role));
}

class ContractTest : public ApiTest {};

TEST_F(ContractTest, ServesWhatIsPublishedAndNothingElse) {
  constexpr std::string_view kBase = "/api/v1";
  std::set<std::string> served;
  for (const Route& route : api_->Application().Routes()) {
    ASSERT_TRUE(route.pattern.starts_with(kBase)) << route.pattern << " is no file of the pages";
    served.insert(LineOf(route, kBase));
  }
  EXPECT_EQ(served, kPublished);
}

TEST_F(ContractTest, MonitorsHaveTheirOwn) {
  std::set<std::string> served;
  for (const Route& route : api_->Monitoring().Routes()) served.insert(LineOf(route, ""));
  EXPECT_EQ(served, kMonitoring);
}

}  // namespace
}  // namespace vigil::api
