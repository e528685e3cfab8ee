// Names of enrolled people from memory, for threads that must not wait for the database.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "base/result.h"
#include "database/person_repository.h"

namespace vigil::app {

// Thread-safe.
class PersonNames {
 public:
  explicit PersonNames(database::Database& database) : persons_(database) {}

  // Reads all names again; blocks on the database.
  Status Refresh();
  // Empty for an unknown person.
  std::string Of(const std::string& person_id) const;

 private:
  using Names = std::unordered_map<std::string, std::string>;
  database::PersonRepository persons_;
  mutable std::mutex mutex_;
  std::shared_ptr<const Names> names_ = std::make_shared<Names>();  // guarded by mutex_
};

}  // namespace vigil::app
