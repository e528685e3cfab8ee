// SQL of watch-lists.
#include "database/watchlist_repository.h"

#include <algorithm>

#include "base/format.h"
#include "base/json.h"
#include "base/uuid.h"
#include "database/rows.h"
#include "database/schedule_json.h"

namespace vigil::database {
namespace {

constexpr std::string_view kSelect =
    "SELECT id, name, named_strangers_max, threshold, severity, channels, cooldown_s, schedule, "
    "camera_ids, camera_group_ids, mask_rule, created_at, updated_at, "
    "(SELECT COUNT(*) FROM watchlist_members WHERE watchlist_id = watchlists.id) AS person_count "
    "FROM watchlists ";

std::string TextsJson(const std::vector<std::string>& texts) {
  return json::serialize(json::array(texts.begin(), texts.end()));
}

std::vector<std::string> TextsOf(const std::string& text) {
  const Result<json::value> value = ParseJson(text);
  if (!value || !value->is_array()) throw RowError("a watch-list's list is damaged");
  std::vector<std::string> texts;
  for (const json::value& item : value->get_array()) texts.emplace_back(item.as_string());
  return texts;
}

Schedule ScheduleFromText(const std::string& text) {
  const Result<json::value> value = ParseJson(text);
  if (!value) throw RowError("a watch-list's schedule is damaged");
  Result<Schedule> schedule = ScheduleOf(*value);
  if (!schedule) throw RowError("a watch-list's schedule: " + schedule.error().message);
  return *std::move(schedule);
}

Watchlist WatchlistOf(const Row& row) {
  Watchlist list;
  list.id = row.Text("id");
  list.name = row.Text("name");
  if (!row.IsNull("named_strangers_max"))
    list.named_strangers_max = row.Real("named_strangers_max");
  if (!row.IsNull("threshold")) list.threshold = row.Real("threshold");
  if (!row.IsNull("severity")) list.severity = SeverityOf(row.Integer("severity"));
  list.channels = TextsOf(row.Text("channels"));
  list.cooldown_s = row.OptionalInt("cooldown_s");
  list.schedule = ScheduleFromText(row.Text("schedule"));
  list.camera_ids = TextsOf(row.Text("camera_ids"));
  list.camera_group_ids = TextsOf(row.Text("camera_group_ids"));
  const std::optional<MaskRule> mask = MaskRuleOf(row.Text("mask_rule"));
  if (!mask) throw RowError("a watch-list's rule about masks is unknown");
  list.mask = *mask;
  list.created_at = row.Time("created_at");
  list.updated_at = row.Time("updated_at");
  list.person_count = row.Int("person_count");
  return list;
}

std::unexpected<Error> NoSuchList(const std::string& id) {
  return Fail(ErrorCode::kNotFound, format("there is no watch-list {}", id));
}

Result<Watchlist> Find(Connection& connection, const std::string& id) {
  VIGIL_ASSIGN_OR_RETURN(const Answer answer,
                         connection.Execute(std::string(kSelect) + "WHERE id = $1", {id}));
  if (answer.rows.empty()) return NoSuchList(id);
  return WatchlistOf(answer.rows.front());
}

Status Check(Connection& connection, const Watchlist& list) {
  VIGIL_ASSIGN_OR_RETURN(
      const Answer same_name,
      connection.Execute("SELECT id FROM watchlists WHERE name = $1 AND id <> $2",
                         {list.name, list.id}));
  if (!same_name.rows.empty()) {
    return Fail(ErrorCode::kConflict,
                format("a watch-list named {} exists already: choose another name", list.name));
  }
  for (const std::string& id : list.camera_ids) {
    VIGIL_ASSIGN_OR_RETURN(const Answer found,
                           connection.Execute("SELECT id FROM cameras WHERE id = $1", {id}));
    if (found.rows.empty()) {
      return Fail(ErrorCode::kInvalidArgument, format("there is no camera {}", id));
    }
  }
  for (const std::string& id : list.camera_group_ids) {
    VIGIL_ASSIGN_OR_RETURN(const Answer found,
                           connection.Execute("SELECT id FROM camera_groups WHERE id = $1", {id}));
    if (found.rows.empty()) {
      return Fail(ErrorCode::kInvalidArgument, format("there is no camera group {}", id));
    }
  }
  return {};
}

Value SeverityValue(const Watchlist& list) {
  return list.severity ? Value(SeverityNumber(*list.severity)) : Value();
}

Result<std::vector<Watchlist>> All(Connection& connection) {
  VIGIL_ASSIGN_OR_RETURN(const Answer answer,
                         connection.Execute(std::string(kSelect) + "ORDER BY name", {}));
  std::vector<Watchlist> lists;
  lists.reserve(answer.rows.size());
  for (const Row& row : answer.rows) lists.push_back(WatchlistOf(row));
  return lists;
}

// $1 to $12 of both statements that write a list.
std::vector<Value> ColumnsOf(const Watchlist& list) {
  return {list.id,
          list.name,
          list.named_strangers_max,
          list.threshold,
          SeverityValue(list),
          TextsJson(list.channels),
          list.cooldown_s,
          json::serialize(ScheduleJson(list.schedule)),
          TextsJson(list.camera_ids),
          TextsJson(list.camera_group_ids),
          list.updated_at,
          std::string(MaskRuleName(list.mask))};
}

Result<Watchlist> Save(Connection& connection, WallTime now, Watchlist list) {
  list.updated_at = now;
  VIGIL_RETURN_IF_ERROR(Check(connection, list));
  VIGIL_ASSIGN_OR_RETURN(
      const Answer updated,
      connection.Execute(
          "UPDATE watchlists SET name = $2, named_strangers_max = $3, threshold = $4, "
          "severity = $5, channels = $6, cooldown_s = $7, schedule = $8, camera_ids = $9, "
          "camera_group_ids = $10, updated_at = $11, mask_rule = $12 WHERE id = $1",
          ColumnsOf(list)));
  if (updated.changed == 0) return NoSuchList(list.id);
  return Find(connection, list.id);
}

}  // namespace

Result<Watchlist> WatchlistRepository::Create(Watchlist list) {
  const Clock& clock = database_.GetClock();
  if (list.id.empty()) list.id = MakeUuid(clock);
  list.created_at = list.updated_at = clock.WallNow();
  return database_.Write([&](Connection& connection) -> Result<Watchlist> {
    VIGIL_RETURN_IF_ERROR(Check(connection, list));
    VIGIL_RETURN_IF_ERROR(connection.Execute(
        "INSERT INTO watchlists (id, name, named_strangers_max, threshold, severity, channels, "
        "cooldown_s, schedule, camera_ids, camera_group_ids, created_at, updated_at, "
        "mask_rule) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11, $12)",
        ColumnsOf(list)));
    return Find(connection, list.id);
  });
}

Result<Watchlist> WatchlistRepository::Get(const std::string& id) {
  return database_.Read([&](Connection& connection) { return Find(connection, id); });
}

Result<std::vector<Watchlist>> WatchlistRepository::List() {
  return database_.Read([&](Connection& connection) { return All(connection); });
}

Result<Watchlist> WatchlistRepository::Update(Watchlist list) {
  return database_.Write([&](Connection& connection) {
    return Save(connection, database_.GetClock().WallNow(), list);
  });
}

Result<Watchlist> WatchlistRepository::Change(const std::string& id,
                                              const std::function<Status(Watchlist&)>& edit) {
  return database_.Write([&](Connection& connection) -> Result<Watchlist> {
    VIGIL_ASSIGN_OR_RETURN(Watchlist list, Find(connection, id));
    VIGIL_RETURN_IF_ERROR(edit(list));
    return Save(connection, database_.GetClock().WallNow(), std::move(list));
  });
}

Status WatchlistRepository::Delete(const std::string& id) {
  return database_.Write([&](Connection& connection) -> Status {
    VIGIL_ASSIGN_OR_RETURN(const Watchlist list, Find(connection, id));
    if (list.person_count > 0) {
      return Fail(ErrorCode::kConflict,
                  format("{} people stand in {}: without it they might be looked for everywhere; "
                         "take them out or delete them first",
                         list.person_count, list.name));
    }
    VIGIL_RETURN_IF_ERROR(connection.Execute("DELETE FROM watchlists WHERE id = $1", {id}));
    return {};
  });
}

Result<WatchlistRepository::Everything> WatchlistRepository::LoadAll() {
  return database_.Read([](Connection& connection) -> Result<Everything> {
    Everything everything;
    VIGIL_ASSIGN_OR_RETURN(everything.lists, All(connection));
    VIGIL_ASSIGN_OR_RETURN(
        const Answer members,
        connection.Execute("SELECT person_id, watchlist_id FROM watchlist_members", {}));
    for (const Row& row : members.rows) {
      everything.lists_of[row.Text("person_id")].push_back(row.Text("watchlist_id"));
    }
    return everything;
  });
}

Status RefuseWhileListed(Connection& connection, const std::string& place_id) {
  VIGIL_ASSIGN_OR_RETURN(const std::vector<Watchlist> lists, All(connection));
  for (const Watchlist& list : lists) {
    if (std::ranges::find(list.camera_ids, place_id) == list.camera_ids.end() &&
        std::ranges::find(list.camera_group_ids, place_id) == list.camera_group_ids.end()) {
      continue;
    }
    return Fail(ErrorCode::kConflict,
                format("the watch-list {} is about it: take it out of that list first", list.name));
  }
  return {};
}

Status RefuseWhileTold(Connection& connection, const std::string& channel) {
  VIGIL_ASSIGN_OR_RETURN(const std::vector<Watchlist> lists, All(connection));
  for (const Watchlist& list : lists) {
    if (std::ranges::find(list.channels, channel) == list.channels.end()) continue;
    return Fail(ErrorCode::kConflict,
                format("the watch-list {} tells it: take it out of that list first", list.name));
  }
  return {};
}

Status SetWatchlistsOf(Connection& connection, const std::string& person_id,
                       const std::vector<std::string>& list_ids) {
  VIGIL_RETURN_IF_ERROR(
      connection.Execute("DELETE FROM watchlist_members WHERE person_id = $1", {person_id}));
  for (const std::string& id : list_ids) {
    VIGIL_ASSIGN_OR_RETURN(const Answer found,
                           connection.Execute("SELECT id FROM watchlists WHERE id = $1", {id}));
    if (found.rows.empty()) {
      return Fail(ErrorCode::kInvalidArgument, format("there is no watch-list {}", id));
    }
    VIGIL_RETURN_IF_ERROR(connection.Execute(
        "INSERT INTO watchlist_members (person_id, watchlist_id) VALUES ($1, $2) "
        "ON CONFLICT (person_id, watchlist_id) DO NOTHING",
        {person_id, id}));
  }
  return {};
}

}  // namespace vigil::database
