// Lists of people with rules of their own: how sure a name must be, who is told, when and where.
#pragma once

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "core/person.h"

namespace vigil {

// Some hours of some days of the week, by the local clock.
struct SchedulePeriod {
  std::array<bool, 7> days{};    // Monday first: the days on which it begins
  std::chrono::minutes from{0};  // since midnight
  std::chrono::minutes to{0};    // exclusive; at or before `from`: it passes midnight
  bool operator==(const SchedulePeriod&) const = default;
};

// When a list alerts. Without periods: always.
struct Schedule {
  std::string time_zone = "UTC";  // of the IANA database
  std::vector<SchedulePeriod> periods;
  bool operator==(const Schedule&) const = default;
};

// About masks, scarves and whatever else covers mouth and nose: what a list wants of its people.
// It is told of those whom it names and who do otherwise.
enum class MaskRule { kAny, kRequired, kForbidden };

// "any", "required", "forbidden".
std::string_view MaskRuleName(MaskRule rule);
// Nothing for another word.
std::optional<MaskRule> MaskRuleOf(std::string_view word);

// How lists combine:
//   - Somebody in no list is looked for everywhere by the configuration's rule, on all channels.
//   - Somebody in lists is looked for where at least one of them applies, and nowhere else.
//   - Each list that applies speaks for itself: it names the person when its own threshold is
//     reached, so that one more list never hides anybody.
//   - The lists that named the person alert: on the channels of those whose schedule is open, with
//     the highest severity, and with the shortest cooldown stated for a channel.
struct Watchlist {
  std::string id;
  std::string name;  // unique
  // At most one of the next two; absent: the configuration's permitted rate.
  std::optional<double> named_strangers_max;  // permitted share of strangers who get a name
  std::optional<double> threshold;            // fixed cosine; the model's floor holds below it
  std::optional<Severity> severity;           // raises that of its people
  std::vector<std::string> channels;          // names; empty: all
  std::optional<int> cooldown_s;              // absent: the channel's
  // kRequired: tells only of people seen uncovered; kForbidden: only of covered ones. Incidents are
  // recorded either way. Where covered faces cannot be told, the list tells of everybody.
  MaskRule mask = MaskRule::kAny;
  Schedule schedule;  // outside it incidents are recorded, nobody is told
  // Where it applies; both empty: everywhere.
  std::vector<std::string> camera_ids;
  std::vector<std::string> camera_group_ids;
  WallTime created_at{};
  WallTime updated_at{};
  int person_count = 0;  // filled by reads
  bool operator==(const Watchlist&) const = default;
};

}  // namespace vigil
