// Every route with every kind of visitor: nothing is open by accident.
#include <gtest/gtest.h>

#include "api/api_fixture.h"

namespace vigil::api {
namespace {

class RolesTest : public ApiTest {
 protected:
  // The pattern with ids that do not exist.
  static std::string TargetOf(const Route& route) {
    std::string target = route.pattern;
    for (std::size_t open = target.find('{'); open != target.npos; open = target.find('{')) {
      target.replace(open, target.find('}') - open + 1, "none");
    }
    return target;
  }
  int StatusFor(const Route& route, const std::string& token) {
    return Ask(route.method, TargetOf(route), token).status;
  }
  static std::string NameOf(const Route& route) {
    return std::string(MethodName(route.method)) + " " + route.pattern;
  }
};

TEST_F(RolesTest, WithoutATokenOnlyPublicRoutesAnswer) {
  for (const Route& route : api_->Application().Routes()) {
    if (route.role == Role::kPublic) continue;
    EXPECT_EQ(StatusFor(route, ""), 401) << NameOf(route);
  }
}

TEST_F(RolesTest, AnExpiredTokenIs401Everywhere) {
  const std::string token = AdminToken();
  clock_.Advance(std::chrono::minutes{11});
  for (const Route& route : api_->Application().Routes()) {
    if (route.role == Role::kPublic) continue;
    EXPECT_EQ(StatusFor(route, token), 401) << NameOf(route);
  }
}

TEST_F(RolesTest, AnOperatorOnAnAdminRouteIs403) {
  for (const Route& route : api_->Application().Routes()) {
    const int status = StatusFor(route, OperatorToken());
    if (route.role == Role::kAdmin) {
      EXPECT_EQ(status, 403) << NameOf(route);
    } else if (route.role == Role::kOperator) {
      EXPECT_NE(status, 403) << NameOf(route);
      EXPECT_NE(status, 401) << NameOf(route);
    }
  }
}

TEST_F(RolesTest, AnAdministratorMayDoAll) {
  for (const Route& route : api_->Application().Routes()) {
    if (route.role == Role::kPublic) continue;
    const int status = StatusFor(route, AdminToken());
    EXPECT_NE(status, 403) << NameOf(route);
    EXPECT_NE(status, 401) << NameOf(route);
  }
}

TEST_F(RolesTest, UnknownThingsAre404OnEveryRouteWithAnId) {
  for (const Route& route : api_->Application().Routes()) {
    if (route.pattern.find('{') == std::string::npos || route.method == Method::kPatch ||
        route.pattern.ends_with("upload-photo")) {
      continue;
    }
    EXPECT_EQ(StatusFor(route, AdminToken()), 404) << NameOf(route);
  }
}

}  // namespace
}  // namespace vigil::api
