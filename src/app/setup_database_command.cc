// `vigil setup-database`: schema and the token for the first administrator.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "api/local_client.h"
#include "app/command.h"
#include "app/installation.h"
#include "app/rest_client.h"
#include "base/format.h"
#include "database/user_repository.h"

namespace vigil::app {
namespace {

// The server made or upgraded the database when it started; what is left is to say how the first
// administrator is made.
ExitCode TellAboutServer(const config::Config& config) {
  std::fprintf(stderr,
               "A running vigil works on %s; it brought the database up to date when it "
               "started.\n",
               config.data.directory.c_str());
  auto client = ConnectRest(config, PhotoModels::kNone);
  if (!client) return Report(client.error());
  const auto users = (*client)->Call(api::Method::kGet, "/users");
  if (!users) return Report(users.error());
  for (const json::value& user : users->at("items").as_array()) {
    if (std::string_view(user.at("role").as_string()) == "admin") return ExitCode::kDone;
  }
  std::fprintf(stderr, "There is no administrator yet; run: vigil users add NAME --role admin\n");
  return ExitCode::kDone;
}

ExitCode Run(const CommandLine& line) {
  const auto config = LoadCommandConfig(line);
  if (!config) return ExitCode::kConfiguration;
  if (api::LocalServerRuns(LocalSocket(*config))) return TellAboutServer(*config);
  auto installation = OpenInstallation(*config);
  if (!installation) return Report(installation.error());
  std::fprintf(stderr, "The database %s is up to date.\n",
               database::DatabaseName(DatabaseOptionsOf(*config)).c_str());
  auto token = database::UserRepository(*(*installation)->database).MakeSetupToken();
  if (!token) return Report(token.error());
  if (!token->has_value()) return ExitCode::kDone;
  std::fprintf(stderr,
               "There is no administrator yet. Within 24 hours send this one-time token with a "
               "name and a password\nto POST /api/v1/auth/setup, or run: vigil users add NAME "
               "--role admin\n");
  PrintLine((*token)->Reveal());
  return ExitCode::kDone;
}

}  // namespace

void AddSetupDatabase(CLI::App& app, CommandLine& line) {
  app.add_subcommand("setup-database", "create or upgrade the database")->callback([&line] {
    line.exit_code = Run(line);
  });
}

}  // namespace vigil::app
