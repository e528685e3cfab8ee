// `vigil models`: what is installed, whether it is intact, and installing more.
#include <sys/wait.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <cstdio>
#include <cstdlib>
#include <memory>

#include "app/command.h"
#include "app/program_paths.h"
#include "base/format.h"
#include "vision/cpu.h"
#include "vision/model_store.h"

namespace vigil::app {
namespace {

json::object DescribeModel(const vision::ModelListing& listing) {
  json::object out{{"id", listing.id}};
  if (!listing.model) {
    out["error"] = listing.model.error().message;
    return out;
  }
  out["kind"] = listing.model->kind;
  out["source"] = listing.model->source_archive;
  if (listing.model->dimension > 0) out["dimension"] = listing.model->dimension;
  json::array networks;
  for (const auto& network : listing.model->networks) {
    networks.push_back({{"network", network.network},
                        {"precision", network.precision},
                        {"file", network.xml.path.filename().string()}});
  }
  out["networks"] = std::move(networks);
  return out;
}

ExitCode List(const CommandLine& line, bool as_json) {
  const auto config = LoadCommandConfig(line);
  if (!config) return ExitCode::kConfiguration;
  const auto listings = vision::ListModels(config->models.directory);
  if (!as_json) {
    const auto cpu = vision::DetectCpuFeatures();
    const auto precision = vision::ChoosePrecision(config->models.precision, cpu);
    if (!precision) return Report(precision.error());
    PrintLine(format("models in {}; embedding on this machine: {}",
                     config->models.directory.string(),
                     vision::DescribePrecision(cpu, *precision)));
  }
  for (const auto& listing : listings) {
    const json::object model = DescribeModel(listing);
    if (as_json) {
      PrintJson(model);
    } else if (!listing.model) {
      PrintLine(format("  {:<18} unusable: {}", listing.id, listing.model.error().message));
    } else {
      const bool chosen =
          listing.id == config->models.detector || listing.id == config->models.embedder;
      PrintLine(format("  {:<18} {:<9} {}{}", listing.id, listing.model->kind,
                       listing.model->source_archive, chosen ? "  (in use)" : ""));
    }
  }
  if (listings.empty()) std::fprintf(stderr, "vigil: no model is installed; run 'make setup'\n");
  return ExitCode::kDone;
}

ExitCode Verify(const CommandLine& line) {
  const auto config = LoadCommandConfig(line);
  if (!config) return ExitCode::kConfiguration;
  ExitCode code = ExitCode::kDone;
  for (const std::string& id : {config->models.detector, config->models.embedder}) {
    const auto model = vision::FindModel(config->models.directory, id);
    const Status intact = model ? vision::VerifyModel(*model) : std::unexpected(model.error());
    if (intact) {
      PrintLine(format("{}: intact", id));
    } else {
      code = Report(intact.error());
    }
  }
  return code;
}

// Conversion needs Python, which serves set-up only: the tool of the set-up does the work, in its
// own environment.
ExitCode Install(const CommandLine& line, const std::string& id) {
  const auto config = LoadCommandConfig(line);
  if (!config) return ExitCode::kConfiguration;
  const auto tool = FindSetupFile("tools/models/models.py");
  const auto python = FindSetupFile("build/venv/bin/python");
  if (!tool || !python) return Report((!tool ? tool : python).error());
  const std::string directory = config->models.directory.string();
  const pid_t child = ::fork();
  if (child == 0) {
    ::execl(python->c_str(), python->c_str(), tool->c_str(), "install", id.c_str(),
            "--models-directory", directory.c_str(), nullptr);
    ::_exit(127);
  }
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child) {
    return Report({ErrorCode::kUnavailable, "the installer could not be started"});
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? ExitCode::kDone : ExitCode::kDependency;
}

}  // namespace

void AddModels(CLI::App& app, CommandLine& line) {
  CLI::App* models = app.add_subcommand("models", "list, install and verify models");
  models->require_subcommand(1);
  auto as_json = std::make_shared<bool>(false);
  CLI::App* list = models->add_subcommand("list", "what is installed");
  list->add_flag("--json", *as_json, "one JSON line a model");
  list->callback([as_json, &line] { line.exit_code = List(line, *as_json); });
  models->add_subcommand("verify", "compare the files of the models in use with their hashes")
      ->callback([&line] { line.exit_code = Verify(line); });
  auto id = std::make_shared<std::string>();
  CLI::App* install = models->add_subcommand("install", "download, check and convert a model");
  install->add_option("id", *id, "name in models/manifest.toml")->required();
  install->callback([id, &line] { line.exit_code = Install(line, *id); });
}

}  // namespace vigil::app
