// Rows of incidents and sightings, apart from the rules of visits.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/incident.h"
#include "database/connection.h"

namespace vigil::database {

// Columns of an incident with those of its best sighting and newest label; the tables are named
// i, s and l.
extern const std::string_view kSelectIncident;
// Columns of a sighting; the table is named s.
extern const std::string_view kSelectSighting;

Incident IncidentOf(const Row& row);
// Of the columns verdict, note, user_name, judged_at.
Label LabelOf(const Row& row);
Sighting SightingOf(const Row& row);

// JSON: [{person_id, reference_id, similarity}], best first. What is no such list throws RowError.
std::string CandidatesToText(const std::vector<Candidate>& candidates);
std::vector<Candidate> CandidatesFromText(const std::string& text);

// kNotFound when there is none.
Result<Incident> FindIncident(Connection& connection, const std::string& id);
Status InsertSighting(Connection& connection, const Sighting& sighting);

}  // namespace vigil::database
