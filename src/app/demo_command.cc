// `vigil demo`: everything at once in a throw-away data directory, on real protocols.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "app/command.h"
#include "app/demo.h"

namespace vigil::app {

void AddDemo(CLI::App& app, CommandLine& line) {
  auto options = std::make_shared<DemoOptions>();
  CLI::App* command = app.add_subcommand(
      "demo", "a simulated camera, enrolled people, a stranger, alerts: everything at once");
  command->add_option("--port", options->port, "port of the page (0: any free port)")
      ->check(CLI::Range(0, 65535))
      ->capture_default_str();
  command->add_flag("--headless", options->headless, "no page to look at; judge what was seen");
  command->add_option("--seconds", options->seconds, "end after this long (0: with Ctrl-C)")
      ->check(CLI::Range(0, 86400));
  command->add_flag("--json", options->json, "end with a summary as one JSON line");
  command->callback([options, &line] {
    if (options->headless && options->seconds == 0) options->seconds = 60;
    const auto config = LoadCommandConfig(line);
    line.exit_code = config ? RunDemo(*config, *options) : ExitCode::kConfiguration;
  });
}

}  // namespace vigil::app
