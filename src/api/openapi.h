// The specification of the API (OpenAPI 3.1), made from the table that routes and authorises.
#pragma once

#include <span>

#include "api/router.h"
#include "base/json.h"

namespace vigil::api {

// Tells every route below /api/v1; files and the monitors' routes are left out. Two routes with one
// operation id, a group that kGroups does not know, and two shapes of one name are faults of the
// program and end it: the tests build the whole table.
json::object OpenApiOf(std::span<const Route> routes);

// "public", "operator", "admin".
std::string_view RoleWord(Role role);

}  // namespace vigil::api
