// Terminal manners shared by all subcommands.
#include "app/command.h"

#include <cstdio>

namespace vigil::app {

ExitCode ExitCodeOf(const Error& error) {
  switch (error.code) {
    case ErrorCode::kUnavailable:
    case ErrorCode::kPermission:
    case ErrorCode::kTimeout:
    case ErrorCode::kConflict:  // another process holds the data directory
    case ErrorCode::kDataLoss:
      return ExitCode::kDependency;
    default:
      return ExitCode::kFailed;
  }
}

ExitCode Report(const Error& error) {
  std::fprintf(stderr, "vigil: %s\n", error.message.c_str());
  return ExitCodeOf(error);
}

void PrintLine(std::string_view line) {
  std::fwrite(line.data(), 1, line.size(), stdout);
  std::fputc('\n', stdout);
  std::fflush(stdout);
}

void PrintJson(const json::value& value) { PrintLine(WriteJson(value)); }

std::optional<config::Config> LoadCommandConfig(const CommandLine& line) {
  auto config = config::LoadConfig({.file = line.config_file,
                                    .environment = config::ProcessEnvironment(),
                                    .overrides = line.overrides});
  if (config.has_value()) return *std::move(config);
  std::fprintf(stderr, "vigil: the configuration is not valid:\n%s\n",
               config.error().message.c_str());
  return std::nullopt;
}

}  // namespace vigil::app
