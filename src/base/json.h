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

// Compact JSON in which numbers read as people write them (0.25, not 2.5E-1); what is not finite
// becomes null.
std::string WriteJson(const json::value& value);

// The shortest decimal that still means this float, so that it is not printed with digits it does
// not have.
double ShortDecimal(float value);

}  // namespace vigil
