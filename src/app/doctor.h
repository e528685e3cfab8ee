// What `vigil doctor` looks at: one function a part of the installation, each reading only.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/seal.h"
#include "config/config.h"
#include "database/channel_repository.h"
#include "vision/cpu.h"

namespace vigil::app {

enum class FindingState { kOk, kWarning, kFault };

// "ok", "warning", "fault".
std::string_view FindingStateName(FindingState state);

// One thing that was looked at. `check` is a word for programs: "configuration", "data", "disk",
// "key", "database", "models", "precision", "logs", "ports", "clock", "camera", "channel".
struct Finding {
  std::string check;
  FindingState state = FindingState::kOk;
  std::string what;  // what was found; never holds a secret
  std::string mend;  // what to do; empty when all is well
};
using Findings = std::vector<Finding>;

// Faults first, then warnings, then what is well; within each the most fundamental first, which is
// the order in which they were found.
void SortByWeight(Findings& findings);

// Each answers one or more findings. None writes, none waits longer than its deadline, and none
// disturbs a `vigil serve` that works on the same data directory.

Findings CheckData(const config::Config& config);
// Free space of the file systems of data and logs.
Findings CheckDisk(const config::Config& config);
Finding JudgeSpace(const std::filesystem::path& place, std::uintmax_t free_bytes);
Findings CheckLogs(const config::Config& config);
// Whether the ports can be bound; while a `vigil serve` runs, they are its own.
Findings CheckPorts(const config::Config& config);
Findings CheckClock();
// `synchronised`: what the kernel says of it; nothing where it cannot be asked.
Finding JudgeClock(WallTime now, std::optional<bool> synchronised);

// The key that unseals stored faces; filled by CheckKey, needed by CheckDatabase.
Findings CheckKey(const config::Config& config, std::optional<Sealer>& sealer);
// What the database tells the checks that follow. Cameras and channels are left out when the key
// does not open them: that is one fault, and not theirs.
struct Stored {
  std::optional<std::int64_t> persons;  // enrolled; nothing when they could not be counted
  std::vector<config::CameraConfig> cameras;
  std::vector<database::StoredChannel> channels;
};
// Health, schema and whether `sealer` belongs to it. Fills `stored`.
Findings CheckDatabase(const config::Config& config, const Sealer* sealer, Stored& stored);

Findings CheckModels(const config::Config& config);
// Whether the embedder fits a gallery of `persons` people; nothing when it is not installed, which
// CheckModels tells.
Findings CheckEmbedder(const config::Config& config, const vision::CpuFeatures& cpu,
                       std::int64_t persons);
Findings CheckPrecision(const config::Config& config, const vision::CpuFeatures& cpu);

// Opens each enabled camera and waits for its first picture, several at a time.
Findings CheckCameras(const std::vector<config::CameraConfig>& cameras);
// Connects and logs in to each receiver of the file, and of those `stored` that are enabled; sends
// no alert.
Findings CheckChannels(const config::Config& config,
                       const std::vector<database::StoredChannel>& stored);

// Whether a `vigil serve` answers on the data directory's socket.
bool ServeRuns(const config::Config& config);

// Everything above, in this order: what others rest on comes first. A part that cannot be judged
// without a broken one is left out.
Findings Diagnose(config::Config config);

}  // namespace vigil::app
