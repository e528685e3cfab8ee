// `vigil completions`: teaches a shell the words of this program.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "app/command.h"
#include "app/completions.h"

namespace vigil::app {

void AddCompletions(CLI::App& app, CommandLine& /*line*/) {
  CLI::App* command = app.add_subcommand("completions", "print a completion script for a shell");
  command->footer(
      "Examples:\n"
      "  source <(vigil completions bash)                  for this shell\n"
      "  vigil completions fish > ~/.config/fish/completions/vigil.fish");
  auto shell = std::make_shared<std::string>();
  command->add_option("shell", *shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  command->callback([shell, &app] {
    const std::string script = CompletionScript(app, *shell);
    std::fwrite(script.data(), 1, script.size(), stdout);
  });
}

}  // namespace vigil::app
