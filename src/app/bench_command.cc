// `vigil bench`: how fast this machine is at each part of the work. One file a benchmark.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>

#include "app/bench.h"
#include "vision/cpu.h"

namespace vigil::app {

json::object BeginMeasurement(std::string_view name) {
  return {{"bench", name}, {"cpu", vision::DetectCpuFeatures().model_name}};
}

double PercentileMs(std::vector<std::chrono::nanoseconds> times, double share) {
  if (times.empty()) return 0;
  const auto count = static_cast<double>(times.size());
  const auto rank = static_cast<std::ptrdiff_t>(std::clamp(std::ceil(share * count), 1.0, count));
  const auto at = times.begin() + (rank - 1);
  std::ranges::nth_element(times, at);
  return std::chrono::duration<double, std::milli>(*at).count();
}

void AddBench(CLI::App& app, CommandLine& line) {
  CLI::App* bench = app.add_subcommand("bench", "measure how fast this machine does the work");
  bench->require_subcommand(1);
  AddBenchSearch(*bench, line);
}

}  // namespace vigil::app
