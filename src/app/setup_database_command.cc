// `vigil setup-database`: schema and the token for the first administrator.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "app/command.h"
#include "app/installation.h"
#include "base/format.h"
#include "database/user_repository.h"

namespace vigil::app {
namespace {

ExitCode Run(const CommandLine& line) {
  const auto config = LoadCommandConfig(line);
  if (!config) return ExitCode::kConfiguration;
  auto installation = OpenInstallation(*config);
  if (!installation) return Report(installation.error());
  std::fprintf(stderr, "The database %s is up to date.\n", config->DatabaseFile().c_str());
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
