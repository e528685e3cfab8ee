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
  app.footer(
      "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 invalid configuration, 4 unreadable input,\n"
      "5 a dependency is not available (database, model, port).\n"
      "Examples:\n"
      "  vigil demo                                      everything at once, thrown away after\n"
      "  vigil enroll 'Jane Roe' jane-1.jpg jane-2.jpg   somebody to be recognised\n"
      "  vigil serve --config /etc/vigil/vigil.toml      the real thing\n"
      "  vigil doctor                                    what is wrong, and how to mend it");
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
  vigil::app::AddBench(app, line);
  vigil::app::AddUsers(app, line);
  vigil::app::AddAudit(app, line);
  vigil::app::AddBackup(app, line);
  vigil::app::AddDoctor(app, line);
  vigil::app::AddConfig(app, line);
  vigil::app::AddCompletions(app, line);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& failure) {
    const bool asked = failure.get_exit_code() == 0;  // --help, --version
    app.exit(failure);
    return static_cast<int>(asked ? ExitCode::kDone : ExitCode::kUsage);
  }
  return static_cast<int>(line.exit_code);
}
