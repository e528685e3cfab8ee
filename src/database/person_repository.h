// Enrolled people at rest.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "core/person.h"
#include "database/database.h"
#include "database/page.h"

namespace vigil::database {

// What a deletion leaves for the caller to do.
struct DeletedPerson {
  std::vector<std::string> media_ids;  // photos to remove from the media store
};

// Thread-safe. Whoever changes or deletes a person changes the gallery in the same transaction.
class PersonRepository {
 public:
  explicit PersonRepository(Database& database) : database_(database) {}

  // Fills id, created_at and updated_at. kInvalidArgument for an unknown watch-list. An id given by
  // the caller is kept (kConflict when taken).
  Result<Person> Create(Person person);
  Result<Person> Get(const std::string& id);
  // In the order of enrolment; only those of a watch-list unless `watchlist_id` is empty.
  Result<Page<Person>> List(const PageRequest& request, const std::string& watchlist_id = {});
  // Everybody with id, name, reason and severity alone, in any order: for whoever keeps them.
  Status ForEachBrief(const std::function<void(Person)>& take);
  // Replaces every field but id, created_at and photo_count. kNotFound.
  Result<Person> Update(Person person);
  // Finds one, lets `edit` change it and saves it as Update does, in one transaction: two changes
  // of different fields both hold. `edit` runs on the writer's thread and asks the database
  // nothing; its error changes nothing and is the answer.
  Result<Person> Change(const std::string& id, const std::function<Status(Person&)>& edit);
  // Removes the person, photos and references; incidents stay with the name. kNotFound.
  Result<DeletedPerson> Delete(const std::string& id);
  // Takes people whose expires_at has passed out of the gallery; returns how many. Called once a
  // second by Maintenance.
  Result<int> ExpireDue();

 private:
  Database& database_;
};

// For EnrolmentRepository, inside its transactions: as Create; and at most `limit` people of
// exactly that name, the oldest first.
Result<Person> InsertPerson(Connection& connection, const Clock& clock, Person person);
Result<std::vector<Person>> FindByName(Connection& connection, const std::string& name, int limit);

}  // namespace vigil::database
