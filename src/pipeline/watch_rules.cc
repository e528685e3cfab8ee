// See watch_rules.h.
#include "pipeline/watch_rules.h"

#include <algorithm>
#include <utility>

#include "alerts/cooldown.h"
#include "base/format.h"
#include "base/local_time.h"

namespace vigil::pipeline {
namespace {

bool Holds(const std::vector<std::string>& values, const std::string& value) {
  return std::ranges::find(values, value) != values.end();
}

bool Applies(const Watchlist& list, const std::string& camera_id, const std::string& group_id) {
  if (list.camera_ids.empty() && list.camera_group_ids.empty()) return true;
  return Holds(list.camera_ids, camera_id) ||
         (!group_id.empty() && Holds(list.camera_group_ids, group_id));
}

bool Covers(const SchedulePeriod& period, const LocalTime& now) {
  const auto begins_on = [&](int weekday) {
    return period.days[static_cast<std::size_t>((weekday + 7) % 7)];
  };
  if (period.from < period.to) {
    return begins_on(now.weekday) && now.of_day >= period.from && now.of_day < period.to;
  }
  return (begins_on(now.weekday) && now.of_day >= period.from) ||
         (begins_on(now.weekday - 1) && now.of_day < period.to);
}

}  // namespace

WatchRules::WatchRules(std::vector<Watchlist> lists, Membership lists_of, std::uint64_t revision)
    : lists_of_(std::move(lists_of)), revision_(revision) {
  for (Watchlist& list : lists) {
    const std::string id = list.id;
    lists_.emplace(id, std::move(list));
  }
}

std::optional<std::vector<const Watchlist*>> WatchRules::At(const std::string& person_id,
                                                            const std::string& camera_id,
                                                            const std::string& group_id) const {
  std::vector<const Watchlist*> applying;
  const auto lists = lists_of_.find(person_id);
  if (lists == lists_of_.end() || lists->second.empty()) return applying;
  for (const std::string& id : lists->second) {
    const Watchlist* list = Find(id);
    if (list != nullptr && Applies(*list, camera_id, group_id)) applying.push_back(list);
  }
  if (applying.empty()) return std::nullopt;
  return applying;
}

const Watchlist* WatchRules::Find(const std::string& list_id) const {
  const auto found = lists_.find(list_id);
  return found == lists_.end() ? nullptr : &found->second;
}

bool IsOpen(const Schedule& schedule, WallTime time) {
  if (schedule.periods.empty()) return true;
  const Result<LocalTime> now = LocalTimeIn(schedule.time_zone, time);
  if (!now.has_value()) return true;
  return std::ranges::any_of(schedule.periods,
                             [&](const SchedulePeriod& period) { return Covers(period, *now); });
}

namespace {

// Rather one alert too many: what cannot be told is not obeyed.
bool IsObeyed(MaskRule rule, std::optional<float> covered) {
  if (rule == MaskRule::kAny || !covered) return false;
  return (rule == MaskRule::kRequired) == (*covered >= kCoveredFrom);
}

std::string GapOf(std::span<const Watchlist* const> open, std::span<const AlertRoute> routes) {
  for (const Watchlist* list : open) {
    if (list->channels.empty() && routes.empty()) return "there is no channel";
    for (const std::string& channel : list->channels) {
      if (std::ranges::find(routes, channel, &AlertRoute::channel) != routes.end()) continue;
      return format("the watch-list {} names the channel {}, which is gone or switched off",
                    list->name, channel);
    }
  }
  return {};
}

}  // namespace

AlertPlan PlanAlerts(const WatchRules& rules, std::span<const WatchlistTrace> asked,
                     Severity severity, std::span<const AlertRoute> all_routes, WallTime time,
                     std::optional<float> covered) {
  AlertPlan plan{.severity = severity, .routes = {}, .gap = {}};
  const bool in_no_list = std::ranges::none_of(
      asked, [&](const WatchlistTrace& entry) { return rules.Find(entry.id) != nullptr; });
  if (in_no_list) {
    plan.routes.assign(all_routes.begin(), all_routes.end());
    if (all_routes.empty()) plan.gap = "there is no channel";
    return plan;
  }
  std::vector<const Watchlist*> open;
  for (const WatchlistTrace& entry : asked) {
    const Watchlist* list = rules.Find(entry.id);
    if (!entry.passed || list == nullptr) continue;
    plan.severity = std::max(plan.severity, list->severity.value_or(severity));
    if (IsOpen(list->schedule, time) && !IsObeyed(list->mask, covered)) open.push_back(list);
  }
  plan.gap = GapOf(open, all_routes);
  for (const AlertRoute& route : all_routes) {
    bool wanted = false;
    std::optional<int> cooldown_s;
    for (const Watchlist* list : open) {
      if (!list->channels.empty() && !Holds(list->channels, route.channel)) continue;
      wanted = true;
      if (list->cooldown_s) {
        cooldown_s = std::min(cooldown_s.value_or(*list->cooldown_s), *list->cooldown_s);
      }
    }
    if (!wanted) continue;
    plan.routes.push_back(route);
    if (cooldown_s) {
      plan.routes.back().cooldown =
          alerts::MakeCooldownRule({.duration = std::chrono::seconds(*cooldown_s)});
    }
  }
  return plan;
}

AlertPlan EitherPlan(AlertPlan one, AlertPlan other) {
  one.severity = std::max(one.severity, other.severity);
  if (one.gap.empty()) one.gap = std::move(other.gap);
  for (AlertRoute& route : other.routes) {
    const auto known = std::ranges::find(one.routes, route.channel, &AlertRoute::channel);
    if (known == one.routes.end()) {
      one.routes.push_back(std::move(route));
      continue;
    }
    known->cooldown = [first = std::move(known->cooldown), second = std::move(route.cooldown)](
                          const CooldownState& state, const CooldownAttempt& attempt) {
      CooldownVerdict verdict = first(state, attempt);
      return verdict.send ? verdict : second(state, attempt);
    };
  }
  return one;
}

}  // namespace vigil::pipeline
