// `vigil config`: what can be set, from the table that reads it.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "app/command.h"
#include "config/config_keys.h"

namespace vigil::app {

void AddConfig(CLI::App& app, CommandLine& line) {
  CLI::App* command = app.add_subcommand("config", "check the configuration, or list all settings");
  command->footer(
      "Without a flag: says whether the configuration is valid (exit 0) or names each fault (3).\n"
      "Examples:\n"
      "  vigil config --example > vigil.toml     a file with every key and its default\n"
      "  VIGIL__API__PORT=80 vigil config        check what a server would read");
  auto markdown = std::make_shared<bool>(false);
  auto example = std::make_shared<bool>(false);
  CLI::Option* as_example =
      command->add_flag("--example", *example, "print a file with every key and its default");
  command->add_flag("--markdown", *markdown, "print docs/configuration.md")->excludes(as_example);
  command->callback([markdown, example, &line] {
    if (*markdown || *example) {
      const std::string text = *markdown ? config::ReferenceMarkdown() : config::ExampleToml();
      std::fwrite(text.data(), 1, text.size(), stdout);
      return;
    }
    if (!LoadCommandConfig(line)) {
      line.exit_code = ExitCode::kConfiguration;
      return;
    }
    std::fprintf(stderr, "The configuration is valid.\n");
  });
}

}  // namespace vigil::app
