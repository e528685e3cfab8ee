// The rules that hold between keys.
#pragma once

#include "config/apply.h"

namespace vigil::config {

// Adds an error for every rule that does not hold.
void Validate(Reading& reading);

}  // namespace vigil::config
