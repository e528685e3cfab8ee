// Values of the query against the limits that the specification tells.
#pragma once

#include <optional>

#include "api/problem.h"
#include "api/router.h"

namespace vigil::api {

// A 400 that names every described parameter whose value is not as described; nothing when all are.
// Parameters that the route does not describe are none of its business.
std::optional<Problem> RefuseWrongQuery(const Route& route, const HttpRequest& request);

}  // namespace vigil::api
