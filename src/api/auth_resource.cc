// POST /auth/...: the only doors without a token.
#include "api/auth.h"
#include "api/body_fields.h"
#include "api/browser_login.h"
#include "api/recently.h"
#include "api/resources.h"
#include "database/user_repository.h"

namespace vigil::api {

namespace {

// Anybody may send these, so they stay small.
constexpr std::size_t kLoginBodyBytesMax = 10'000;

Schema TokensSchema() {
  return Object("Tokens",
                {{"access_token",
                  Described(Text(), "for Authorization: Bearer; absent where the cookie holds it")},
                 {"token_type", Word({"Bearer"})},
                 {"expires_in", Described(Count(), "seconds"), kRequired},
                 {"refresh_token", Described(Text(), "works once; absent as well")},
                 {"user", UserSchema(), kRequired}});
}

Schema SetupBody() {
  return Object("Setup",
                {{"token", Described(Text(1, 200), "printed by vigil setup-database"), kRequired},
                 {"name", Text(1, 64), kRequired},
                 {"password", Described(Text(1, 200), "at least 10 characters"), kRequired}});
}

Schema LoginBody() {
  return Object("Login",
                {{"name", Text(1, 64), kRequired},
                 {"password", Text(1, 200), kRequired},
                 {"cookie", Described(Flag(), "true for a browser: the tokens come as cookies")}});
}

Schema RefreshBody() {
  return Object(
      "RefreshToken",
      {{"refresh_token", Described(Text(1, 200), "absent in a browser, whose cookie holds it")}});
}

// How a login keeps its tokens: a program in its memory, a browser in cookies that no script reads.
enum class Keeper { kProgram, kBrowser };

HttpResponse TokensResponse(const Tokens& tokens, Keeper keeper) {
  json::object body{{"expires_in", std::chrono::seconds(kAccessTokenLife).count()},
                    {"user", UserJson(tokens.user)}};
  if (keeper == Keeper::kProgram) {
    body["access_token"] = tokens.access_token;
    body["token_type"] = "Bearer";
    body["refresh_token"] = tokens.refresh_token.Reveal();
  }
  HttpResponse response = JsonResponse(body);
  if (keeper == Keeper::kBrowser) {
    SetLoginCookies(response, tokens.access_token, tokens.refresh_token.Reveal());
  }
  return response;
}

// What the doors without a token need. Anybody may knock without end: refusals that cost the caller
// nothing are noted once a minute and address.
struct Door {
  const ApiContext& context;
  Auth& auth;
  Recently cheap_refusals{context.clock};
};

// Somebody was not let in. The name that was typed is told only where such an account exists:
// people type their password into the field of the name.
Status RecordRefusal(Door& door, const std::string& name, const std::string& address,
                     const Problem& problem) {
  if (problem.status != 401 && !door.cheap_refusals.IsDue(address)) return {};
  Principal who;
  const Result<std::string> checked = CheckUserName(name);
  VIGIL_ASSIGN_OR_RETURN(
      const std::optional<User> user,
      database::UserRepository(door.context.database).FindByName(checked.value_or("")));
  if (user) who = {user->id, user->name, "", user->role};
  return RecordAudit(door.context, who, "auth.refused", who.user_id,
                     {{"address", address}, {"code", problem.code}});
}

Answer Setup(Door& door, const Call& call) {
  VIGIL_ASSIGN_OR_RETURN(BodyFields fields, BodyFields::Of(call));
  std::string token;
  std::string name;
  std::string password;
  fields.Text("token", token);
  fields.Text("name", name);
  fields.Text("password", password);
  if (auto problem = fields.Finish()) return std::unexpected(*std::move(problem));
  const Result<User> user = door.auth.Setup(Secret(token), name, Secret(password));
  if (!user) {
    Problem problem(user.error());
    if (problem.status == 403) {
      VIGIL_RETURN_IF_ERROR(RecordRefusal(door, "", call.request.peer, problem));
    }
    return std::unexpected(std::move(problem));
  }
  VIGIL_RETURN_IF_ERROR(
      RecordAudit(door.context, {user->id, user->name, "", user->role}, "auth.setup", user->id));
  return JsonResponse(UserJson(*user), 201);
}

Answer Login(Door& door, const Call& call) {
  VIGIL_ASSIGN_OR_RETURN(BodyFields fields, BodyFields::Of(call));
  std::string name;
  std::string password;
  fields.Text("name", name);
  fields.Text("password", password);
  bool cookie = false;
  fields.Flag("cookie", cookie);
  if (auto problem = fields.Finish()) return std::unexpected(*std::move(problem));
  if (cookie) {
    // Nobody else's page may log a browser in, not even as somebody else.
    if (auto foreign = RefuseForeignPage(call.request)) {
      return std::unexpected(*std::move(foreign));
    }
  }
  const auto login = door.auth.Login(name, Secret(password), call.request.peer);
  if (!login) {
    VIGIL_RETURN_IF_ERROR(RecordRefusal(door, name, call.request.peer, login.error()));
    return std::unexpected(login.error());
  }
  const Tokens& tokens = *login;
  const Principal who{tokens.user.id, tokens.user.name, "", tokens.user.role};
  VIGIL_RETURN_IF_ERROR(RecordAudit(door.context, who, "auth.login", tokens.user.id,
                                    {{"address", call.request.peer}}));
  return TokensResponse(tokens, cookie ? Keeper::kBrowser : Keeper::kProgram);
}

struct RefreshToken {
  Secret token;
  Keeper keeper = Keeper::kProgram;
};

// The body's, else the cookie's.
std::expected<RefreshToken, Problem> RefreshTokenOf(const Call& call) {
  VIGIL_ASSIGN_OR_RETURN(BodyFields fields, BodyFields::Of(call));
  std::string token;
  fields.Text("refresh_token", token);
  if (auto problem = fields.Finish()) return std::unexpected(*std::move(problem));
  if (!token.empty()) return RefreshToken{Secret(std::move(token)), Keeper::kProgram};
  const std::string_view cookie = CookieOf(call.request, kRefreshCookie);
  if (cookie.empty()) {
    return std::unexpected(InvalidFields({{"refresh_token", "is required without the cookie"}}));
  }
  return RefreshToken{Secret(std::string(cookie)), Keeper::kBrowser};
}

Answer Refresh(Auth& auth, const Call& call) {
  VIGIL_ASSIGN_OR_RETURN(const RefreshToken held, RefreshTokenOf(call));
  VIGIL_ASSIGN_OR_RETURN(const Tokens tokens, auth.Refresh(held.token));
  return TokensResponse(tokens, held.keeper);
}

Answer EndLogin(Auth& auth, const Call& call) {
  VIGIL_ASSIGN_OR_RETURN(const RefreshToken held, RefreshTokenOf(call));
  VIGIL_RETURN_IF_ERROR(auth.Logout(held.token));
  return NoContent();
}

// Whatever becomes of the login here, the browser that asks to be logged out keeps no cookie.
Answer Logout(Auth& auth, const Call& call) {
  Answer answer = EndLogin(auth, call);
  if (!HasLoginCookie(call.request)) return answer;
  ClearLoginCookies(answer ? answer->headers : answer.error().headers);
  return answer;
}

}  // namespace

std::vector<Route> AuthRoutes(const ApiContext& context, Auth& auth) {
  const auto door = std::make_shared<Door>(context, auth);
  return {
      {Method::kPost, "/api/v1/auth/setup", Role::kPublic, Lane::kHeavy, kLoginBodyBytesMax,
       Description("setup", "auth", "Makes the first administrator.", Gives(UserSchema(), 201))
           .Notes("Takes the one-time token that vigil setup-database prints; 403 once there is an "
                  "administrator.")
           .Takes(SetupBody())
           .Fails({403, 409}),
       [door](const Call& call) { return Setup(*door, call); }},
      {Method::kPost, "/api/v1/auth/login", Role::kPublic, Lane::kHeavy, kLoginBodyBytesMax,
       Description("login", "auth", "Begins a login.", Gives(TokensSchema()))
           .Notes("Attempts are throttled by account and address: 429 with Retry-After.")
           .Takes(LoginBody())
           .Fails({401, 403, 429}),
       [door](const Call& call) { return Login(*door, call); }},
      {Method::kPost, "/api/v1/auth/refresh", Role::kPublic, Lane::kStore, kLoginBodyBytesMax,
       Description("refresh", "auth", "Trades the refresh token for new tokens.",
                   Gives(TokensSchema()))
           .Notes("A refresh token works once; one that comes back ends the login.")
           .Takes(RefreshBody())
           .Fails({401, 403}),
       [&](const Call& call) { return Refresh(auth, call); }},
      {Method::kPost, "/api/v1/auth/logout", Role::kPublic, Lane::kStore, kLoginBodyBytesMax,
       Description("logout", "auth", "Ends a login.", GivesNothing())
           .Takes(RefreshBody())
           .Fails({403}),
       [&](const Call& call) { return Logout(auth, call); }},
  };
}

}  // namespace vigil::api
