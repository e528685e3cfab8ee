// Accounts at rest, and the one-time token that makes the first of them.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "core/user.h"
#include "database/database.h"

namespace vigil::database {

// Thread-safe. Names are compared in lower case. kConflict: the name is taken, or the last enabled
// administrator would go.
class UserRepository {
 public:
  explicit UserRepository(Database& database) : database_(database) {}

  // Fills id and created_at.
  Result<User> Create(User user);
  Result<User> Get(const std::string& id);
  Result<std::optional<User>> FindByName(const std::string& name);
  // All, by name.
  Result<std::vector<User>> List();
  // Replaces every field but id and created_at. A changed password, role or enabled raises
  // token_version and revokes the user's sessions in the same transaction.
  Result<User> Update(User user);
  // Finds one, lets `edit` change it and saves it as Update does, in one transaction: two changes
  // of different fields both hold. `edit` runs on the writer's thread and asks the database
  // nothing; its error changes nothing and is the answer.
  Result<User> Change(const std::string& id, const std::function<Status(User&)>& edit);
  Status Delete(const std::string& id);
  Result<bool> HasAdministrator();

  // A new one-time token (valid 24 h, kept as its hash) when there is no enabled administrator;
  // nothing otherwise. Earlier tokens stay valid until the first administrator exists, so that
  // the one that set-up printed works although the server prints another when it starts.
  Result<std::optional<Secret>> MakeSetupToken();
  // Spends `token` and creates the first administrator from `user` (name and password_hash), in one
  // transaction. kPermission for a wrong, spent or expired token and when an administrator exists
  // already.
  Result<User> CreateFirstAdministrator(const Secret& token, User user);

 private:
  Database& database_;
};

}  // namespace vigil::database
