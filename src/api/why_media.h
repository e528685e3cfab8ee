// The why picture of an incident, put together from what is stored.
#pragma once

#include "api/context.h"
#include "api/router.h"
#include "core/incident.h"

namespace vigil::api {

// A PNG of `sighting`, one of the incident's. What is not kept any more (pictures past their
// retention, people and photos deleted since) is said in its place; only a failing database or
// drawing library is an error. Decodes and embeds nothing twice, but burns some 200 ms: heavy lane.
Answer WhyPictureOf(const ApiContext& context, const Incident& incident, const Sighting& sighting);

}  // namespace vigil::api
