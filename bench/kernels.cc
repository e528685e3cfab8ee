// The inner loops, one by one: what a change of a kernel is judged by. Run
// build/release/bin/vigil_kernels with --benchmark_filter=NAME; `make bench` keeps its figures.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <memory>
#include <random>
#include <vector>

#include "core/area.h"
#include "core/frame.h"
#include "gallery/dot_product.h"
#include "gallery/scan_kernels.h"
#include "pipeline/luma_grid.h"
#include "vision/area_resize.h"
#include "vision/bilinear_resize.h"
#include "vision/quality.h"
#include "vision/rgb_region.h"

namespace {

using namespace vigil;

// Noise: no kernel's cost depends on what a picture shows.
Frame NoiseFrame(int width, int height) {
  std::mt19937 random(1);
  const auto luma = static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
  auto bytes = std::make_shared<std::vector<std::uint8_t>>(luma * 3 / 2);
  for (std::uint8_t& byte : *bytes) byte = static_cast<std::uint8_t>(random());
  Frame frame;
  frame.width = width;
  frame.height = height;
  frame.planes = {Plane{bytes->data(), width}, Plane{bytes->data() + luma, width / 2},
                  Plane{bytes->data() + luma + luma / 4, width / 2}};
  frame.buffer = std::move(bytes);
  return frame;
}

RgbImage NoiseImage(int side_px) {
  return vision::RgbOfRegion(NoiseFrame(side_px, side_px), {0, 0, side_px, side_px});
}

template <class Number>
std::vector<Number> Noise(std::size_t count) {
  std::mt19937 random(2);
  std::vector<Number> numbers(count);
  for (Number& number : numbers) number = static_cast<Number>(static_cast<int>(random() % 127));
  return numbers;
}

void GateGrid(benchmark::State& state) {
  const Frame frame = NoiseFrame(1920, 1080);
  for (auto _ : state) benchmark::DoNotOptimize(pipeline::LumaGrid(frame));
}
BENCHMARK(GateGrid)->Unit(benchmark::kMicrosecond);

void GateComparison(benchmark::State& state) {
  const auto a = pipeline::LumaGrid(NoiseFrame(1920, 1080));
  const auto b = pipeline::LumaGrid(NoiseFrame(1280, 720));
  const auto watched =
      pipeline::WatchedCells({.areas = {{{0, 0}, {1, 0}, {1, 1}}}, .excluded = {}});
  for (auto _ : state) benchmark::DoNotOptimize(pipeline::ChangedShare(a, b, 12, watched));
}
BENCHMARK(GateComparison)->Unit(benchmark::kMicrosecond);

// The first level of the pyramid for the smallest face of the argument: 12 pixels stand for it.
void FirstLevel(benchmark::State& state) {
  const Frame frame = NoiseFrame(1920, 1080);
  const auto min_face = static_cast<int>(state.range(0));
  const int width = 1920 * 12 / min_face;
  const int height = 1080 * 12 / min_face;
  std::vector<float> planes(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 3);
  vision::AreaResizer resizer;
  for (auto _ : state) resizer.Resize(frame, {0, 0, 1920, 1080}, width, height, planes);
}
BENCHMARK(FirstLevel)->Arg(20)->Arg(40)->Arg(80)->Unit(benchmark::kMicrosecond);

void CandidateCrop(benchmark::State& state) {
  const Frame frame = NoiseFrame(1920, 1080);
  std::vector<float> planes(24 * 24 * 3);
  vision::AreaResizer resizer;
  for (auto _ : state) resizer.Resize(frame, {500, 300, 580, 380}, 24, 24, planes);
}
BENCHMARK(CandidateCrop)->Unit(benchmark::kMicrosecond);

void FaceCropResize(benchmark::State& state) {
  const RgbImage image = NoiseImage(static_cast<int>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(vision::ResizeBilinear(image, 160, 160));
}
BENCHMARK(FaceCropResize)->Arg(60)->Arg(120)->Arg(300)->Unit(benchmark::kMicrosecond);

void FaceRegionToRgb(benchmark::State& state) {
  const Frame frame = NoiseFrame(1920, 1080);
  for (auto _ : state) benchmark::DoNotOptimize(vision::RgbOfRegion(frame, {400, 200, 560, 360}));
}
BENCHMARK(FaceRegionToRgb)->Unit(benchmark::kMicrosecond);

void Quality(benchmark::State& state) {
  const Frame frame = NoiseFrame(1920, 1080);
  const FaceCrop crop{NoiseImage(160)};
  Detection face{.box = {500, 300, 600, 400}, .score = 1};
  face.landmarks = {Point{530, 340}, {570, 340}, {550, 360}, {535, 378}, {565, 378}};
  for (auto _ : state) benchmark::DoNotOptimize(vision::AssessQuality(frame, crop, face));
}
BENCHMARK(Quality)->Unit(benchmark::kMicrosecond);

void Similarities(benchmark::State& state) {
  constexpr std::size_t kRows = 1024;
  constexpr std::size_t kDimension = 512;
  const auto rows = Noise<float>(kRows * kDimension);
  const auto probe = Noise<float>(kDimension);
  std::vector<float> scores(kRows);
  for (auto _ : state) {
    gallery::DotProducts(probe.data(), rows.data(), kRows, kDimension, scores.data());
    benchmark::DoNotOptimize(scores.data());
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * kRows);
}
BENCHMARK(Similarities)->Unit(benchmark::kMicrosecond);

// The coarse scan of a gallery that lies in the cache, with each of the machine's kernels.
void CoarseScan(benchmark::State& state, gallery::ScanKernels kernels) {
  constexpr std::size_t kGroups = 64;
  constexpr std::size_t kPadded = 512;
  const auto groups = Noise<std::uint8_t>(kGroups * gallery::kGroupRows * kPadded / 2);
  const auto probe = Noise<std::int8_t>(kPadded);
  std::vector<std::int32_t> sums(kGroups * gallery::kGroupRows);
  for (auto _ : state) {
    kernels.coarse(groups.data(), kGroups, kPadded, probe.data(), sums.data());
    benchmark::DoNotOptimize(sums.data());
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * sums.size()));
}

}  // namespace

int main(int argc, char** argv) {
  for (const auto& kernels : vigil::gallery::AvailableScanKernels()) {
    benchmark::RegisterBenchmark((std::string("CoarseScan/") + kernels.name).c_str(), CoarseScan,
                                 kernels)
        ->Unit(benchmark::kMicrosecond);
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
