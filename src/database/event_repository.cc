// SQL of events.
#include "database/event_repository.h"

#include <algorithm>
#include <string>

namespace vigil::database {
namespace {

struct Bounds {
  std::int64_t oldest = 0;
  std::int64_t newest = 0;
};

Result<Bounds> ReadBounds(Connection& connection) {
  VIGIL_ASSIGN_OR_RETURN(
      const Answer answer,
      connection.Execute("SELECT c.sequence AS newest, "
                         "COALESCE((SELECT MIN(sequence) FROM events), c.sequence + 1) AS oldest "
                         "FROM event_counter AS c WHERE c.id = 1",
                         {}));
  return Bounds{answer.rows.at(0).Integer("oldest"), answer.rows.at(0).Integer("newest")};
}

Event EventOf(const Row& row) {
  return {.sequence = row.Integer("sequence"),
          .at = row.Time("at"),
          .kind = row.Text("kind"),
          .data = row.Text("data")};
}

}  // namespace

Status EventRepository::Append(std::string_view kind, const json::object& data,
                               std::optional<WallTime> at) {
  return database_.Write([&](Connection& connection) -> Status {
    VIGIL_RETURN_IF_ERROR(database_.Events().Append(connection, kind, data, at));
    return {};
  });
}

Result<EventBatch> EventRepository::After(std::int64_t after, int limit) {
  if (auto recent = database_.Events().Recent(after, static_cast<std::size_t>(limit))) {
    return EventBatch{.events = *std::move(recent)};
  }
  return database_.Read([&](Connection& connection) -> Result<EventBatch> {
    VIGIL_ASSIGN_OR_RETURN(const Bounds bounds, ReadBounds(connection));
    EventBatch batch{.events = {}, .oldest = bounds.oldest, .newest = bounds.newest};
    batch.unbroken = after >= bounds.oldest - 1 && after <= bounds.newest;
    if (!batch.unbroken) return batch;
    VIGIL_ASSIGN_OR_RETURN(const Answer answer,
                           connection.Execute("SELECT sequence, at, kind, data FROM events "
                                              "WHERE sequence > $1 ORDER BY sequence LIMIT $2",
                                              {after, limit}));
    batch.events.reserve(answer.rows.size());
    for (const Row& row : answer.rows) batch.events.push_back(EventOf(row));
    return batch;
  });
}

Result<std::int64_t> EventRepository::Newest() {
  return database_.Read([](Connection& connection) -> Result<std::int64_t> {
    VIGIL_ASSIGN_OR_RETURN(const Bounds bounds, ReadBounds(connection));
    return bounds.newest;
  });
}

// Only a beginning is removed, whatever the clock did meanwhile: what stays has no gap.
Result<std::int64_t> EventRepository::Prune(WallTime before, std::int64_t count_max, int limit) {
  return database_.Write([&](Connection& connection) -> Result<std::int64_t> {
    VIGIL_ASSIGN_OR_RETURN(const Bounds bounds, ReadBounds(connection));
    VIGIL_ASSIGN_OR_RETURN(
        const Answer young,
        connection.Execute("SELECT sequence FROM events WHERE at >= $1 ORDER BY sequence LIMIT 1",
                           {before}));
    const std::int64_t first_young =
        young.rows.empty() ? bounds.newest + 1 : young.rows.front().Integer("sequence");
    const std::int64_t first_kept = std::min(std::max(first_young, bounds.newest + 1 - count_max),
                                             bounds.oldest + std::int64_t{limit});
    VIGIL_ASSIGN_OR_RETURN(
        const Answer removed,
        connection.Execute("DELETE FROM events WHERE sequence < $1", {first_kept}));
    return removed.changed;
  });
}

}  // namespace vigil::database
