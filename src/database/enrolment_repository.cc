// SQL of enrolment by name.
#include "database/enrolment_repository.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "base/format.h"
#include "database/gallery_repository.h"
#include "database/person_repository.h"
#include "database/photo_repository.h"
#include "database/watchlist_repository.h"

namespace vigil::database {
namespace {

Result<std::optional<Person>> TheOneCalled(Connection& connection, const std::string& name) {
  VIGIL_ASSIGN_OR_RETURN(std::vector<Person> called, FindByName(connection, name, 2));
  if (called.size() > 1) {
    return Fail(ErrorCode::kConflict,
                format("several people are called {}; give each a name of their own, or add the "
                       "photo to the right one on the page",
                       name));
  }
  if (called.empty()) return std::nullopt;
  return std::move(called.front());
}

// Whether the person stands in more lists than before.
Result<bool> AddLists(Connection& connection, WallTime now, Person& person,
                      const std::vector<std::string>& lists) {
  std::vector<std::string> all = person.watchlist_ids;
  for (const std::string& list : lists) {
    if (std::ranges::find(all, list) == all.end()) all.push_back(list);
  }
  if (all.size() == person.watchlist_ids.size()) return false;
  VIGIL_RETURN_IF_ERROR(SetWatchlistsOf(connection, person.id, all));
  VIGIL_RETURN_IF_ERROR(
      connection.Execute("UPDATE persons SET updated_at = $2 WHERE id = $1", {person.id, now}));
  person.watchlist_ids = std::move(all);
  person.updated_at = now;
  return true;
}

}  // namespace

Result<KnownByName> EnrolmentRepository::Find(const std::string& name,
                                              const std::string& fingerprint) {
  return database_.Read([&](Connection& connection) -> Result<KnownByName> {
    KnownByName known;
    VIGIL_ASSIGN_OR_RETURN(known.person, TheOneCalled(connection, name));
    if (known.person) {
      VIGIL_ASSIGN_OR_RETURN(known.photo,
                             FindByFingerprint(connection, known.person->id, fingerprint));
    }
    return known;
  });
}

Result<EnrolledByName> EnrolmentRepository::Add(const Person& person, const Photo& photo,
                                                const Reference& reference) {
  return database_.Write([&](Connection& connection) -> Result<EnrolledByName> {
    EnrolledByName enrolled;
    VIGIL_ASSIGN_OR_RETURN(std::optional<Person> called, TheOneCalled(connection, person.name));
    if (called) {
      VIGIL_ASSIGN_OR_RETURN(
          enrolled.lists_changed,
          AddLists(connection, database_.GetClock().WallNow(), *called, person.watchlist_ids));
      enrolled.person = *std::move(called);
      VIGIL_ASSIGN_OR_RETURN(std::optional<Photo> known,
                             FindByFingerprint(connection, enrolled.person.id, photo.fingerprint));
      if (known) {
        enrolled.photo = *std::move(known);
        return enrolled;
      }
    } else {
      VIGIL_ASSIGN_OR_RETURN(enrolled.person,
                             InsertPerson(connection, database_.GetClock(), person));
      enrolled.person_created = true;
    }
    Photo theirs = photo;
    theirs.person_id = enrolled.person.id;
    VIGIL_ASSIGN_OR_RETURN(
        enrolled.photo, InsertWithReference(connection, database_, std::move(theirs), reference));
    enrolled.photo_added = true;
    return enrolled;
  });
}

Result<bool> EnrolmentRepository::AddToLists(Person& person, const Person& wanted) {
  const bool in_all = std::ranges::all_of(wanted.watchlist_ids, [&](const std::string& list) {
    return std::ranges::find(person.watchlist_ids, list) != person.watchlist_ids.end();
  });
  if (in_all) return false;
  return database_.Write([&](Connection& connection) -> Result<bool> {
    VIGIL_ASSIGN_OR_RETURN(std::optional<Person> called, TheOneCalled(connection, person.name));
    if (!called || called->id != person.id) {
      return Fail(ErrorCode::kNotFound, format("{} was deleted just now", person.name));
    }
    VIGIL_ASSIGN_OR_RETURN(const bool changed, AddLists(connection, database_.GetClock().WallNow(),
                                                        *called, wanted.watchlist_ids));
    person = *std::move(called);
    return changed;
  });
}

Result<std::vector<PhotoReference>> EnrolmentRepository::ReferencesOf(
    std::span<const std::string> person_ids, const std::string& space_key) {
  std::unordered_map<std::string, PhotoReference> by_id;
  std::vector<std::string> ids;
  VIGIL_RETURN_IF_ERROR(database_.Read([&](Connection& connection) -> Status {
    for (const std::string& person_id : person_ids) {
      VIGIL_ASSIGN_OR_RETURN(
          const Answer answer,
          connection.Execute("SELECT id, photo_id, quality FROM reference_embeddings "
                             "WHERE person_id = $1 AND space_key = $2",
                             {person_id, space_key}));
      for (const Row& row : answer.rows) {
        ids.push_back(row.Text("id"));
        by_id[ids.back()] = {{}, row.Text("photo_id"), row.Float("quality")};
      }
    }
    return {};
  }));
  VIGIL_ASSIGN_OR_RETURN(auto living, GalleryRepository(database_).LoadReferences(ids, space_key));
  std::vector<PhotoReference> references;
  references.reserve(living.size());
  for (GalleryReference& reference : living) {
    PhotoReference& found = by_id[reference.reference_id];
    references.push_back({std::move(reference), std::move(found.photo_id), found.quality});
  }
  return references;
}

}  // namespace vigil::database
