// The order of the checks: what others rest on comes first.
#include "app/doctor.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "app/installation.h"
#include "database/model_switch_repository.h"

namespace vigil::app {
namespace {

void Append(Findings& findings, Findings more) {
  std::ranges::move(more, std::back_inserter(findings));
}

bool HasFault(const Findings& findings) {
  return std::ranges::any_of(
      findings, [](const Finding& finding) { return finding.state == FindingState::kFault; });
}

// Those of the file stand in the database too once vigil has served; the file's word counts.
std::vector<config::CameraConfig> AllCameras(const config::Config& config,
                                             std::vector<config::CameraConfig> stored) {
  std::vector<config::CameraConfig> cameras = config.cameras;
  for (config::CameraConfig& camera : stored) {
    if (std::ranges::find(cameras, camera.name, &config::CameraConfig::name) == cameras.end()) {
      cameras.push_back(std::move(camera));
    }
  }
  return cameras;
}

}  // namespace

std::string_view FindingStateName(FindingState state) {
  switch (state) {
    case FindingState::kOk:
      return "ok";
    case FindingState::kWarning:
      return "warning";
    case FindingState::kFault:
      return "fault";
  }
  return "fault";
}

void SortByWeight(Findings& findings) {
  std::ranges::stable_sort(findings, std::ranges::greater{}, &Finding::state);
}

Findings Diagnose(config::Config config) {
  Findings findings = CheckData(config);
  const bool data_usable = !HasFault(findings);
  Append(findings, CheckDisk(config));
  Stored stored;
  if (data_usable) {
    std::optional<Sealer> sealer;
    Append(findings, CheckKey(config, sealer));
    Append(findings, CheckDatabase(config, sealer ? &*sealer : nullptr, stored));
    // What a switch brought to serve is to be judged, not what served first.
    if (auto switched = database::SwitchedEmbedder(DatabaseOptionsOf(config))) {
      config.models.embedder = *std::move(switched);
    }
  }
  const vision::CpuFeatures cpu = vision::DetectCpuFeatures();
  Append(findings, CheckModels(config));
  if (stored.persons) Append(findings, CheckEmbedder(config, cpu, *stored.persons));
  Append(findings, CheckPrecision(config, cpu));
  Append(findings, CheckLogs(config));
  Append(findings, CheckPorts(config));
  Append(findings, CheckClock());
  Append(findings, CheckCameras(AllCameras(config, std::move(stored.cameras))));
  Append(findings, CheckChannels(config, stored.channels));
  return findings;
}

}  // namespace vigil::app
