// See the header.
#include "app/loaded_watch_rules.h"

#include <utility>

namespace vigil::app {

Status LoadedWatchRules::Refresh() {
  const std::lock_guard refreshing(refresh_mutex_);
  VIGIL_ASSIGN_OR_RETURN(auto everything, lists_.LoadAll());
  auto rules = std::make_shared<const pipeline::WatchRules>(
      std::move(everything.lists), std::move(everything.lists_of), ++revision_);
  const std::lock_guard lock(mutex_);
  rules_ = std::move(rules);
  return {};
}

std::shared_ptr<const pipeline::WatchRules> LoadedWatchRules::Current() const {
  const std::lock_guard lock(mutex_);
  return rules_;
}

}  // namespace vigil::app
