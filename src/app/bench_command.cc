// `vigil bench`: how fast this machine does the dear parts. A benchmark, never a test.
#include <CLI/CLI.hpp>

#include "app/command.h"

namespace vigil::app {

void AddBench(CLI::App& app, CommandLine& line) {
  CLI::App* bench = app.add_subcommand("bench", "measure how fast this machine is");
  bench->require_subcommand(1);
  AddBenchEmbed(*bench, line);
}

}  // namespace vigil::app
