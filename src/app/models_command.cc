// `vigil models`: what is installed, whether it is intact, and installing more.
#include <sys/wait.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/command.h"
#include "app/installation.h"
#include "app/program_paths.h"
#include "base/format.h"
#include "database/model_switch_repository.h"
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
  if (listing.model->kind != "embedder") return out;
  json::array calibrations;
  for (const auto& calibration : listing.model->calibrations) {
    calibrations.push_back(
        {{"precision", calibration.precision}, {"measured_on", calibration.measured_on}});
  }
  out["calibrated"] = !calibrations.empty();
  out["calibrations"] = std::move(calibrations);
  return out;
}

// Whether the thresholds of an embedder are measured, in words; nothing for a detector.
std::string CalibrationText(const vision::InstalledModel& model, std::string_view precision) {
  if (model.kind != "embedder") return "";
  const auto* calibration = model.CalibrationOf(precision);
  if (calibration != nullptr) return "calibrated on " + calibration->measured_on;
  return format(
      "UNCALIBRATED: only the floor {:.2f} protects strangers; run `vigil models "
      "calibrate --embedder {} --people DIR --save`",
      model.threshold_floor, model.id);
}

// The configuration with the embedder that a switch brought to serve.
std::optional<config::Config> ConfigInUse(const CommandLine& line) {
  auto config = LoadCommandConfig(line);
  if (!config) return std::nullopt;
  if (auto switched = database::SwitchedEmbedder(DatabaseOptionsOf(*config))) {
    config->models.embedder = *std::move(switched);
  }
  return std::move(*config);
}

ExitCode List(const CommandLine& line, bool as_json) {
  const auto config = ConfigInUse(line);
  if (!config) return ExitCode::kConfiguration;
  const auto listings = vision::ListModels(config->models.directory);
  const auto cpu = vision::DetectCpuFeatures();
  const auto precision = vision::ChoosePrecision(config->models.precision, cpu);
  if (!precision) return Report(precision.error());
  if (!as_json) {
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
      const bool chosen = listing.id == config->models.detector ||
                          listing.id == config->models.embedder ||
                          listing.id == config->models.liveness;
      PrintLine(format("  {:<18} {:<9} {}{}", listing.id, listing.model->kind,
                       listing.model->source_archive, chosen ? "  (in use)" : ""));
      const std::string text = CalibrationText(*listing.model, vision::StoredPrecision(*precision));
      if (!text.empty()) PrintLine(format("  {:<18} {}", "", text));
    }
  }
  if (listings.empty()) std::fprintf(stderr, "vigil: no model is installed; run 'make setup'\n");
  return ExitCode::kDone;
}

// Without ids: the models in use.
ExitCode Verify(const CommandLine& line, std::vector<std::string> ids) {
  const auto config = ConfigInUse(line);
  if (!config) return ExitCode::kConfiguration;
  if (ids.empty()) {
    ids = {config->models.detector, config->models.embedder};
    if (!config->models.liveness.empty()) ids.push_back(config->models.liveness);
  }
  ExitCode code = ExitCode::kDone;
  for (const std::string& id : ids) {
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
ExitCode Install(const CommandLine& line, const std::vector<std::string>& ids) {
  const auto config = LoadCommandConfig(line);
  if (!config) return ExitCode::kConfiguration;
  const auto tool = FindSetupFile("tools/models/models.py");
  const auto python = FindSetupFile("build/venv/bin/python");
  if (!tool || !python) return Report((!tool ? tool : python).error());
  const std::string directory = config->models.directory.string();
  std::vector<std::string> words = {python->string(), tool->string(), "install"};
  words.insert(words.end(), ids.begin(), ids.end());
  words.insert(words.end(), {"--models-directory", directory});
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const pid_t child = ::fork();
  if (child == 0) {
    ::execv(arguments[0], arguments.data());
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
  CLI::App* models = app.add_subcommand("models", "list, install, verify and calibrate models");
  models->require_subcommand(1);
  auto as_json = std::make_shared<bool>(false);
  CLI::App* list = models->add_subcommand("list", "what is installed");
  list->add_flag("--json", *as_json, "one JSON line a model");
  list->callback([as_json, &line] { line.exit_code = List(line, *as_json); });
  auto verified = std::make_shared<std::vector<std::string>>();
  CLI::App* verify = models->add_subcommand(
      "verify", "compare the files of models with their hashes (default: those in use)");
  verify->add_option("id", *verified, "installed models");
  verify->callback([verified, &line] { line.exit_code = Verify(line, *verified); });
  AddModelSwitch(*models, line);
  auto ids = std::make_shared<std::vector<std::string>>();
  CLI::App* install = models->add_subcommand("install", "download, check and convert models");
  install->add_option("id", *ids, "names in models/manifest.toml")->required();
  install->callback([ids, &line] { line.exit_code = Install(line, *ids); });
  AddCalibrate(*models, line);
}

}  // namespace vigil::app
