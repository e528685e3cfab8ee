// The outer side of `vigil doctor`: cameras that must answer and receivers that must take alerts.
#include <algorithm>
#include <atomic>
#include <iterator>
#include <stop_token>
#include <thread>
#include <utility>

#include "alerts/reach.h"
#include "app/doctor.h"
#include "app/service.h"
#include "base/format.h"
#include "media/stream_source.h"

namespace vigil::app {
namespace {

constexpr std::size_t kAtOnce = 8;

Finding CameraFault(const std::string& name, StreamFault fault, const std::string& message) {
  return {"camera", FindingState::kFault,
          format("camera {}: {} ({})", name, message, StreamFaultName(fault)),
          std::string(StreamFaultMend(fault))};
}

Finding CheckCamera(const config::CameraConfig& camera) {
  if (!camera.enabled) {
    return {"camera", FindingState::kOk, format("camera {} is switched off", camera.name), ""};
  }
  if (camera.url.Empty()) {
    return {"camera", FindingState::kFault,
            format("camera {}: its stored address cannot be unsealed", camera.name),
            "set the camera's address again"};
  }
  SystemClock clock;
  const std::stop_token never;
  auto opened = media::OpenStream(camera.url, {}, never, clock);
  if (!opened.has_value()) {
    return CameraFault(camera.name, opened.error().fault, opened.error().error.message);
  }
  const auto frame = opened->source->Next(never);
  if (!frame.has_value()) {
    return CameraFault(camera.name, opened->source->Fault(), frame.error().message);
  }
  return {"camera", FindingState::kOk,
          format("camera {} gives pictures: {}, {}x{}", camera.name, opened->info.codec,
                 frame->width, frame->height),
          ""};
}

// Runs `look(i)` for each index, a few at a time; findings keep the order of the indices.
template <class Look>
Findings LookAtEach(std::size_t count, Look look) {
  Findings findings(count);
  std::atomic<std::size_t> next = 0;
  std::vector<std::jthread> threads;
  threads.reserve(std::min(count, kAtOnce));
  for (std::size_t i = 0; i < std::min(count, kAtOnce); ++i) {
    threads.emplace_back([&] {
      for (std::size_t index = next++; index < count; index = next++) {
        findings[index] = look(index);
      }
    });
  }
  threads.clear();
  return findings;
}

Finding CheckChannel(const alerts::ChannelOptions& channel) {
  const auto answer = alerts::Reach(channel.receiver, {});
  if (answer.has_value()) {
    return {"channel", FindingState::kOk, format("channel {}: {}", channel.name, *answer), ""};
  }
  const bool refused = answer.error().code == ErrorCode::kPermission;
  return {"channel", FindingState::kFault,
          format("channel {}: {}", channel.name, answer.error().message),
          refused ? "mend the channel's user and password"
                  : "check that the receiver runs, the channel's address and port, its certificate "
                    "and the firewall"};
}

}  // namespace

Findings CheckCameras(const std::vector<config::CameraConfig>& cameras) {
  return LookAtEach(cameras.size(), [&](std::size_t index) { return CheckCamera(cameras[index]); });
}

Findings CheckChannels(const config::Config& config,
                       const std::vector<database::StoredChannel>& stored) {
  auto channels = ConfiguredChannelOptions(config);
  Findings unreadable;
  SystemClock clock;
  for (const database::StoredChannel& channel : stored) {
    // One of the file hides its namesake of the database.
    if (!channel.enabled || std::ranges::find(channels, channel.name,
                                              &alerts::ChannelOptions::name) != channels.end()) {
      continue;
    }
    auto options = StoredChannelOptions(channel, config.alerts, clock);
    if (options.has_value()) {
      channels.push_back(*std::move(options));
    } else {
      unreadable.push_back({"channel", FindingState::kFault,
                            format("channel {}: its stored settings cannot be used: {}",
                                   channel.name, options.error().message),
                            "set the channel's settings again"});
    }
  }
  Findings findings =
      LookAtEach(channels.size(), [&](std::size_t index) { return CheckChannel(channels[index]); });
  std::ranges::move(unreadable, std::back_inserter(findings));
  return findings;
}

}  // namespace vigil::app
