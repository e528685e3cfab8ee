// The simplest rows there are, for tests of the database itself.
#pragma once

#include <string>

#include "database/database.h"

namespace vigil::database {

inline Result<std::int64_t> Count(Database& database) {
  return database.Read([](Connection& connection) -> Result<std::int64_t> {
    VIGIL_ASSIGN_OR_RETURN(const Answer answer,
                           connection.Execute("SELECT COUNT(*) AS count FROM camera_groups", {}));
    return answer.rows.at(0).Integer("count");
  });
}

inline Status InsertGroup(Connection& connection, const std::string& id) {
  VIGIL_RETURN_IF_ERROR(connection.Execute(
      "INSERT INTO camera_groups (id, name, created_at) VALUES ($1, $1, 0)", {id}));
  return {};
}

}  // namespace vigil::database
