// Watch-lists as recognition and alerting ask them: who is looked for here, how sure must a name
// be, and who is told.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/alert.h"
#include "core/decision_trace.h"
#include "core/watchlist.h"

namespace vigil::pipeline {

// All lists and who stands in them at one moment. Immutable, so that recognition reads it without
// waiting for changes.
class WatchRules {
 public:
  using Membership = std::unordered_map<std::string, std::vector<std::string>>;  // person -> lists

  WatchRules() = default;  // nobody stands in a list
  // `revision` tells these rules from those before and after.
  WatchRules(std::vector<Watchlist> lists, Membership lists_of, std::uint64_t revision = 0);

  // The lists of a person that apply at a camera (`group_id` may be empty): none for somebody in no
  // list, nothing at all for somebody who is looked for elsewhere only.
  std::optional<std::vector<const Watchlist*>> At(const std::string& person_id,
                                                  const std::string& camera_id,
                                                  const std::string& group_id) const;
  // Null for an unknown one.
  const Watchlist* Find(const std::string& list_id) const;
  std::uint64_t Revision() const { return revision_; }

 private:
  std::unordered_map<std::string, Watchlist> lists_;
  Membership lists_of_;
  std::uint64_t revision_ = 0;
};

// Answers from memory; never null.
using WatchRulesSource = std::function<std::shared_ptr<const WatchRules>()>;

// A camera as lists see it. Without rules nobody stands in a list.
struct WatchedPlace {
  std::shared_ptr<const WatchRules> rules;
  std::string camera_id;
  std::string group_id;
};

// Whether a list alerts at `time`. An unknown time zone counts as open: rather one alert too many.
bool IsOpen(const Schedule& schedule, WallTime time);

// Who is told about a match, and how severe it is.
struct AlertPlan {
  Severity severity = Severity::kMedium;
  std::vector<AlertRoute> routes;
  // What keeps somebody from being told who should be, for the log; empty when all is well. Closed
  // schedules are no fault.
  std::string gap;
};

// `asked` are the lists that were asked when the person was named (DecisionTrace::watchlists);
// `severity` is the person's own. Lists that were deleted since count no more; when none is left,
// the person stands in no list. `covered`: how likely the face is, for the lists' rules about
// masks.
AlertPlan PlanAlerts(const WatchRules& rules, std::span<const WatchlistTrace> asked,
                     Severity severity, std::span<const AlertRoute> all_routes, WallTime time,
                     std::optional<float> covered = {});

// Tells everybody whom one of the two plans tells, as severely as the severer one; a channel of
// both as often as the one that tells it oftener.
AlertPlan EitherPlan(AlertPlan one, AlertPlan other);

}  // namespace vigil::pipeline
