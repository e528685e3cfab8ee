// The one place that numbers changes of the gallery.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "database/connection.h"

namespace vigil::database {

// Logs that these references were added, changed or deleted, inside the caller's transaction.
Status LogGalleryChanges(Connection& connection, std::span<const std::string> reference_ids);

// The references made from all photos of a person.
Result<std::vector<std::string>> ReferencesOfPerson(Connection& connection,
                                                    const std::string& person_id);

}  // namespace vigil::database
