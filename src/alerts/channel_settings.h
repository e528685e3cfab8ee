// A receiver's settings as the JSON that the API takes and the database keeps.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "alerts/channels.h"
#include "base/json.h"

namespace vigil::alerts {

struct SettingError {
  std::string field;  // of the settings object
  std::string message;
};

// What all channels share: not part of a channel's own settings.
struct SharedSettings {
  std::string public_url;  // for links to incidents
};

// Reads a receiver of `kind` ("webhook", "email", "http"), with the keys of ChannelShown. Unknown
// and wrong fields are all named; then the receiver itself is tried, templates included.
std::expected<Receiver, std::vector<SettingError>> ReadReceiver(std::string_view kind,
                                                                const json::object& settings,
                                                                const SharedSettings& shared,
                                                                const Clock& clock);

// Who looks at a channel. kOperator sees of an address only its origin and of templates only the
// names: paths, queries and bodies of hooks hold tokens.
enum class Viewer { kOperator, kAdmin };

// The settings as people may see them: secrets are "***" when set and null when not, URLs are
// masked, of headers only the names are shown.
json::object ShownSettings(const Receiver& receiver, Viewer viewer = Viewer::kAdmin);

// The secrets that a change of address would send to somebody else: those stored and not given anew
// in `change`, when `merged` has another scheme, host or port than `stored`.
std::vector<std::string> SecretsToGiveAgain(const json::object& stored, const json::object& merged,
                                            const json::object& change);

// `stored` changed by `change`: null takes a setting away, a text as ShownSettings showed it means
// no change.
json::object MergeSettings(json::object stored, const json::object& change,
                           const json::object& shown);

}  // namespace vigil::alerts
