// The words of an alert, shared by the channels. Says how sure the system is, never more.
#pragma once

#include <string>
#include <string_view>

#include "core/alert.h"

namespace vigil::alerts {

// How often a stranger scores this high: 0.00025 -> "about 1 in 4,000" (two significant digits); at
// least 0.5 -> "more than 1 in 2"; below one in a million -> "less than 1 in 1,000,000", since no
// tail is measured finer.
std::string OddsText(double stranger_odds);

// Valid UTF-8 on one line: control, line-separating and text-direction characters become spaces,
// broken bytes U+FFFD, and what is beyond `characters_max` code points is cut with an ellipsis.
// Safe in a header once encoded.
std::string OneLine(std::string_view text, std::size_t characters_max);

// As long as a name may be.
inline constexpr std::size_t kPersonNameCharactersMax = 200;

// "Anna", or "Anna, or Berta" where it may be either of two; each name in one line and cut.
std::string WhoText(const AlertMessage& message, std::size_t characters_max);

std::string EscapeHtml(std::string_view text);

// "Looks like Ada Example at Front door"
std::string AlertTitle(const AlertMessage& message);

// "looks like Ada Example: similarity 0.71 (threshold 0.63); a stranger scores this high about 1 in
// 4,000"
std::string AlertVerdict(const AlertMessage& message);

// A message is late when it leaves a minute after its event or more.
bool IsLate(const AlertMessage& message, WallTime sent_at);
// Receivers should not act on it after this: a day after the event.
WallTime ExpiryOf(const AlertMessage& message);
// The address of the incident on the dashboard; empty without a public URL.
std::string IncidentLink(std::string_view public_url, const AlertMessage& message);

}  // namespace vigil::alerts
