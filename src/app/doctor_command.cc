// `vigil doctor`: looks at everything and says how to mend what is wrong.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <memory>

#include "app/command.h"
#include "app/doctor.h"
#include "app/terminal.h"
#include "base/format.h"

namespace vigil::app {
namespace {

Findings Examine(const CommandLine& line) {
  const auto config = config::LoadConfig({.file = line.config_file,
                                          .environment = config::ProcessEnvironment(),
                                          .overrides = line.overrides});
  if (!config.has_value()) {
    // Nothing else can be judged by settings that nobody could read.
    return {{"configuration", FindingState::kFault, config.error().message,
             "mend the line it names; config/vigil.example.toml holds every key"}};
  }
  Findings findings = {{"configuration", FindingState::kOk, "the configuration is valid", ""}};
  std::ranges::move(Diagnose(*config), std::back_inserter(findings));
  SortByWeight(findings);
  return findings;
}

TextColour ColourOf(FindingState state) {
  switch (state) {
    case FindingState::kOk:
      return TextColour::kGreen;
    case FindingState::kWarning:
      return TextColour::kYellow;
    case FindingState::kFault:
      return TextColour::kRed;
  }
  return TextColour::kRed;
}

void PrintFinding(const Finding& finding, bool coloured) {
  const std::string state = format("{:<8}", FindingStateName(finding.state));
  PrintLine(format("{} {:<13} {}", Coloured(state, ColourOf(finding.state), coloured),
                   finding.check, finding.what));
  if (!finding.mend.empty()) PrintLine(format("{:23}mend: {}", "", finding.mend));
}

ExitCode Run(const CommandLine& line, bool as_json) {
  const Findings findings = Examine(line);
  const bool coloured = WantsColour(STDOUT_FILENO);
  for (const Finding& finding : findings) {
    if (as_json) {
      PrintJson(json::object{{"check", finding.check},
                             {"state", FindingStateName(finding.state)},
                             {"what", finding.what},
                             {"mend", finding.mend}});
    } else {
      PrintFinding(finding, coloured);
    }
  }
  const auto faults = std::ranges::count(findings, FindingState::kFault, &Finding::state);
  if (!as_json) {
    const auto warnings = std::ranges::count(findings, FindingState::kWarning, &Finding::state);
    PrintLine(format("{} looked at, {} faults, {} warnings", findings.size(), faults, warnings));
  }
  return faults == 0 ? ExitCode::kDone : ExitCode::kFailed;
}

}  // namespace

void AddDoctor(CLI::App& app, CommandLine& line) {
  CLI::App* doctor = app.add_subcommand("doctor", "check everything, say how to mend it");
  doctor->footer(
      "Reads only, also while vigil serve runs. Exit: 0 no fault, 1 a fault was found.\n"
      "Examples:\n"
      "  vigil doctor\n"
      "  vigil doctor --json | head -1     the most fundamental fault");
  auto as_json = std::make_shared<bool>(false);
  doctor->add_flag("--json", *as_json, "a JSON line a finding: check, state, what, mend");
  doctor->callback([as_json, &line] { line.exit_code = Run(line, *as_json); });
}

}  // namespace vigil::app
