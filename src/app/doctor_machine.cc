// The machine's side of `vigil doctor`: folders, disk, logs, ports, clock.
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "api/listen_socket.h"
#include "app/doctor.h"
#include "app/installation.h"
#include "base/format.h"
#include "base/time_text.h"

namespace vigil::app {
namespace {

constexpr std::uintmax_t kMegabyte = 1'000'000;
constexpr std::uintmax_t kSpaceFault = 64 * kMegabyte;
constexpr std::uintmax_t kSpaceWarning = 1'000 * kMegabyte;

// The nearest folder above that exists: where an absent one would be made.
std::filesystem::path NearestFolder(std::filesystem::path path) {
  std::error_code failure;
  path = std::filesystem::absolute(path, failure);
  while (!std::filesystem::exists(path, failure) && path != path.parent_path()) {
    path = path.parent_path();
  }
  return path;
}

// Empty: this user may write there. The super-user is told of read-only file systems alone.
std::string WhyNotWritable(const std::filesystem::path& folder) {
  struct statvfs facts{};
  if (::statvfs(folder.c_str(), &facts) == 0 && (facts.f_flag & ST_RDONLY) != 0) {
    return "its file system is read-only";
  }
  if (::access(folder.c_str(), W_OK | X_OK) != 0) return std::strerror(errno);
  return {};
}

Finding CheckFolder(const std::string& check, const std::filesystem::path& folder,
                    std::string_view key) {
  std::error_code failure;
  const bool there = std::filesystem::exists(folder, failure);
  const std::filesystem::path place = NearestFolder(folder);
  if (!std::filesystem::is_directory(place, failure)) {
    return {check, FindingState::kFault, format("{} is not a folder", place.string()),
            format("choose another in {}", key)};
  }
  if (const std::string why = WhyNotWritable(place); !why.empty()) {
    return {check, FindingState::kFault, format("{} cannot be written: {}", place.string(), why),
            format("give it to the user who runs vigil, or choose another in {}", key)};
  }
  return {check, FindingState::kOk,
          there ? format("{} can be written", folder.string())
                : format("{} is not there yet and will be made", folder.string()),
          ""};
}

// The state in which a port is found. Nothing stays bound.
Finding CheckPort(const std::string& address, int port, std::string_view key) {
  if (port == 0) return {"ports", FindingState::kOk, format("api.{}: any free one", key), ""};
  const auto bound = api::ListenOnTcp({address, static_cast<std::uint16_t>(port)}, key);
  if (bound.has_value()) {
    ::close(bound->descriptor);
    return {"ports", FindingState::kOk, format("port {} of {} is free", port, address), ""};
  }
  return {"ports", FindingState::kFault, bound.error().message,
          format("end what holds it, or choose another in [api] {}", key)};
}

}  // namespace

bool ServeRuns(const config::Config& config) {
  const std::string path = LocalSocket(config).string();
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return false;
  path.copy(address.sun_path, path.size());
  const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return false;
  const bool answers =
      ::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(descriptor);
  return answers;
}

Findings CheckData(const config::Config& config) {
  const std::filesystem::path& folder = config.data.directory;
  Findings findings = {CheckFolder("data", folder, "[data] directory")};
  struct stat facts{};
  if (findings.front().state == FindingState::kOk && ::stat(folder.c_str(), &facts) == 0 &&
      (facts.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    findings.push_back({"data", FindingState::kWarning,
                        format("other users of this machine may look into {}", folder.string()),
                        format("run: chmod 700 {}", folder.string())});
  }
  return findings;
}

Finding JudgeSpace(const std::filesystem::path& place, std::uintmax_t free_bytes) {
  const std::string what = format("{} MB free at {}", free_bytes / kMegabyte, place.string());
  if (free_bytes < kSpaceFault) {
    return {"disk", FindingState::kFault, what + ": pictures and incidents can no longer be stored",
            "free space on this disk, keep crops for fewer hours, or move the folder"};
  }
  if (free_bytes < kSpaceWarning) {
    return {"disk", FindingState::kWarning, what, "free space before the disk is full"};
  }
  return {"disk", FindingState::kOk, what, ""};
}

Findings CheckDisk(const config::Config& config) {
  Findings findings;
  std::error_code failure;
  const auto data = NearestFolder(config.data.directory);
  const auto logs = NearestFolder(config.logs.directory);
  const auto add = [&](const std::filesystem::path& place) {
    const auto space = std::filesystem::space(place, failure);
    if (failure) {
      findings.push_back(
          {"disk", FindingState::kWarning,
           format("the space at {} cannot be told: {}", place.string(), failure.message()),
           "check that this user may look at the folder"});
    } else {
      findings.push_back(JudgeSpace(place, space.available));
    }
  };
  add(data);
  struct stat first{};
  struct stat second{};
  const bool same = ::stat(data.c_str(), &first) == 0 && ::stat(logs.c_str(), &second) == 0 &&
                    first.st_dev == second.st_dev;
  if (!same) add(logs);
  return findings;
}

Findings CheckLogs(const config::Config& config) {
  return {CheckFolder("logs", config.logs.directory, "[logs] directory")};
}

Findings CheckPorts(const config::Config& config) {
  if (ServeRuns(config)) {
    return {{"ports", FindingState::kOk, "vigil serve runs and holds its ports", ""}};
  }
  return {CheckPort(config.api.address, config.api.port, "port"),
          CheckPort("127.0.0.1", config.api.metrics_port, "metrics_port")};
}

Finding JudgeClock(WallTime now, std::optional<bool> synchronised) {
  // Before this program was written, or so far ahead that nobody uses this version any more.
  constexpr WallTime kEarliest{std::chrono::seconds{1'767'225'600}};  // 2026-01-01
  constexpr WallTime kLatest{std::chrono::seconds{2'871'763'200}};    // 2061-01-01
  const std::string what = "the clock says " + FormatTime(now);
  if (now < kEarliest || now > kLatest) {
    return {"clock", FindingState::kFault,
            what + ", which cannot be: every incident gets that time",
            "set the clock: timedatectl set-ntp true"};
  }
  if (synchronised.has_value() && !*synchronised) {
    return {"clock", FindingState::kWarning, what + " and is not kept right by a time server",
            "run: timedatectl set-ntp true (in a container: on its host)"};
  }
  return {"clock", FindingState::kOk, what, ""};
}

Findings CheckClock() {
  timex facts{};
  const int state = ::adjtimex(&facts);
  std::optional<bool> synchronised;
  if (state >= 0) synchronised = state != TIME_ERROR && (facts.status & STA_UNSYNC) == 0;
  return {JudgeClock(SystemClock().WallNow(), synchronised)};
}

}  // namespace vigil::app
