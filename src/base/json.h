// The one door to Boost.JSON.
#pragma once

#include <boost/json.hpp>
#include <string>
#include <string_view>

#include "base/result.h"

namespace vigil {

namespace json = boost::json;

// Parses bounded JSON from outside (depth up to 32, valid UTF-8). kInvalidArgument says at which
// byte it fails.
Result<json::value> ParseJson(std::string_view text);

}  // namespace vigil
