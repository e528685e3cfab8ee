// The trace of a decision as the JSON that is stored and that the API shows.
#pragma once

#include <string>

#include "base/json.h"
#include "core/decision_trace.h"

namespace vigil::database {

// {"shots": [...], "probe": {...}, "threshold": {...}, "times_ms": {...}}; null for an empty trace.
json::value DecisionTraceJson(const DecisionTrace& trace);

// The same as text; empty for an empty trace, and for one of more than 16,000 characters: the
// sighting is worth more than its trace.
std::string DecisionTraceToText(const DecisionTrace& trace);
// Reads it back to the precision written. What is damaged or of an unknown shape is an empty trace.
DecisionTrace DecisionTraceFromText(const std::string& text);

}  // namespace vigil::database
