// The cache of names.
#include "app/person_names.h"

#include <utility>

namespace vigil::app {

Status PersonNames::Refresh() {
  auto names = std::make_shared<Names>();
  database::PageRequest request{.limit = 1000};
  do {
    VIGIL_ASSIGN_OR_RETURN(auto page, persons_.List(request));
    for (Person& person : page.items) names->emplace(person.id, std::move(person.name));
    request.after = page.next;
  } while (!request.after.empty());
  const std::lock_guard lock(mutex_);
  names_ = std::move(names);
  return {};
}

std::string PersonNames::Of(const std::string& person_id) const {
  const std::lock_guard lock(mutex_);
  const auto found = names_->find(person_id);
  return found == names_->end() ? std::string() : found->second;
}

}  // namespace vigil::app
