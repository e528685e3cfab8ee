// The rules of visits and alerts, inside one transaction.
#include "database/incident_repository.h"

#include <set>

#include "base/format.h"
#include "base/json.h"
#include "base/time_text.h"
#include "base/uuid.h"
#include "database/alert_message_json.h"
#include "database/condition.h"
#include "database/incident_rows.h"
#include "database/rows.h"

namespace vigil::database {
namespace {

// The visit that a sighting belongs to, as it was before the sighting.
struct Visit {
  std::string id;
  Outcome outcome = Outcome::kPossibleMatch;
  Severity severity = Severity::kLow;
  std::optional<Severity> alert_severity;
  float best_similarity = 0;
  bool created = false;
};

constexpr std::chrono::milliseconds kClockSetBack = std::chrono::minutes{10};

// The open visit that `seen_at` still belongs to; a visit that ended before is closed.
Result<std::optional<Visit>> FindOpenVisit(Connection& connection, const NewSighting& sighting,
                                           std::chrono::milliseconds visit_gap) {
  VIGIL_ASSIGN_OR_RETURN(
      const Answer answer,
      connection.Execute(
          "SELECT i.id, i.outcome, i.severity, i.alert_severity, i.last_seen, s.similarity "
          "FROM incidents AS i JOIN sightings AS s ON s.id = i.best_sighting_id "
          "WHERE i.person_id = $1 AND i.camera_group_id = $2 AND i.visit_open = 1",
          {sighting.person.id, sighting.camera_group_id}));
  if (answer.rows.empty()) return std::nullopt;
  const Row& row = answer.rows.front();
  const WallTime last_seen = row.Time("last_seen");
  const WallTime seen_at = sighting.sighting.seen_at;
  // Sightings come a little out of order. Long before the last one they are seen by a clock that
  // was set back, and must not stay unsaid until it has caught up.
  if (seen_at > last_seen + visit_gap || seen_at < last_seen - std::max(visit_gap, kClockSetBack)) {
    VIGIL_RETURN_IF_ERROR(
        connection.Execute("UPDATE incidents SET visit_open = 0 WHERE id = $1", {row.Text("id")}));
    return std::nullopt;
  }
  Visit visit{.id = row.Text("id"),
              .outcome = OutcomeFromWord(row.Text("outcome")),
              .severity = SeverityOf(row.Integer("severity")),
              .alert_severity = std::nullopt,
              .best_similarity = row.Float("similarity")};
  if (!row.IsNull("alert_severity")) {
    visit.alert_severity = SeverityOf(row.Integer("alert_severity"));
  }
  return visit;
}

Result<Visit> BeginVisit(Connection& connection, const NewSighting& sighting, const Clock& clock) {
  const Sighting& seen = sighting.sighting;
  Visit visit{.id = MakeUuid(clock),
              .outcome = seen.decision.outcome,
              .severity = sighting.person.severity,
              .alert_severity = std::nullopt,
              .best_similarity = seen.decision.similarity,
              .created = true};
  VIGIL_RETURN_IF_ERROR(connection.Execute(
      "INSERT INTO incidents (id, person_id, person_name, severity, camera_group_id, visit_open, "
      "outcome, state, alert_severity, first_seen, last_seen, sighting_count, best_sighting_id, "
      "acknowledged_by, acknowledged_at) "
      "VALUES ($1, $2, $3, $4, $5, 1, $6, 'open', NULL, $7, $7, 1, $8, '', NULL)",
      {visit.id, sighting.person.id, sighting.person.name, SeverityNumber(visit.severity),
       sighting.camera_group_id, OutcomeName(visit.outcome), seen.seen_at, seen.id}));
  return visit;
}

Status ExtendVisit(Connection& connection, const Visit& visit, const NewSighting& sighting,
                   bool upgraded) {
  const Sighting& seen = sighting.sighting;
  VIGIL_RETURN_IF_ERROR(connection.Execute(
      "UPDATE incidents SET sighting_count = sighting_count + 1, severity = $2, "
      "first_seen = CASE WHEN first_seen > $3 THEN $3 ELSE first_seen END, "
      "last_seen = CASE WHEN last_seen < $3 THEN $3 ELSE last_seen END WHERE id = $1",
      {visit.id, std::max(SeverityNumber(visit.severity), SeverityNumber(sighting.person.severity)),
       seen.seen_at}));
  if (upgraded || seen.decision.similarity > visit.best_similarity) {
    VIGIL_RETURN_IF_ERROR(connection.Execute(
        "UPDATE incidents SET best_sighting_id = $2 WHERE id = $1", {visit.id, seen.id}));
  }
  if (upgraded) {
    // Whoever acknowledged a possible match has not seen the match.
    VIGIL_RETURN_IF_ERROR(connection.Execute(
        "UPDATE incidents SET outcome = 'match', state = 'open', acknowledged_by = '', "
        "acknowledged_at = NULL WHERE id = $1",
        {visit.id}));
  }
  return {};
}

Result<CooldownState> ReadCooldown(Connection& connection, const NewSighting& sighting,
                                   const std::string& channel) {
  VIGIL_ASSIGN_OR_RETURN(
      const Answer answer,
      connection.Execute(
          "SELECT last_alert_at, last_severity, last_similarity, suppressed FROM cooldowns "
          "WHERE person_id = $1 AND camera_group_id = $2 AND channel = $3",
          {sighting.person.id, sighting.camera_group_id, channel}));
  if (answer.rows.empty()) return CooldownState{};
  const Row& row = answer.rows.front();
  return CooldownState{.last_alert_at = row.OptionalTime("last_alert_at"),
                       .last_severity = SeverityOf(row.Integer("last_severity")),
                       .last_similarity = row.Float("last_similarity"),
                       .suppressed = row.Integer("suppressed")};
}

Status WriteCooldown(Connection& connection, const NewSighting& sighting,
                     const std::string& channel, const CooldownState& state) {
  VIGIL_RETURN_IF_ERROR(connection.Execute(
      "INSERT INTO cooldowns (person_id, camera_group_id, channel, last_alert_at, last_severity, "
      "last_similarity, suppressed) VALUES ($1, $2, $3, $4, $5, $6, $7) "
      "ON CONFLICT (person_id, camera_group_id, channel) DO UPDATE SET "
      "last_alert_at = excluded.last_alert_at, last_severity = excluded.last_severity, "
      "last_similarity = excluded.last_similarity, suppressed = excluded.suppressed",
      {sighting.person.id, sighting.camera_group_id, channel, state.last_alert_at,
       SeverityNumber(state.last_severity), state.last_similarity, state.suppressed}));
  return {};
}

AlertMessage MessageOf(const NewSighting& sighting, const std::string& incident_id,
                       std::int64_t suppressed_before, const Clock& clock) {
  const Sighting& seen = sighting.sighting;
  return {
      .id = MakeUuid(clock),
      .incident_id = incident_id,
      .person_id = sighting.person.id,
      .person_name = sighting.person.name,
      .reason = sighting.person.reason,
      .near_equal = seen.decision.trace.threshold.near_equal,
      .or_person_id = sighting.near_equal ? sighting.near_equal->id : "",
      .or_person_name = sighting.near_equal ? sighting.near_equal->name : "",
      .severity = sighting.person.severity,
      .camera_id = seen.camera_id,
      .camera_name = seen.camera_name,
      .event_time = seen.seen_at,
      .face_count = seen.face_count,
      .similarity = seen.decision.similarity,
      .threshold = seen.decision.threshold,
      .stranger_odds = seen.decision.stranger_odds,
      // The face itself is what a person on the phone can judge.
      .snapshot_media_id = seen.crop_media_id.empty() ? seen.frame_media_id : seen.crop_media_id,
      .suppressed_before = suppressed_before};
}

// Asks one channel's cooldown and obeys. True: an alert was queued.
Result<bool> AskRoute(Connection& connection, const NewSighting& sighting,
                      const std::string& incident_id, const AlertRoute& route, const Clock& clock,
                      EventLog& events) {
  VIGIL_ASSIGN_OR_RETURN(const CooldownState state,
                         ReadCooldown(connection, sighting, route.channel));
  const Sighting& seen = sighting.sighting;
  const CooldownVerdict verdict =
      route.cooldown(state, {seen.seen_at, sighting.person.severity, seen.decision.similarity});
  VIGIL_RETURN_IF_ERROR(WriteCooldown(connection, sighting, route.channel, verdict.next));
  if (!verdict.send) {
    VIGIL_RETURN_IF_ERROR(events.Append(connection, "alert.suppressed",
                                        {{"incident_id", incident_id},
                                         {"channel", route.channel},
                                         {"suppressed", verdict.next.suppressed}}));
    return false;
  }
  const AlertMessage message = MessageOf(sighting, incident_id, state.suppressed, clock);
  VIGIL_RETURN_IF_ERROR(connection.Execute(
      "INSERT INTO outbox (id, channel, incident_id, message, state, attempts, next_attempt_at, "
      "created_at) VALUES ($1, $2, $3, $4, 'pending', 0, $5, $5)",
      {message.id, route.channel, incident_id, AlertMessageToJson(message), clock.WallNow()}));
  VIGIL_RETURN_IF_ERROR(events.Append(
      connection, "alert.queued",
      {{"alert_id", message.id}, {"incident_id", incident_id}, {"channel", route.channel}}));
  return true;
}

Result<std::set<std::string>> ChannelsTold(Connection& connection, const std::string& incident_id) {
  VIGIL_ASSIGN_OR_RETURN(
      const Answer answer,
      connection.Execute("SELECT DISTINCT channel FROM outbox WHERE incident_id = $1",
                         {incident_id}));
  std::set<std::string> channels;
  for (const Row& row : answer.rows) channels.insert(row.Text("channel"));
  return channels;
}

// A channel that this visit has told hears of it again when it is more severe. The others ask with
// each sighting: the visit may have begun inside their cooldown, or where no list of theirs
// applied.
Status AskRoutes(Connection& connection, const NewSighting& sighting,
                 std::span<const AlertRoute> routes, bool is_more_severe, const Clock& clock,
                 EventLog& events, SightingResult& result) {
  const std::string& incident_id = result.incident.id;
  VIGIL_ASSIGN_OR_RETURN(const std::set<std::string> told, ChannelsTold(connection, incident_id));
  for (const AlertRoute& route : routes) {
    if (!is_more_severe && told.contains(route.channel)) continue;
    VIGIL_ASSIGN_OR_RETURN(const bool queued,
                           AskRoute(connection, sighting, incident_id, route, clock, events));
    (queued ? result.alerts_queued : result.alerts_suppressed).push_back(route.channel);
  }
  if (result.alerts_queued.empty()) return {};
  VIGIL_RETURN_IF_ERROR(
      connection.Execute("UPDATE incidents SET alert_severity = $2 WHERE id = $1",
                         {incident_id, SeverityNumber(sighting.person.severity)}));
  return {};
}

json::object IncidentFacts(const Incident& incident) {
  return {{"incident_id", incident.id},
          {"person_id", incident.person_id},
          {"camera_group_id", incident.camera_group_id},
          {"outcome", OutcomeName(incident.outcome)},
          {"severity", SeverityName(incident.severity)},
          {"state", StateName(incident.state)},
          {"sighting_count", incident.sighting_count},
          {"last_seen", FormatTime(incident.last_seen)}};
}

Status TellSighting(Connection& connection, const Sighting& seen, const SightingResult& result,
                    EventLog& events) {
  json::object data = IncidentFacts(result.incident);
  data["camera_id"] = seen.camera_id;
  data["camera_name"] = seen.camera_name;
  data["similarity"] = ShortDecimal(seen.decision.similarity);
  data["upgraded"] = result.upgraded;
  VIGIL_RETURN_IF_ERROR(
      events.Append(connection, result.created ? "incident.created" : "incident.updated", data));
  return {};
}

Result<SightingResult> Record(Connection& connection, NewSighting sighting,
                              std::chrono::milliseconds visit_gap,
                              std::span<const AlertRoute> routes, const Clock& clock,
                              EventLog& events) {
  VIGIL_ASSIGN_OR_RETURN(std::optional<Visit> visit,
                         FindOpenVisit(connection, sighting, visit_gap));
  const bool is_match = sighting.sighting.decision.outcome == Outcome::kMatch;
  SightingResult result;
  result.sighting_id = sighting.sighting.id = MakeUuid(clock);
  if (visit.has_value()) {
    result.upgraded = is_match && visit->outcome == Outcome::kPossibleMatch;
    VIGIL_RETURN_IF_ERROR(ExtendVisit(connection, *visit, sighting, result.upgraded));
  } else {
    VIGIL_ASSIGN_OR_RETURN(visit, BeginVisit(connection, sighting, clock));
    result.created = true;
  }
  sighting.sighting.incident_id = visit->id;
  VIGIL_RETURN_IF_ERROR(InsertSighting(connection, sighting.sighting));
  VIGIL_ASSIGN_OR_RETURN(result.incident, FindIncident(connection, visit->id));
  VIGIL_RETURN_IF_ERROR(TellSighting(connection, sighting.sighting, result, events));
  const bool is_more_severe =
      visit->alert_severity.has_value() && sighting.person.severity > *visit->alert_severity;
  if (CallsForAlert(sighting.sighting.decision)) {
    VIGIL_RETURN_IF_ERROR(
        AskRoutes(connection, sighting, routes, is_more_severe, clock, events, result));
  }
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
