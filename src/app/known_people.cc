// See known_people.h.
#include "app/known_people.h"

#include <utility>

#include "base/format.h"

namespace vigil::app {

Status KnownPeople::Refresh() {
  auto people = std::make_shared<People>();
  VIGIL_RETURN_IF_ERROR(persons_.ForEachBrief([&](Person person) {
    people->try_emplace(std::move(person.id), Known{.name = std::move(person.name),
                                                    .reason = std::move(person.reason),
                                                    .severity = person.severity});
  }));
  const std::lock_guard lock(mutex_);
  people_ = std::move(people);
  return {};
}

std::shared_ptr<const KnownPeople::People> KnownPeople::Current() const {
  const std::lock_guard lock(mutex_);
  return people_;
}

std::string KnownPeople::NameOf(const std::string& person_id) const {
  const auto people = Current();
  const auto found = people->find(person_id);
  return found == people->end() ? std::string() : found->second.name;
}

Person KnownPeople::Find(const std::string& person_id) const {
  const auto people = Current();
  const auto found = people->find(person_id);
  Person person;
  person.id = person_id;
  if (found == people->end()) {
    person.name = format("person {} (the database with the name is away)", person_id);
    return person;
  }
  person.name = found->second.name;
  person.reason = found->second.reason;
  person.severity = found->second.severity;
  return person;
}

}  // namespace vigil::app
