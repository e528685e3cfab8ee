// The demonstration: a simulated RTSP camera, four people enrolled by other photos than those
// shown, a stranger, and a receiver of alerts, around the same Service that `vigil serve` runs.
#pragma once

#include "app/command.h"
#include "config/config.h"

namespace vigil::app {

struct DemoOptions {
  int port = 8080;
  bool headless = false;
  int seconds = 0;  // 0: until a signal
  bool json = false;
};

// Only `models` and `recognition` of `base` are used. Ends with kFailed when somebody was missed or
// misnamed, or an alert did not arrive.
ExitCode RunDemo(const config::Config& base, const DemoOptions& options);

}  // namespace vigil::app
