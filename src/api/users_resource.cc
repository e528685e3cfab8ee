// /users: accounts, for administrators.
#include "api/body_fields.h"
#include "api/resources.h"
#include "api/stored_change.h"
#include "base/crypto.h"
#include "base/time_text.h"
#include "database/user_repository.h"

namespace vigil::api {

json::object UserJson(const User& user) {
  return {{"id", user.id},
          {"name", user.name},
          {"role", user.role == Role::kAdmin ? "admin" : "operator"},
          {"enabled", user.enabled},
          {"created_at", FormatTime(user.created_at)}};
}

Schema UserSchema() {
  return Object("User", {{"id", Id(), kRequired},
                         {"name", Text(), kRequired},
                         {"role", Word({"admin", "operator"}), kRequired},
                         {"enabled", Flag(), kRequired},
                         {"created_at", Time(), kRequired}});
}

namespace {

Schema CreateBody() {
  return Object("UserCreate",
                {{"name", Described(Text(1, 64), "letters a-z, digits, dots, dashes, underscores"),
                  kRequired},
                 {"password", Text(10, 200), kRequired},
                 {"role", Word({"admin", "operator"}), kRequired},
                 {"enabled", Flag()}});
}

Schema ChangeBody() {
  return Object(
      "UserChange",
      {{"password", Text(10, 200)}, {"role", Word({"admin", "operator"})}, {"enabled", Flag()}});
}

std::optional<Role> RoleOf(std::string_view word) {
  if (word == "admin") return Role::kAdmin;
  if (word == "operator") return Role::kOperator;
  return std::nullopt;
}

Answer List(const ApiContext& context) {
  VIGIL_ASSIGN_OR_RETURN(const std::vector<User> users,
                         database::UserRepository(context.database).List());
  json::array items;
  for (const User& user : users) items.push_back(UserJson(user));
  return ListResponse(std::move(items), "");
}

Answer Create(const ApiContext& context, const Call& call) {
  VIGIL_ASSIGN_OR_RETURN(BodyFields fields, BodyFields::Of(call));
  User user;
  std::string password;
  fields.Text("name", user.name);
  fields.Text("password", password);
  fields.Word("role", user.role, RoleOf);
  fields.Flag("enabled", user.enabled);
  const Result<std::string> name = CheckUserName(user.name);
  if (!user.name.empty() && !name) fields.Wrong("name", name.error().message);
  if (auto problem = fields.Finish()) return std::unexpected(*std::move(problem));
  user.name = *name;
  VIGIL_ASSIGN_OR_RETURN(user.password_hash, HashPassword(password));
  VIGIL_ASSIGN_OR_RETURN(user, database::UserRepository(context.database).Create(user));
  VIGIL_RETURN_IF_ERROR(
      RecordAudit(context, call.who, "user.create", user.id, {{"name", user.name}}));
  return JsonResponse(UserJson(user), 201);
}

Answer Change(const ApiContext& context, const Call& call) {
  database::UserRepository users(context.database);
  VIGIL_RETURN_IF_ERROR(users.Get(call.Parameter("id")));
  VIGIL_ASSIGN_OR_RETURN(BodyFields fields, BodyFields::Of(call));
  std::string password;
  fields.Text("password", password);
  std::string password_hash;
  if (!password.empty()) {  // hashed before the writer waits for it
    VIGIL_ASSIGN_OR_RETURN(password_hash, HashPassword(password));
  }
  VIGIL_ASSIGN_OR_RETURN(const User user,
                         ChangeStored<User>(users, call.Parameter("id"), [&](User& stored) {
                           fields.Word("role", stored.role, RoleOf);
                           fields.Flag("enabled", stored.enabled);
                           if (!password.empty()) stored.password_hash = password_hash;
                           return fields.Finish();
                         }));
  VIGIL_RETURN_IF_ERROR(RecordAudit(context, call.who, "user.change", user.id,
                                    {{"name", user.name},
                                     {"role", user.role == Role::kAdmin ? "admin" : "operator"},
                                     {"enabled", user.enabled},
                                     {"new_password", !password.empty()}}));
  return JsonResponse(UserJson(user));
}

Answer Delete(const ApiContext& context, const Call& call) {
  const std::string& id = call.Parameter("id");
  VIGIL_RETURN_IF_ERROR(database::UserRepository(context.database).Delete(id));
  VIGIL_RETURN_IF_ERROR(RecordAudit(context, call.who, "user.delete", id));
  return NoContent();
}

}  // namespace

std::vector<Route> UserRoutes(const ApiContext& context) {
  return {
      {Method::kGet, "/api/v1/users", Role::kAdmin, Lane::kStore, kNoBody,
       Description("listUsers", "users", "All accounts.", Gives(PageSchema(UserSchema()))),
       [&](const Call&) { return List(context); }},
      {Method::kPost, "/api/v1/users", Role::kAdmin, Lane::kHeavy, kJsonBodyBytesMax,
       Description("createUser", "users", "Adds an account.", Gives(UserSchema(), 201))
           .Takes(CreateBody())
           .Fails({409}),
       [&](const Call& call) { return Create(context, call); }},
      {Method::kPatch, "/api/v1/users/{id}", Role::kAdmin, Lane::kHeavy, kJsonBodyBytesMax,
       Description("changeUser", "users", "Changes an account.", Gives(UserSchema()))
           .Notes("A new password or role and a disabled account end its logins; the last enabled "
                  "administrator stays.")
           .Takes(ChangeBody())
           .Fails({409}),
       [&](const Call& call) { return Change(context, call); }},
      {Method::kDelete, "/api/v1/users/{id}", Role::kAdmin, Lane::kStore, kNoBody,
       Description("deleteUser", "users", "Removes an account.", GivesNothing()).Fails({409}),
       [&](const Call& call) { return Delete(context, call); }},
  };
}

}  // namespace vigil::api
