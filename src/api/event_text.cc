// See event_text.h.
#include "api/event_text.h"

#include <charconv>

#include "base/format.h"
#include "base/json.h"
#include "base/time_text.h"

namespace vigil::api {
namespace {

// JSON has no raw line breaks, so that one line of data is enough.
std::string Text(std::int64_t id, std::string_view kind, const json::value& data) {
  return format("id: {}\nevent: {}\ndata: {}\n\n", id, kind, WriteJson(data));
}

}  // namespace

std::string EventText(const Event& event) {
  const Result<json::value> data = ParseJson(event.data);
  return Text(event.sequence, event.kind,
              json::object{{"sequence", event.sequence},
                           {"at", FormatTime(event.at)},
                           {"kind", event.kind},
                           {"data", data ? *data : json::value(nullptr)}});
}

std::string ReadyText(std::int64_t after) {
  return Text(after, "ready", json::object{{"sequence", after}});
}

std::string ResetText(std::string_view reason, const database::EventBatch& batch) {
  return Text(batch.newest, "reset",
              json::object{{"reason", reason}, {"oldest", batch.oldest}, {"newest", batch.newest}});
}

std::optional<std::int64_t> ParseEventId(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = failure == std::errc{} && end == text.data() + text.size();
  if (!whole || number < 0 || number > kEventIdMax) return std::nullopt;
  return number;
}

}  // namespace vigil::api
