// SQL of people.
#include "database/person_repository.h"

#include <utility>

#include "base/format.h"
#include "base/uuid.h"
#include "database/gallery_log.h"
#include "database/rows.h"
#include "database/watchlist_repository.h"

namespace vigil::database {
namespace {

constexpr std::string_view kSelect =
    "SELECT id, name, reason, category, severity, notes, expires_at, created_at, updated_at, "
    "(SELECT COUNT(*) FROM photos WHERE photos.person_id = persons.id) AS photo_count "
    "FROM persons ";

Person PersonOf(const Row& row) {
  return {.id = row.Text("id"),
          .name = row.Text("name"),
          .reason = row.Text("reason"),
          .category = row.Text("category"),
          .severity = SeverityOf(row.Integer("severity")),
          .notes = row.Text("notes"),
          .expires_at = row.OptionalTime("expires_at"),
          .watchlist_ids = {},
          .created_at = row.Time("created_at"),
          .updated_at = row.Time("updated_at"),
          .photo_count = row.Int("photo_count")};
}

std::unexpected<Error> NoSuchPerson(const std::string& id) {
  return Fail(ErrorCode::kNotFound, format("there is no person {}", id));
}

// Fills the lists of people that lie between the first and the last id of `persons`, in order.
Status AddWatchlists(Connection& connection, std::vector<Person>& persons) {
  if (persons.empty()) return {};
  VIGIL_ASSIGN_OR_RETURN(const Answer members,
                         connection.Execute("SELECT person_id, watchlist_id FROM watchlist_members "
                                            "WHERE person_id >= $1 AND person_id <= $2 "
                                            "ORDER BY person_id, watchlist_id",
                                            {persons.front().id, persons.back().id}));
  auto person = persons.begin();
  for (const Row& row : members.rows) {
    const std::string id = row.Text("person_id");
    while (person != persons.end() && person->id < id) ++person;
    if (person == persons.end()) break;
    if (person->id == id) person->watchlist_ids.push_back(row.Text("watchlist_id"));
  }
  return {};
}

Result<Person> Find(Connection& connection, const std::string& id) {
  VIGIL_ASSIGN_OR_RETURN(const Answer answer,
                         connection.Execute(std::string(kSelect) + "WHERE id = $1", {id}));
  if (answer.rows.empty()) return NoSuchPerson(id);
  std::vector<Person> found{PersonOf(answer.rows.front())};
  VIGIL_RETURN_IF_ERROR(AddWatchlists(connection, found));
  return std::move(found.front());
}

bool IsSearched(const Person& person, WallTime now) {
  return !person.expires_at.has_value() || *person.expires_at > now;
}

Result<Person> Save(Connection& connection, WallTime now, Person person) {
  person.updated_at = now;
  const bool searched = IsSearched(person, person.updated_at);
  VIGIL_ASSIGN_OR_RETURN(
      const Answer turned,
      connection.Execute("UPDATE persons SET searched = $2 WHERE id = $1 AND searched <> $2",
                         {person.id, searched}));
  if (turned.changed > 0) {
    VIGIL_ASSIGN_OR_RETURN(const std::vector<std::string> references,
                           ReferencesOfPerson(connection, person.id));
    VIGIL_RETURN_IF_ERROR(LogGalleryChanges(connection, references));
  }
  VIGIL_ASSIGN_OR_RETURN(
      const Answer updated,
      connection.Execute(
          "UPDATE persons SET name = $2, reason = $3, category = $4, severity = $5, notes = $6, "
          "expires_at = $7, updated_at = $8 WHERE id = $1",
          {person.id, person.name, person.reason, person.category, SeverityNumber(person.severity),
           person.notes, person.expires_at, person.updated_at}));
  if (updated.changed == 0) return NoSuchPerson(person.id);
  VIGIL_RETURN_IF_ERROR(SetWatchlistsOf(connection, person.id, person.watchlist_ids));
  return Find(connection, person.id);
}

}  // namespace

Result<Person> InsertPerson(Connection& connection, const Clock& clock, Person person) {
  if (person.id.empty()) person.id = MakeUuid(clock);
  person.created_at = person.updated_at = clock.WallNow();
  person.photo_count = 0;
  VIGIL_RETURN_IF_ERROR(connection.Execute(
      "INSERT INTO persons (id, name, reason, category, severity, notes, expires_at, searched, "
      "created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)",
      {person.id, person.name, person.reason, person.category, SeverityNumber(person.severity),
       person.notes, person.expires_at, IsSearched(person, person.created_at), person.created_at}));
  VIGIL_RETURN_IF_ERROR(SetWatchlistsOf(connection, person.id, person.watchlist_ids));
  return person;
}

Result<std::vector<Person>> FindByName(Connection& connection, const std::string& name, int limit) {
  VIGIL_ASSIGN_OR_RETURN(
      const Answer answer,
      connection.Execute(std::string(kSelect) + "WHERE name = $1 ORDER BY id LIMIT $2",
                         {name, limit}));
  std::vector<Person> persons;
  for (const Row& row : answer.rows) persons.push_back(PersonOf(row));
  VIGIL_RETURN_IF_ERROR(AddWatchlists(connection, persons));
  return persons;
}

Result<Person> PersonRepository::Create(Person person) {
  return database_.Write([&](Connection& connection) {
    return InsertPerson(connection, database_.GetClock(), person);
  });
}

Result<Person> PersonRepository::Get(const std::string& id) {
  return database_.Read([&](Connection& connection) { return Find(connection, id); });
}

Result<Page<Person>> PersonRepository::List(const PageRequest& request,
                                            const std::string& watchlist_id) {
  const int limit = PageLimit(request);
  return database_.Read([&](Connection& connection) -> Result<Page<Person>> {
    VIGIL_ASSIGN_OR_RETURN(
        const Answer answer,
        connection.Execute(
            std::string(kSelect) +
                "WHERE id > $1 AND ($3 = '' OR EXISTS (SELECT 1 FROM watchlist_members AS m "
                "WHERE m.person_id = persons.id AND m.watchlist_id = $3)) ORDER BY id LIMIT $2",
            {request.after, limit + 1, watchlist_id}));
    Page<Person> page = MakePage<Person>(answer.rows, limit, PersonOf);
    VIGIL_RETURN_IF_ERROR(AddWatchlists(connection, page.items));
    return page;
  });
}

Status PersonRepository::ForEachBrief(const std::function<void(Person)>& take) {
  constexpr int kPieceRows = 20'000;
  return database_.Read([&](Connection& connection) -> Status {
    std::string last;
    while (true) {
      VIGIL_ASSIGN_OR_RETURN(
          const Answer answer,
          connection.Execute("SELECT id, name, reason, severity FROM persons WHERE id > $1 "
                             "ORDER BY id LIMIT $2",
                             {last, kPieceRows}));
      for (const Row& row : answer.rows) {
        Person person;
        person.id = row.Text("id");
        person.name = row.Text("name");
        person.reason = row.Text("reason");
        person.severity = SeverityOf(row.Integer("severity"));
        take(std::move(person));
      }
      if (std::cmp_less(answer.rows.size(), kPieceRows)) return {};
      last = answer.rows.back().Text("id");
    }
  });
}

Result<Person> PersonRepository::Update(Person person) {
  return database_.Write([&](Connection& connection) {
    return Save(connection, database_.GetClock().WallNow(), person);
  });
}

Result<Person> PersonRepository::Change(const std::string& id,
                                        const std::function<Status(Person&)>& edit) {
  return database_.Write([&](Connection& connection) -> Result<Person> {
    VIGIL_ASSIGN_OR_RETURN(Person person, Find(connection, id));
    VIGIL_RETURN_IF_ERROR(edit(person));
    return Save(connection, database_.GetClock().WallNow(), std::move(person));
  });
}

Result<DeletedPerson> PersonRepository::Delete(const std::string& id) {
  return database_.Write([&](Connection& connection) -> Result<DeletedPerson> {
    VIGIL_ASSIGN_OR_RETURN(const std::vector<std::string> references,
                           ReferencesOfPerson(connection, id));
    VIGIL_RETURN_IF_ERROR(LogGalleryChanges(connection, references));
    VIGIL_ASSIGN_OR_RETURN(
        const Answer photos,
        connection.Execute("SELECT media_id FROM photos WHERE person_id = $1", {id}));
    VIGIL_RETURN_IF_ERROR(connection.Execute("DELETE FROM cooldowns WHERE person_id = $1", {id}));
    VIGIL_ASSIGN_OR_RETURN(const Answer deleted,
                           connection.Execute("DELETE FROM persons WHERE id = $1", {id}));
    if (deleted.changed == 0) return NoSuchPerson(id);
    DeletedPerson result;
    for (const Row& row : photos.rows) result.media_ids.push_back(row.Text("media_id"));
    return result;
  });
}

Result<int> PersonRepository::ExpireDue() {
  const WallTime now = database_.GetClock().WallNow();
  const auto due = [now](Connection& connection) -> Result<std::vector<std::string>> {
    VIGIL_ASSIGN_OR_RETURN(
        const Answer answer,
        connection.Execute("SELECT id FROM persons "
                           "WHERE searched = 1 AND expires_at IS NOT NULL AND expires_at <= $1",
                           {now}));
    std::vector<std::string> ids;
    ids.reserve(answer.rows.size());
    for (const Row& row : answer.rows) ids.push_back(row.Text("id"));
    return ids;
  };
  // Mostly nobody is due; then the writer is left in peace.
  VIGIL_ASSIGN_OR_RETURN(const std::vector<std::string> anyone, database_.Read(due));
  if (anyone.empty()) return 0;
  return database_.Write([&](Connection& connection) -> Result<int> {
    VIGIL_ASSIGN_OR_RETURN(const std::vector<std::string> ids, due(connection));
    for (const std::string& id : ids) {
      VIGIL_RETURN_IF_ERROR(
          connection.Execute("UPDATE persons SET searched = 0 WHERE id = $1", {id}));
      VIGIL_ASSIGN_OR_RETURN(const std::vector<std::string> references,
                             ReferencesOfPerson(connection, id));
      VIGIL_RETURN_IF_ERROR(LogGalleryChanges(connection, references));
    }
    return static_cast<int>(ids.size());
  });
}

}  // namespace vigil::database
