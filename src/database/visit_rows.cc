// SQL of visits.
#include "database/visit_rows.h"

#include "base/format.h"
#include "base/time_text.h"
#include "database/alert_message_json.h"
#include "database/incident_rows.h"
#include "database/rows.h"

namespace vigil::database {
namespace {

Result<std::set<std::string>> ChannelsTold(Connection& connection, const std::string& incident_id) {
  VIGIL_ASSIGN_OR_RETURN(
      const Answer answer,
      connection.Execute("SELECT DISTINCT channel FROM outbox WHERE incident_id = $1",
                         {incident_id}));
  std::set<std::string> channels;
  for (const Row& row : answer.rows) channels.insert(row.Text("channel"));
  return channels;
}

Result<std::optional<OpenVisit>> ReadOpenVisit(Connection& connection, const std::string& person_id,
                                               const std::string& camera_group_id) {
  VIGIL_ASSIGN_OR_RETURN(
      const Answer answer,
      connection.Execute(
          "SELECT i.id, i.outcome, i.severity, i.alert_severity, i.last_seen, s.similarity "
          "FROM incidents AS i JOIN sightings AS s ON s.id = i.best_sighting_id "
          "WHERE i.person_id = $1 AND i.camera_group_id = $2 AND i.visit_open = 1",
          {person_id, camera_group_id}));
  if (answer.rows.empty()) return std::nullopt;
  const Row& row = answer.rows.front();
  OpenVisit visit{.incident_id = row.Text("id"),
                  .outcome = OutcomeFromWord(row.Text("outcome")),
                  .severity = SeverityOf(row.Integer("severity")),
                  .alert_severity = std::nullopt,
                  .last_seen = row.Time("last_seen"),
                  .best_similarity = row.Float("similarity"),
                  .told = {}};
  if (!row.IsNull("alert_severity")) {
    visit.alert_severity = SeverityOf(row.Integer("alert_severity"));
  }
  VIGIL_ASSIGN_OR_RETURN(visit.told, ChannelsTold(connection, visit.incident_id));
  return visit;
}

Status BeginVisit(Connection& connection, const NewSighting& sighting,
                  const std::string& incident_id) {
  const Sighting& seen = sighting.sighting;
  VIGIL_RETURN_IF_ERROR(
      connection.Execute("UPDATE incidents SET visit_open = 0 "
                         "WHERE person_id = $1 AND camera_group_id = $2 AND visit_open = 1",
                         {sighting.person.id, sighting.camera_group_id}));
  VIGIL_RETURN_IF_ERROR(connection.Execute(
      "INSERT INTO incidents (id, person_id, person_name, severity, camera_group_id, visit_open, "
      "outcome, state, alert_severity, first_seen, last_seen, sighting_count, best_sighting_id, "
      "acknowledged_by, acknowledged_at) "
      "VALUES ($1, $2, $3, $4, $5, 1, $6, 'open', NULL, $7, $7, 1, $8, '', NULL)",
      {incident_id, sighting.person.id, sighting.person.name,
       SeverityNumber(sighting.person.severity), sighting.camera_group_id,
       OutcomeName(seen.decision.outcome), seen.seen_at, seen.id}));
  return {};
}

// False: there is no such incident.
Result<bool> ExtendVisit(Connection& connection, const NewSighting& sighting,
                         const VisitStep& step) {
  const Sighting& seen = sighting.sighting;
  VIGIL_ASSIGN_OR_RETURN(
      const Answer extended,
      connection.Execute(
          "UPDATE incidents SET sighting_count = sighting_count + 1, "
          "severity = CASE WHEN severity < $2 THEN $2 ELSE severity END, "
          "first_seen = CASE WHEN first_seen > $3 THEN $3 ELSE first_seen END, "
          "last_seen = CASE WHEN last_seen < $3 THEN $3 ELSE last_seen END WHERE id = $1",
          {step.incident_id, SeverityNumber(sighting.person.severity), seen.seen_at}));
  if (extended.changed == 0) return false;
  if (step.shows_best) {
    VIGIL_RETURN_IF_ERROR(connection.Execute(
        "UPDATE incidents SET best_sighting_id = $2 WHERE id = $1", {step.incident_id, seen.id}));
  }
  if (step.upgraded) {
    // Whoever acknowledged a possible match has not seen the match.
    VIGIL_RETURN_IF_ERROR(connection.Execute(
        "UPDATE incidents SET outcome = 'match', state = 'open', acknowledged_by = '', "
        "acknowledged_at = NULL WHERE id = $1",
        {step.incident_id}));
  }
  return true;
}

Status WriteCooldown(Connection& connection, const NewSighting& sighting,
                     const ChannelAnswer& answer) {
  const CooldownState& state = answer.cooldown;
  VIGIL_RETURN_IF_ERROR(connection.Execute(
      "INSERT INTO cooldowns (person_id, camera_group_id, channel, last_alert_at, last_severity, "
      "last_similarity, suppressed) VALUES ($1, $2, $3, $4, $5, $6, $7) "
      "ON CONFLICT (person_id, camera_group_id, channel) DO UPDATE SET "
      "last_alert_at = excluded.last_alert_at, last_severity = excluded.last_severity, "
      "last_similarity = excluded.last_similarity, suppressed = excluded.suppressed",
      {sighting.person.id, sighting.camera_group_id, answer.channel, state.last_alert_at,
       SeverityNumber(state.last_severity), state.last_similarity, state.suppressed}));
  return {};
}

Status QueueAlert(Connection& connection, const AlertMessage& message, const std::string& channel,
                  WallTime now, EventLog& events) {
  VIGIL_ASSIGN_OR_RETURN(
      const Answer queued,
      connection.Execute(
          "INSERT INTO outbox (id, channel, incident_id, message, state, attempts, "
          "next_attempt_at, created_at) VALUES ($1, $2, $3, $4, 'pending', 0, $5, $5) "
          "ON CONFLICT (id) DO NOTHING",
          {message.id, channel, message.incident_id, AlertMessageToJson(message), now}));
  if (queued.changed == 0) return {};
  VIGIL_RETURN_IF_ERROR(events.Append(
      connection, "alert.queued",
      {{"alert_id", message.id}, {"incident_id", message.incident_id}, {"channel", channel}}));
  return {};
}

Status ApplyAnswers(Connection& connection, const NewSighting& sighting, const VisitStep& step,
                    WallTime now, EventLog& events) {
  bool queued = false;
  for (const ChannelAnswer& answer : step.answers) {
    VIGIL_RETURN_IF_ERROR(WriteCooldown(connection, sighting, answer));
    if (answer.alert) {
      VIGIL_RETURN_IF_ERROR(QueueAlert(connection, *answer.alert, answer.channel, now, events));
      queued = true;
    } else {
      VIGIL_RETURN_IF_ERROR(events.Append(connection, "alert.suppressed",
                                          {{"incident_id", step.incident_id},
                                           {"channel", answer.channel},
                                           {"suppressed", answer.cooldown.suppressed}}));
    }
  }
  if (!queued) return {};
  VIGIL_RETURN_IF_ERROR(
      connection.Execute("UPDATE incidents SET alert_severity = $2 WHERE id = $1",
                         {step.incident_id, SeverityNumber(sighting.person.severity)}));
  return {};
}

Status TellSighting(Connection& connection, const Sighting& seen, bool created, bool upgraded,
                    EventLog& events) {
  VIGIL_ASSIGN_OR_RETURN(const Incident incident, FindIncident(connection, seen.incident_id));
  json::object data = IncidentFacts(incident);
  data["camera_id"] = seen.camera_id;
  data["camera_name"] = seen.camera_name;
  data["similarity"] = ShortDecimal(seen.decision.similarity);
  data["upgraded"] = upgraded;
  VIGIL_RETURN_IF_ERROR(
      events.Append(connection, created ? "incident.created" : "incident.updated", data));
  return {};
}

}  // namespace

Result<VisitMemory> ReadVisitMemory(Connection& connection, const std::string& person_id,
                                    const std::string& camera_group_id) {
  VisitMemory memory;
  VIGIL_ASSIGN_OR_RETURN(memory.visit, ReadOpenVisit(connection, person_id, camera_group_id));
  VIGIL_ASSIGN_OR_RETURN(
      const Answer answer,
      connection.Execute(
          "SELECT channel, last_alert_at, last_severity, last_similarity, suppressed "
          "FROM cooldowns WHERE person_id = $1 AND camera_group_id = $2",
          {person_id, camera_group_id}));
  for (const Row& row : answer.rows) {
    memory.cooldowns[row.Text("channel")] = {
        .last_alert_at = row.OptionalTime("last_alert_at"),
        .last_severity = SeverityOf(row.Integer("last_severity")),
        .last_similarity = row.Float("last_similarity"),
        .suppressed = row.Integer("suppressed")};
  }
  return memory;
}

Status ApplyStep(Connection& connection, const NewSighting& sighting, const VisitStep& step,
                 WallTime now, EventLog& events) {
  Sighting seen = sighting.sighting;
  seen.incident_id = step.incident_id;
  bool created = step.created;
  if (!created) {
    VIGIL_ASSIGN_OR_RETURN(const bool extended, ExtendVisit(connection, sighting, step));
    created = !extended;
  }
  if (created) {
    VIGIL_RETURN_IF_ERROR(BeginVisit(connection, sighting, step.incident_id));
  }
  VIGIL_RETURN_IF_ERROR(InsertSighting(connection, seen));
  VIGIL_RETURN_IF_ERROR(TellSighting(connection, seen, created, step.upgraded, events));
  return ApplyAnswers(connection, sighting, step, now, events);
}

Status QueueMissingAlerts(Connection& connection, const VisitStep& step,
                          const std::string& incident_id, WallTime now, EventLog& events) {
  for (const ChannelAnswer& answer : step.answers) {
    if (!answer.alert) continue;
    AlertMessage message = *answer.alert;
    message.incident_id = incident_id;
    VIGIL_RETURN_IF_ERROR(QueueAlert(connection, message, answer.channel, now, events));
  }
  return {};
}

Result<std::optional<std::string>> IncidentOfSighting(Connection& connection,
                                                      const std::string& sighting_id) {
  VIGIL_ASSIGN_OR_RETURN(
      const Answer answer,
      connection.Execute("SELECT incident_id FROM sightings WHERE id = $1", {sighting_id}));
  if (answer.rows.empty()) return std::nullopt;
  return answer.rows.front().Text("incident_id");
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

}  // namespace vigil::database
