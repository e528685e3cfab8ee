// AlertMessage as the text that an outbox row keeps.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "core/alert.h"

namespace vigil::database {

// JSON with the fields of AlertMessage in their order; the same message gives the same text.
std::string AlertMessageToJson(const AlertMessage& message);
// kDataLoss when the text is not such JSON. Unknown fields are ignored.
Result<AlertMessage> AlertMessageFromJson(std::string_view text);

}  // namespace vigil::database
