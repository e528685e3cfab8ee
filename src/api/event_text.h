// Events as server-sent events (the WHATWG's HTML standard, 9.2).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/event.h"
#include "database/event_repository.h"

namespace vigil::api {

// The greatest number that every reader of JSON can hold.
inline constexpr std::int64_t kEventIdMax = 9'007'199'254'740'991;

// How soon a client should come back after a cut.
inline constexpr std::string_view kEventRetry = "retry: 2000\n\n";
inline constexpr std::string_view kEventComment = ": nothing new\n\n";

// "id: 7\nevent: incident.created\ndata: {"sequence":7,"at":...,"kind":...,"data":{...}}\n\n"
std::string EventText(const Event& event);
// The first event of each stream: it goes on after number `after`.
std::string ReadyText(std::int64_t after);
// Events were missed: the client reads its lists anew; the stream goes on after `batch.newest`.
std::string ResetText(std::string_view reason, const database::EventBatch& batch);

// A number of an event (0 to kEventIdMax) as a client sends it back; nothing for anything else.
std::optional<std::int64_t> ParseEventId(std::string_view text);

}  // namespace vigil::api
