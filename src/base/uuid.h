// Identifiers made by this process: UUIDv7 (RFC 9562, 5.7), so that they sort by the time they were
// made.
#pragma once

#include <string>

#include "base/clock.h"

namespace vigil {

// 36 lower-case characters. Within one process later calls sort after earlier ones, also inside one
// millisecond. Thread-safe.
std::string MakeUuid(const Clock& clock);

}  // namespace vigil
