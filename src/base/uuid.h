// Identifiers made by this process: UUIDv7 (RFC 9562, 5.7), so that they sort by the time they were
// made.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"

namespace vigil {

// 36 lower-case characters. Within one process later calls sort after earlier ones, also inside one
// millisecond. Thread-safe.
std::string MakeUuid(const Clock& clock);

// The identifier that `purpose` gets from another one, `id`, which MakeUuid made: always the same,
// so that whoever repeats a piece of work names its results as before. Sorts as `id` does among
// those of one purpose.
std::string DeriveUuid(std::string_view id, std::string_view purpose);

}  // namespace vigil
