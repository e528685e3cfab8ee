// What a webhook's receiver reads.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "core/alert.h"

namespace vigil::alerts {

// {"type":"vigil.match","timestamp":EVENT TIME,"data":{...}} as compact UTF-8 JSON; times RFC 3339,
// the picture as base64 in data.snapshot or null; the type is
// "vigil.test" for a test message. `link` may be empty.
std::string WebhookBody(const AlertMessage& message, std::span<const std::byte> snapshot_jpeg,
                        WallTime sent_at, std::string_view link);

}  // namespace vigil::alerts
