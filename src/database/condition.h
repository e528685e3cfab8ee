// The WHERE clause of a filtered list.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "base/format.h"
#include "database/connection.h"

namespace vigil::database {

// Conditions that must all hold, and their parameters.
struct Condition {
  std::string sql = "WHERE 1 = 1";
  std::vector<Value> parameters;

  // `text` holds {} where the parameter's number belongs.
  void Add(fmt::format_string<std::size_t> text, Value value) {
    parameters.push_back(std::move(value));
    sql += " AND " + fmt::format(text, parameters.size());
  }
};

}  // namespace vigil::database
