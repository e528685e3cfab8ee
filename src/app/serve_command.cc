// `vigil serve`, and `api` and `start`, which need a database that several processes can share.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "app/command.h"
#include "app/service.h"
#include "app/signals.h"
#include "base/format.h"
#include "base/log.h"

namespace vigil::app {
namespace {

Status OpenConfiguredLog(const config::LogsConfig& logs) {
  return OpenLog({.directory = logs.directory,
                  .level = logs.level,
                  .json = logs.format == "json",
                  .file_size_max_bytes = static_cast<std::size_t>(logs.file_size_max_mb) << 20U,
                  .files_max = logs.files_max});
}

void AnnounceServer(Service& service, const config::Config& config) {
  std::fprintf(stderr, "Vigil serves http://%s:%d  (metrics: http://127.0.0.1:%d/metrics)\n",
               config.api.address.c_str(), service.Port(), service.MetricsPort());
  const auto token = service.MakeSetupToken();
  if (!token) {
    // The database went away just now: no reason to end what runs.
    LogError("serve",
             "whether there is an administrator is not known: {}; `vigil setup-database` makes a "
             "one-time token later",
             token.error().message);
  } else if (*token) {
    std::fprintf(stderr,
                 "There is no administrator yet. One-time token for POST /api/v1/auth/setup "
                 "(24 hours): %s\n",
                 (*token)->Reveal().c_str());
  }
  LogInfo("serve", "serving on {}:{}", config.api.address, service.Port());
}

ExitCode Serve(const CommandLine& line) {
  StopSignals signals;
  const auto config = LoadCommandConfig(line);
  if (!config) return ExitCode::kConfiguration;
  if (const Status opened = OpenConfiguredLog(config->logs); !opened) return Report(opened.error());
  auto service = Service::Start(*config);
  if (!service) {
    LogError("serve", "could not start: {}", service.error().message);
    return ExitCodeOf(service.error());
  }
  AnnounceServer(**service, *config);
  signals.Wait();
  std::fprintf(stderr, "Stopping ...\n");
  LogInfo("serve", "stopping");
  service->reset();
  return ExitCode::kDone;
}

ExitCode NeedsSharedDatabase(const char* name) {
  std::fprintf(stderr,
               "vigil: '%s' runs beside other processes and needs PostgreSQL, which is not there "
               "yet; with SQLite run 'vigil serve', which is both in one process\n",
               name);
  return ExitCode::kDependency;
}

}  // namespace

void AddServe(CLI::App& app, CommandLine& line) {
  CLI::App* serve = app.add_subcommand("serve", "recognition, REST API and page in one process");
  serve->add_option_function<std::string>(
      "--port", [&line](const std::string& port) { line.overrides.emplace_back("api.port", port); },
      "port of the REST API");
  serve->callback([&line] { line.exit_code = Serve(line); });
  app.add_subcommand("api", "the REST API alone (PostgreSQL)")->callback([&line] {
    line.exit_code = NeedsSharedDatabase("api");
  });
  app.add_subcommand("start", "recognition alone (PostgreSQL)")->callback([&line] {
    line.exit_code = NeedsSharedDatabase("start");
  });
}

}  // namespace vigil::app
