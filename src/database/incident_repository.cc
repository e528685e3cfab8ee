// One transaction a sighting, and the lists of incidents.
#include "database/incident_repository.h"

#include "base/format.h"
#include "base/json.h"
#include "base/uuid.h"
#include "database/condition.h"
#include "database/incident_rows.h"
#include "database/rows.h"
#include "database/visit_rows.h"

namespace vigil::database {
namespace {

// What was stored when the same sighting was recorded before.
Result<SightingResult> RecordedBefore(Connection& connection, const NewSighting& sighting,
                                      const std::string& incident_id,
                                      std::span<const AlertRoute> routes) {
  const std::string& id = sighting.sighting.id;
  SightingResult result;
  result.sighting_id = id;
  VIGIL_ASSIGN_OR_RETURN(result.incident, FindIncident(connection, incident_id));
  result.created = incident_id == DeriveUuid(id, "incident");
  VIGIL_ASSIGN_OR_RETURN(result.memory,
                         ReadVisitMemory(connection, sighting.person.id, sighting.camera_group_id));
  for (const AlertRoute& route : routes) {
    VIGIL_ASSIGN_OR_RETURN(const Answer alert,
                           connection.Execute("SELECT 1 AS found FROM outbox WHERE id = $1",
                                              {AlertId(id, route.channel)}));
    if (!alert.rows.empty()) result.alerts_queued.push_back(route.channel);
  }
  return result;
}

Result<SightingResult> Record(Connection& connection, NewSighting sighting,
                              std::chrono::milliseconds visit_gap,
                              std::span<const AlertRoute> routes, const Clock& clock,
                              EventLog& events) {
  std::string& id = sighting.sighting.id;
  if (id.empty()) {
    id = MakeUuid(clock);
  } else {
    VIGIL_ASSIGN_OR_RETURN(const auto recorded, IncidentOfSighting(connection, id));
    if (recorded) return RecordedBefore(connection, sighting, *recorded, routes);
  }
  SightingResult result;
  VIGIL_ASSIGN_OR_RETURN(result.memory,
                         ReadVisitMemory(connection, sighting.person.id, sighting.camera_group_id));
  const VisitStep step = DecideStep(result.memory, sighting, visit_gap, routes);
  VIGIL_RETURN_IF_ERROR(ApplyStep(connection, sighting, step, clock.WallNow(), events));
  Advance(result.memory, sighting, step);
  TellStep(step, result);
  result.sighting_id = id;
  VIGIL_ASSIGN_OR_RETURN(result.incident, FindIncident(connection, step.incident_id));
  return result;
}

// Incidents are read newest first until enough are found; those before the camera's first and after
// its last one need no look. A query for one value, because for EXISTS PostgreSQL may gather all
// sightings of the camera first.
void AddCamera(Condition& condition, const std::string& camera_id) {
  condition.Add(
      "i.id BETWEEN (SELECT MIN(f.incident_id) FROM sightings AS f WHERE f.camera_id = ${0}) "
      "AND (SELECT MAX(f.incident_id) FROM sightings AS f WHERE f.camera_id = ${0}) "
      "AND (SELECT 1 FROM sightings AS f "
      "WHERE f.camera_id = ${0} AND f.incident_id = i.id LIMIT 1) = 1",
      camera_id);
}

// Where nothing else is asked for, one index names the page: however rare its incidents are.
void AddNewestOfCamera(Condition& condition, const std::string& camera_id,
                       const PageRequest& request) {
  std::string after;
  if (!request.after.empty()) {
    condition.parameters.emplace_back(request.after);
    after = format("AND f.incident_id < ${} ", condition.parameters.size());
  }
  condition.parameters.emplace_back(camera_id);
  condition.parameters.emplace_back(PageLimit(request) + 1);
  const std::size_t last = condition.parameters.size();
  condition.sql += format(
      " AND i.id IN (SELECT DISTINCT f.incident_id FROM sightings AS f WHERE f.camera_id = ${} "
      "{}ORDER BY f.incident_id DESC LIMIT ${})",
      last - 1, after, last);
}

// Where to look for the incidents of some days: between the ids of those which began then, and of
// the few long ones (migration 14 has an index of them) which began before.
void AddWindow(Condition& condition, WallTime from, WallTime to) {
  // In a longer time so many incidents began that reading them all costs more than it saves.
  constexpr std::chrono::days kWindowMax{31};
  constexpr std::chrono::milliseconds kLongVisit = std::chrono::hours{1};  // as that index has it
  if (to < from || to - from > kWindowMax) return;
  condition.parameters.emplace_back(from - kLongVisit);
  condition.parameters.emplace_back(from);
  condition.parameters.emplace_back(to);
  const std::size_t last = condition.parameters.size();
  // The joined empty text keeps PostgreSQL from walking the ids of all incidents instead.
  const std::string began = format(
      "(SELECT b.id || '' AS id FROM incidents AS b WHERE b.first_seen BETWEEN ${} AND ${} "
      "UNION ALL SELECT b.id || '' FROM incidents AS b "
      "WHERE b.last_seen - b.first_seen > {} AND b.first_seen < ${} "
      "AND b.last_seen >= ${}) AS w",
      last - 2, last, kLongVisit.count(), last - 1, last - 1);
  condition.sql += format(
      " AND i.id BETWEEN (SELECT MIN(w.id) FROM {0}) AND (SELECT MAX(w.id) FROM {0})", began);
}

Condition ConditionOf(const IncidentFilter& filter, const PageRequest& request) {
  Condition condition;
  if (!request.after.empty()) condition.Add("i.id < ${}", request.after);
  if (!filter.person_id.empty()) condition.Add("i.person_id = ${}", filter.person_id);
  if (!filter.camera_id.empty()) {
    IncidentFilter camera_alone;
    camera_alone.camera_id = filter.camera_id;
    if (filter == camera_alone) {
      AddNewestOfCamera(condition, filter.camera_id, request);
    } else {
      AddCamera(condition, filter.camera_id);
    }
  }
  if (filter.from.has_value() && filter.to.has_value()) {
    AddWindow(condition, *filter.from, *filter.to);
  }
  if (filter.from.has_value()) condition.Add("i.last_seen >= ${}", *filter.from);
  if (filter.to.has_value()) condition.Add("i.first_seen <= ${}", *filter.to);
  if (filter.outcome.has_value()) condition.Add("i.outcome = ${}", OutcomeName(*filter.outcome));
  if (filter.state.has_value()) condition.Add("i.state = ${}", StateName(*filter.state));
  if (filter.verdict.has_value()) {
    // Few incidents get a verdict: from those it is, not through all of them.
    condition.Add(
        "l.verdict = ${0} AND i.id IN (SELECT incident_id FROM labels WHERE verdict = ${0})",
        VerdictName(*filter.verdict));
  }
  if (filter.unjudged) condition.sql += " AND l.verdict IS NULL";
  return condition;
}

}  // namespace

void TellStep(const VisitStep& step, SightingResult& result) {
  result.created = step.created;
  result.upgraded = step.upgraded;
  for (const ChannelAnswer& answer : step.answers) {
    (answer.alert ? result.alerts_queued : result.alerts_suppressed).push_back(answer.channel);
  }
}

Result<SightingResult> IncidentRepository::RecordSighting(const NewSighting& sighting,
                                                          std::chrono::milliseconds visit_gap,
                                                          std::span<const AlertRoute> routes) {
  const Outcome outcome = sighting.sighting.decision.outcome;
  if (outcome != Outcome::kMatch && outcome != Outcome::kPossibleMatch) {
    return Fail(ErrorCode::kInvalidArgument,
                format("a {} is no sighting of an enrolled person", OutcomeName(outcome)));
  }
  return database_.Write([&](Connection& connection) {
    return Record(connection, sighting, visit_gap, routes, database_.GetClock(),
                  database_.Events());
  });
}

Status IncidentRepository::RecordStep(const NewSighting& sighting, const VisitStep& step) {
  return database_.Write([&](Connection& connection) -> Status {
    VIGIL_ASSIGN_OR_RETURN(const auto recorded,
                           IncidentOfSighting(connection, sighting.sighting.id));
    const WallTime now = database_.GetClock().WallNow();
    if (recorded) {
      return QueueMissingAlerts(connection, step, *recorded, now, database_.Events());
    }
    return ApplyStep(connection, sighting, step, now, database_.Events());
  });
}

Result<Incident> IncidentRepository::Get(const std::string& id) {
  return database_.Read([&](Connection& connection) { return FindIncident(connection, id); });
}

Result<Page<Incident>> IncidentRepository::List(const IncidentFilter& filter,
                                                const PageRequest& request) {
  Condition condition = ConditionOf(filter, request);
  const int limit = PageLimit(request);
  condition.parameters.emplace_back(limit + 1);
  return database_.Read([&](Connection& connection) -> Result<Page<Incident>> {
    VIGIL_ASSIGN_OR_RETURN(
        const Answer answer,
        connection.Execute(format("{}{} ORDER BY i.id DESC LIMIT ${}", kSelectIncident,
                                  condition.sql, condition.parameters.size()),
                           condition.parameters));
    return MakePage<Incident>(answer.rows, limit, IncidentOf);
  });
}

Result<std::vector<Sighting>> IncidentRepository::Sightings(const std::string& incident_id) {
  return database_.Read([&](Connection& connection) -> Result<std::vector<Sighting>> {
    VIGIL_ASSIGN_OR_RETURN(
        const Answer answer,
        connection.Execute(
            std::string(kSelectSighting) + "WHERE s.incident_id = $1 ORDER BY s.id LIMIT 1000",
            {incident_id}));
    std::vector<Sighting> sightings;
    sightings.reserve(answer.rows.size());
    for (const Row& row : answer.rows) sightings.push_back(SightingOf(row));
    return sightings;
  });
}

Result<Incident> IncidentRepository::Acknowledge(const std::string& id,
                                                 const std::string& user_name) {
  return database_.Write([&](Connection& connection) -> Result<Incident> {
    VIGIL_ASSIGN_OR_RETURN(
        const Answer answer,
        connection.Execute("UPDATE incidents SET state = 'acknowledged', acknowledged_by = $2, "
                           "acknowledged_at = $3 WHERE id = $1 AND state = 'open'",
                           {id, user_name, database_.GetClock().WallNow()}));
    VIGIL_ASSIGN_OR_RETURN(Incident incident, FindIncident(connection, id));
    if (answer.changed > 0) {
      json::object data = IncidentFacts(incident);
      data["user_name"] = user_name;
      VIGIL_RETURN_IF_ERROR(database_.Events().Append(connection, "incident.acknowledged", data));
    }
    return incident;
  });
}

Result<Incident> IncidentRepository::AddLabel(const std::string& id, Label label) {
  label.at = database_.GetClock().WallNow();
  return database_.Write([&](Connection& connection) -> Result<Incident> {
    VIGIL_ASSIGN_OR_RETURN(Incident incident, FindIncident(connection, id));
    json::object data = IncidentFacts(incident);
    data["verdict"] = VerdictName(label.verdict);
    data["user_name"] = label.user_name;
    VIGIL_ASSIGN_OR_RETURN(const std::int64_t sequence,
                           database_.Events().Append(connection, "incident.verdict", data));
    VIGIL_RETURN_IF_ERROR(connection.Execute(
        "INSERT INTO labels (sequence, incident_id, verdict, note, user_name, at) "
        "VALUES ($1, $2, $3, $4, $5, $6)",
        {sequence, id, VerdictName(label.verdict), label.note, label.user_name, label.at}));
    incident.label = label;
    return incident;
  });
}

Result<std::vector<Label>> IncidentRepository::Labels(const std::string& incident_id) {
  return database_.Read([&](Connection& connection) -> Result<std::vector<Label>> {
    VIGIL_ASSIGN_OR_RETURN(
        const Answer answer,
        connection.Execute("SELECT verdict, note, user_name, at AS judged_at FROM labels "
                           "WHERE incident_id = $1 ORDER BY sequence DESC LIMIT 1000",
                           {incident_id}));
    std::vector<Label> labels;
    labels.reserve(answer.rows.size());
    for (const Row& row : answer.rows) labels.push_back(LabelOf(row));
    return labels;
  });
}

}  // namespace vigil::database
