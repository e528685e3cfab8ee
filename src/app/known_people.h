// What must be known of enrolled people at any time, from memory: for threads that must not wait
// for the database, and for all while it is away.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "base/result.h"
#include "database/person_repository.h"

namespace vigil::app {

// Thread-safe.
class KnownPeople {
 public:
  explicit KnownPeople(database::Database& database) : persons_(database) {}

  // Reads everybody again; blocks on the database.
  Status Refresh();
  // Empty for an unknown person.
  std::string NameOf(const std::string& person_id) const;
  // With id, name, reason and severity alone. An unknown person, who may be newer than what is
  // known, has a name that says so: an alert without a name is better than none.
  Person Find(const std::string& person_id) const;

 private:
  struct Known {
    std::string name;
    std::string reason;
    Severity severity = Severity::kMedium;
  };
  using People = std::unordered_map<std::string, Known>;
  std::shared_ptr<const People> Current() const;

  database::PersonRepository persons_;
  mutable std::mutex mutex_;
  std::shared_ptr<const People> people_ = std::make_shared<People>();  // guarded by mutex_
};

}  // namespace vigil::app
