// What every subcommand shares: global flags, exit codes, and how an error reaches the terminal.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "config/config.h"

namespace CLI {
class App;
}

namespace vigil::app {

enum class ExitCode {
  kDone = 0,
  kFailed = 1,
  kUsage = 2,
  kConfiguration = 3,  // the configuration is invalid
  kInput = 4,          // an input could not be read
  kDependency = 5,     // database, model or port not available
};

// Filled by the command line; the chosen subcommand writes `exit_code`.
struct CommandLine {
  std::optional<std::filesystem::path> config_file;
  std::vector<std::pair<std::string, std::string>> overrides;  // {"data.directory", "..."}
  ExitCode exit_code = ExitCode::kDone;
};

// The code that fits an error which ended a command.
ExitCode ExitCodeOf(const Error& error);

// Prints "vigil: MESSAGE" on stderr and returns the fitting code.
ExitCode Report(const Error& error);

// One line of data on stdout, flushed, so that a reader of the pipe sees it at once.
void PrintLine(std::string_view line);
void PrintJson(const json::value& value);

// Reads configuration from flags, environment and file. Errors are printed; nothing means exit
// code 3.
std::optional<config::Config> LoadCommandConfig(const CommandLine& line);

// Each adds one subcommand (or a family) to the command line; its callback runs it.
void AddSetupDatabase(CLI::App& app, CommandLine& line);
void AddServe(CLI::App& app, CommandLine& line);
void AddDemo(CLI::App& app, CommandLine& line);
void AddEnroll(CLI::App& app, CommandLine& line);
void AddSearch(CLI::App& app, CommandLine& line);
void AddDetect(CLI::App& app, CommandLine& line);
void AddEmbed(CLI::App& app, CommandLine& line);
void AddExplain(CLI::App& app, CommandLine& line);
void AddWatch(CLI::App& app, CommandLine& line);
void AddModels(CLI::App& app, CommandLine& line);
void AddModelSwitch(CLI::App& models, CommandLine& line);  // below `vigil models`
void AddCameras(CLI::App& app, CommandLine& line);
void AddCalibrate(CLI::App& models, CommandLine& line);  // below `models`
void AddBench(CLI::App& app, CommandLine& line);
void AddAudit(CLI::App& app, CommandLine& line);
void AddBackup(CLI::App& app, CommandLine& line);  // backup, restore and migrate
void AddUsers(CLI::App& app, CommandLine& line);
void AddDoctor(CLI::App& app, CommandLine& line);
void AddConfig(CLI::App& app, CommandLine& line);
void AddCompletions(CLI::App& app, CommandLine& line);

}  // namespace vigil::app
