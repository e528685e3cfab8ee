// SQL of accounts.
#include "database/user_repository.h"

#include <algorithm>
#include <chrono>

#include "base/crypto.h"
#include "base/format.h"
#include "base/uuid.h"
#include "database/rows.h"

namespace vigil::database {
namespace {

constexpr std::chrono::hours kSetupTokenLife{24};
constexpr std::string_view kSelect =
    "SELECT id, name, password_hash, role, enabled, token_version, created_at FROM users ";

std::string LowerCase(std::string name) {
  std::ranges::transform(name, name.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return name;
}

User UserOf(const Row& row) {
  return {.id = row.Text("id"),
          .name = row.Text("name"),
          .password_hash = row.Text("password_hash"),
          .role = FromWord(row.Text("role"), {Role::kOperator, Role::kAdmin}, RoleName),
          .enabled = row.Flag("enabled"),
          .token_version = row.Integer("token_version"),
          .created_at = row.Time("created_at")};
}

Result<std::optional<User>> FindWhere(Connection& connection, std::string_view condition,
                                      const std::string& value) {
  VIGIL_ASSIGN_OR_RETURN(
      const Answer answer,
      connection.Execute(std::string(kSelect) + std::string(condition), {value}));
  if (answer.rows.empty()) return std::nullopt;
  return UserOf(answer.rows.front());
}

Result<User> Find(Connection& connection, const std::string& id) {
  VIGIL_ASSIGN_OR_RETURN(std::optional<User> user, FindWhere(connection, "WHERE id = $1", id));
  if (!user.has_value()) return Fail(ErrorCode::kNotFound, format("there is no user {}", id));
  return *std::move(user);
}

Result<std::int64_t> CountAdministrators(Connection& connection) {
  VIGIL_ASSIGN_OR_RETURN(
      const Answer answer,
      connection.Execute("SELECT COUNT(*) AS count FROM users WHERE role = 'admin' AND enabled = 1",
                         {}));
  return answer.rows.at(0).Integer("count");
}

// Refuses, and so rolls back, a change after which nobody could administer.
Status KeepAnAdministrator(Connection& connection, std::int64_t count_before) {
  if (count_before == 0) return {};
  VIGIL_ASSIGN_OR_RETURN(const std::int64_t count, CountAdministrators(connection));
  if (count > 0) return {};
  return Fail(ErrorCode::kConflict,
              "this is the last enabled administrator: make another one first");
}

Status CheckName(Connection& connection, const User& user) {
  VIGIL_ASSIGN_OR_RETURN(const std::optional<User> same_name,
                         FindWhere(connection, "WHERE name = $1", user.name));
  if (!same_name.has_value() || same_name->id == user.id) return {};
  return Fail(ErrorCode::kConflict,
              format("a user named {} exists already: choose another name", user.name));
}

Status Insert(Connection& connection, const User& user) {
  VIGIL_RETURN_IF_ERROR(CheckName(connection, user));
  VIGIL_RETURN_IF_ERROR(connection.Execute(
      "INSERT INTO users (id, name, password_hash, role, enabled, token_version, created_at) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7)",
      {user.id, user.name, user.password_hash, RoleName(user.role), user.enabled,
       user.token_version, user.created_at}));
  return {};
}

Result<User> Save(Connection& connection, User user) {
  user.name = LowerCase(std::move(user.name));
  VIGIL_ASSIGN_OR_RETURN(const User before, Find(connection, user.id));
  VIGIL_ASSIGN_OR_RETURN(const std::int64_t administrators, CountAdministrators(connection));
  VIGIL_RETURN_IF_ERROR(CheckName(connection, user));
  const bool rights_changed = user.password_hash != before.password_hash ||
                              user.role != before.role || user.enabled != before.enabled;
  const std::int64_t version =
      std::max(user.token_version, before.token_version + (rights_changed ? 1 : 0));
  VIGIL_RETURN_IF_ERROR(connection.Execute(
      "UPDATE users SET name = $2, password_hash = $3, role = $4, enabled = $5, "
      "token_version = $6 WHERE id = $1",
      {user.id, user.name, user.password_hash, RoleName(user.role), user.enabled, version}));
  if (version != before.token_version) {
    VIGIL_RETURN_IF_ERROR(
        connection.Execute("UPDATE sessions SET revoked = 1 WHERE user_id = $1", {user.id}));
  }
  VIGIL_RETURN_IF_ERROR(KeepAnAdministrator(connection, administrators));
  return Find(connection, user.id);
}

}  // namespace

Result<User> UserRepository::Create(User user) {
  const Clock& clock = database_.GetClock();
  user.id = MakeUuid(clock);
  user.name = LowerCase(std::move(user.name));
  user.created_at = clock.WallNow();
  return database_.Write([&](Connection& connection) -> Result<User> {
    VIGIL_RETURN_IF_ERROR(Insert(connection, user));
    return user;
  });
}

Result<User> UserRepository::Get(const std::string& id) {
  return database_.Read([&](Connection& connection) { return Find(connection, id); });
}

Result<std::optional<User>> UserRepository::FindByName(const std::string& name) {
  return database_.Read([&](Connection& connection) {
    return FindWhere(connection, "WHERE name = $1", LowerCase(name));
  });
}

Result<std::vector<User>> UserRepository::List() {
  return database_.Read([&](Connection& connection) -> Result<std::vector<User>> {
    VIGIL_ASSIGN_OR_RETURN(const Answer answer,
                           connection.Execute(std::string(kSelect) + "ORDER BY name", {}));
    std::vector<User> users;
    users.reserve(answer.rows.size());
    for (const Row& row : answer.rows) users.push_back(UserOf(row));
    return users;
  });
}

Result<User> UserRepository::Update(User user) {
  return database_.Write([&](Connection& connection) { return Save(connection, user); });
}

Result<User> UserRepository::Change(const std::string& id,
                                    const std::function<Status(User&)>& edit) {
  return database_.Write([&](Connection& connection) -> Result<User> {
    VIGIL_ASSIGN_OR_RETURN(User user, Find(connection, id));
    VIGIL_RETURN_IF_ERROR(edit(user));
    return Save(connection, std::move(user));
  });
}

Status UserRepository::Delete(const std::string& id) {
  return database_.Write([&](Connection& connection) -> Status {
    VIGIL_RETURN_IF_ERROR(Find(connection, id));
    VIGIL_ASSIGN_OR_RETURN(const std::int64_t administrators, CountAdministrators(connection));
    VIGIL_RETURN_IF_ERROR(connection.Execute("DELETE FROM users WHERE id = $1", {id}));
    return KeepAnAdministrator(connection, administrators);
  });
}

Result<bool> UserRepository::HasAdministrator() {
  return database_.Read([](Connection& connection) -> Result<bool> {
    VIGIL_ASSIGN_OR_RETURN(const std::int64_t count, CountAdministrators(connection));
    return count > 0;
  });
}

Result<std::optional<Secret>> UserRepository::MakeSetupToken() {
  return database_.Write([&](Connection& connection) -> Result<std::optional<Secret>> {
    VIGIL_ASSIGN_OR_RETURN(const std::int64_t count, CountAdministrators(connection));
    if (count > 0) return std::nullopt;
    Secret token(RandomToken());
    const WallTime now = database_.GetClock().WallNow();
    VIGIL_RETURN_IF_ERROR(
        connection.Execute("DELETE FROM setup_tokens WHERE expires_at <= $1", {now}));
    VIGIL_RETURN_IF_ERROR(connection.Execute(
        "INSERT INTO setup_tokens (token_hash, expires_at) VALUES ($1, $2)",
        {Sha256Hex(token.Reveal()), now + std::chrono::milliseconds(kSetupTokenLife)}));
    return token;
  });
}

Result<User> UserRepository::CreateFirstAdministrator(const Secret& token, User user) {
  const Clock& clock = database_.GetClock();
  user.id = MakeUuid(clock);
  user.name = LowerCase(std::move(user.name));
  user.role = Role::kAdmin;
  user.enabled = true;
  user.created_at = clock.WallNow();
  return database_.Write([&](Connection& connection) -> Result<User> {
    VIGIL_ASSIGN_OR_RETURN(const std::int64_t count, CountAdministrators(connection));
    if (count > 0) {
      return Fail(ErrorCode::kPermission, "an administrator exists already: log in instead");
    }
    VIGIL_ASSIGN_OR_RETURN(
        const Answer spent,
        connection.Execute("DELETE FROM setup_tokens WHERE token_hash = $1 AND expires_at > $2",
                           {Sha256Hex(token.Reveal()), user.created_at}));
    if (spent.changed == 0) {
      return Fail(ErrorCode::kPermission,
                  "the set-up token is wrong or older than 24 h: run `vigil setup-database` for a "
                  "new one");
    }
    VIGIL_RETURN_IF_ERROR(connection.Execute("DELETE FROM setup_tokens", {}));
    VIGIL_RETURN_IF_ERROR(Insert(connection, user));
    return user;
  });
}

}  // namespace vigil::database
