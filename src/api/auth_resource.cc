// POST /auth/...: the only doors without a token.
#include "api/auth.h"
#include "api/body_fields.h"
#include "api/resources.h"

namespace vigil::api {

namespace {

// Anybody may send these, so they stay small.
constexpr std::size_t kLoginBodyBytesMax = 10'000;

Schema TokensSchema() {
  return Object("Tokens",
                {{"access_token", Described(Text(), "for Authorization: Bearer"), kRequired},
                 {"token_type", Word({"Bearer"}), kRequired},
                 {"expires_in", Described(Count(), "seconds"), kRequired},
                 {"refresh_token", Described(Text(), "works once"), kRequired},
                 {"user", UserSchema(), kRequired}});
}

Schema SetupBody() {
  return Object("Setup",
                {{"token", Described(Text(1, 200), "printed by vigil setup-database"), kRequired},
                 {"name", Text(1, 64), kRequired},
                 {"password", Described(Text(1, 200), "at least 10 characters"), kRequired}});
}

Schema LoginBody() {
  return Object("Login", {{"name", Text(1, 64), kRequired}, {"password", Text(1, 200), kRequired}});
}

Schema RefreshBody() {
  return Object("RefreshToken", {{"refresh_token", Text(1, 200), kRequired}});
}

HttpResponse TokensResponse(const Tokens& tokens) {
  return JsonResponse({{"access_token", tokens.access_token},
                       {"token_type", "Bearer"},
                       {"expires_in", std::chrono::seconds(kAccessTokenLife).count()},
                       {"refresh_token", tokens.refresh_token.Reveal()},
                       {"user", UserJson(tokens.user)}});
}

Answer Setup(const ApiContext& context, Auth& auth, const Call& call) {
  VIGIL_ASSIGN_OR_RETURN(BodyFields fields, BodyFields::Of(call));
  std::string token;
  std::string name;
  std::string password;
  fields.Text("token", token);
  fields.Text("name", name);
  fields.Text("password", password);
  if (auto problem = fields.Finish()) return std::unexpected(*std::move(problem));
  const Result<User> user = auth.Setup(Secret(token), name, Secret(password));
  VIGIL_RETURN_IF_ERROR(user);
  VIGIL_RETURN_IF_ERROR(
      RecordAudit(context, {user->id, user->name, "", user->role}, "auth.setup", user->id));
  return JsonResponse(UserJson(*user), 201);
}

Answer Login(const ApiContext& context, Auth& auth, const Call& call) {
  VIGIL_ASSIGN_OR_RETURN(BodyFields fields, BodyFields::Of(call));
  std::string name;
  std::string password;
  fields.Text("name", name);
  fields.Text("password", password);
  if (auto problem = fields.Finish()) return std::unexpected(*std::move(problem));
  VIGIL_ASSIGN_OR_RETURN(const Tokens tokens,
                         auth.Login(name, Secret(password), call.request.peer));
  const Principal who{tokens.user.id, tokens.user.name, "", tokens.user.role};
  VIGIL_RETURN_IF_ERROR(
      RecordAudit(context, who, "auth.login", tokens.user.id, {{"address", call.request.peer}}));
  return TokensResponse(tokens);
}

std::expected<Secret, Problem> RefreshTokenOf(const Call& call) {
  VIGIL_ASSIGN_OR_RETURN(BodyFields fields, BodyFields::Of(call));
  std::string token;
  fields.Text("refresh_token", token);
  if (auto problem = fields.Finish()) return std::unexpected(*std::move(problem));
  return Secret(std::move(token));
}

Answer Refresh(Auth& auth, const Call& call) {
  VIGIL_ASSIGN_OR_RETURN(const Secret token, RefreshTokenOf(call));
  VIGIL_ASSIGN_OR_RETURN(const Tokens tokens, auth.Refresh(token));
  return TokensResponse(tokens);
}

Answer Logout(Auth& auth, const Call& call) {
  VIGIL_ASSIGN_OR_RETURN(const Secret token, RefreshTokenOf(call));
  VIGIL_RETURN_IF_ERROR(auth.Logout(token));
  return NoContent();
}

}  // namespace

std::vector<Route> AuthRoutes(const ApiContext& context, Auth& auth) {
  return {
      {Method::kPost, "/api/v1/auth/setup", Role::kPublic, Lane::kHeavy, kLoginBodyBytesMax,
       Description("setup", "auth", "Makes the first administrator.", Gives(UserSchema(), 201))
           .Notes("Takes the one-time token that vigil setup-database prints; 403 once there is an "
                  "administrator.")
           .Takes(SetupBody())
           .Fails({403, 409}),
       [&](const Call& call) { return Setup(context, auth, call); }},
      {Method::kPost, "/api/v1/auth/login", Role::kPublic, Lane::kHeavy, kLoginBodyBytesMax,
       Description("login", "auth", "Begins a login.", Gives(TokensSchema()))
           .Notes("Attempts are throttled by account and address: 429 with Retry-After.")
           .Takes(LoginBody())
           .Fails({401, 429}),
       [&](const Call& call) { return Login(context, auth, call); }},
      {Method::kPost, "/api/v1/auth/refresh", Role::kPublic, Lane::kStore, kLoginBodyBytesMax,
       Description("refresh", "auth", "Trades the refresh token for new tokens.",
                   Gives(TokensSchema()))
           .Notes("A refresh token works once; one that comes back ends the login.")
           .Takes(RefreshBody())
           .Fails({401}),
       [&](const Call& call) { return Refresh(auth, call); }},
      {Method::kPost, "/api/v1/auth/logout", Role::kPublic, Lane::kStore, kLoginBodyBytesMax,
       Description("logout", "auth", "Ends a login.", GivesNothing()).Takes(RefreshBody()),
       [&](const Call& call) { return Logout(auth, call); }},
  };
}

}  // namespace vigil::api
