// What incidents, sightings and their traces look like to users of the API.
#pragma once

#include "api/schema.h"

namespace vigil::api {

Schema IncidentStateSchema();
// What somebody made of an incident; null texts: the local socket.
Schema VerdictSchema();
Schema LabelSchema();
Schema IncidentSchema();
Schema SightingSchema();
// A sighting with how it was decided, step by step.
Schema TracedSightingSchema();

}  // namespace vigil::api
