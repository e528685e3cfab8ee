// `vigil bench`: how fast this machine is at each part of the work. One file a benchmark.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <stop_token>
#include <utility>

#include "app/bench.h"
#include "base/clock.h"
#include "base/format.h"
#include "base/secret.h"
#include "media/stream_source.h"
#include "vision/cpu.h"

namespace vigil::app {

json::object BeginMeasurement(std::string_view name) {
  return {{"bench", name}, {"cpu", vision::DetectCpuFeatures().model_name}};
}

double Short(double value) { return ShortDecimal(static_cast<float>(value)); }

double PercentileMs(std::vector<std::chrono::nanoseconds> times, double share) {
  if (times.empty()) return 0;
  const auto count = static_cast<double>(times.size());
  const auto rank = static_cast<std::ptrdiff_t>(std::clamp(std::ceil(share * count), 1.0, count));
  const auto at = times.begin() + (rank - 1);
  std::ranges::nth_element(times, at);
  return std::chrono::duration<double, std::milli>(*at).count();
}

Result<std::vector<Frame>> DecodeFrames(const std::filesystem::path& video, int count) {
  SystemClock clock;
  auto opened = media::OpenStream(Secret("file:" + video.string()), {}, std::stop_token(), clock);
  if (!opened) return std::unexpected(opened.error().error);
  std::vector<Frame> frames;
  while (static_cast<int>(frames.size()) < count) {
    auto frame = opened->source->Next(std::stop_token());
    if (!frame && frame.error().code == ErrorCode::kEndOfStream) break;
    VIGIL_RETURN_IF_ERROR(frame);
    frames.push_back(*std::move(frame));
  }
  if (frames.empty()) {
    return Fail(ErrorCode::kInvalidArgument, format("{}: no frame in it", video.string()));
  }
  return frames;
}

void AddBench(CLI::App& app, CommandLine& line) {
  CLI::App* bench = app.add_subcommand("bench", "measure how fast this machine does the work");
  bench->require_subcommand(1);
  AddBenchDetect(*bench, line);
  AddBenchEmbed(*bench, line);
  AddBenchPipeline(*bench, line);
  AddBenchSearch(*bench, line);
}

}  // namespace vigil::app
