// The program: reads the command line and hands over to one subcommand.
#include <CLI/CLI.hpp>
#include <csignal>

#include "app/command.h"

int main(int argc, char** argv) {
  using vigil::app::CommandLine;
  using vigil::app::ExitCode;
  // A reader that goes away (a closed pipe, a dropped viewer) is an error value, not the end of the
  // process.
  std::signal(SIGPIPE, SIG_IGN);

  CLI::App app("Vigil recognises enrolled people on live cameras and alerts at once.", "vigil");
  app.set_version_flag("--version", VIGIL_VERSION);
  app.require_subcommand(1);
  app.fallthrough();
  CommandLine line;
  app.add_option("--config", line.config_file, "configuration file (default: vigil.toml)");
  app.add_option_function<std::string>(
      "--data",
      [&](const std::string& value) { line.overrides.emplace_back("data.directory", value); },
      "data directory (default: data)");

  vigil::app::AddSetupDatabase(app, line);
  vigil::app::AddServe(app, line);
  vigil::app::AddDemo(app, line);
  vigil::app::AddEnroll(app, line);
  vigil::app::AddSearch(app, line);
  vigil::app::AddDetect(app, line);
  vigil::app::AddEmbed(app, line);
  vigil::app::AddExplain(app, line);
  vigil::app::AddWatch(app, line);
  vigil::app::AddModels(app, line);
  vigil::app::AddCameras(app, line);
  vigil::app::AddUsers(app, line);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& failure) {
    const bool asked = failure.get_exit_code() == 0;  // --help, --version
    app.exit(failure);
    return static_cast<int>(asked ? ExitCode::kDone : ExitCode::kUsage);
  }
  return static_cast<int>(line.exit_code);
}
