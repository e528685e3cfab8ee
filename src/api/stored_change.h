// PATCH as one step: what two people change at a time both holds.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "api/problem.h"

namespace vigil::api {

// Lets `edit`, which returns what is wrong with the request, change the stored thing of that id
// inside the repository's transaction, and answers it as it was saved. `edit` must not ask the
// database.
template <class T, class Repository, class Edit>
std::expected<T, Problem> ChangeStored(Repository repository, const std::string& id, Edit edit) {
  std::optional<Problem> refused;
  Result<T> saved = repository.Change(id, [&](T& stored) -> Status {
    refused = edit(stored);
    if (refused) return Fail(ErrorCode::kInvalidArgument, "the request was refused");
    return {};
  });
  if (refused) return std::unexpected(*std::move(refused));
  if (!saved) return std::unexpected(Problem(std::move(saved).error()));
  return *std::move(saved);
}

}  // namespace vigil::api
