// `vigil bench embed`: how many faces a second the configured embedder turns into embeddings.
#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "app/bench.h"
#include "app/engines.h"
#include "base/format.h"
#include "vision/model_store.h"

namespace vigil::app {
namespace {

using Steady = std::chrono::steady_clock;

constexpr int kWarmUpRounds = 3;

struct Options {
  std::string embedder;
  std::string precision;
  int batch = 8;
  int threads = 1;
  double seconds = 5;
  bool json = false;
};

// What one thread measured: the time of each batch.
struct Rounds {
  std::vector<std::chrono::nanoseconds> times;
  Status status;
};

// The cost of an embedding does not depend on what the picture shows.
std::vector<FaceCrop> NoiseCrops(int count, int side_px) {
  std::mt19937 random(1);
  std::vector<FaceCrop> crops(static_cast<std::size_t>(count));
  for (FaceCrop& crop : crops) {
    crop.image = {side_px, side_px, {}};
    crop.image.pixels.resize(static_cast<std::size_t>(side_px) * static_cast<std::size_t>(side_px) *
                             3);
    for (std::uint8_t& value : crop.image.pixels) value = static_cast<std::uint8_t>(random());
  }
  return crops;
}

Rounds Measure(Embedder& embedder, const std::vector<FaceCrop>& crops,
               std::chrono::duration<double> length) {
  Rounds rounds;
  for (int i = 0; i < kWarmUpRounds && rounds.status; ++i) {
    if (auto warm = embedder.Embed(crops); !warm) rounds.status = std::unexpected(warm.error());
  }
  const auto end = Steady::now() + length;
  for (auto start = Steady::now(); rounds.status && start < end;) {
    if (auto done = embedder.Embed(crops); !done) rounds.status = std::unexpected(done.error());
    const auto now = Steady::now();
    rounds.times.emplace_back(now - start);
    start = now;
  }
  return rounds;
}

Result<json::object> Bench(const config::Config& config, const Options& options) {
  VIGIL_ASSIGN_OR_RETURN(const auto model,
                         vision::FindModel(config.models.directory, config.models.embedder));
  VIGIL_ASSIGN_OR_RETURN(const auto precision, ConfiguredPrecision(config));
  VIGIL_ASSIGN_OR_RETURN(auto embedders,
                         MakeEmbedders(config, precision, options.threads, options.batch));
  const auto crops = NoiseCrops(options.batch, model.input.width);
  std::vector<Rounds> measured(embedders.size());
  {
    std::vector<std::jthread> threads;
    threads.reserve(embedders.size());
    for (std::size_t i = 0; i < embedders.size(); ++i) {
      threads.emplace_back([&, i] {
        measured[i] = Measure(*embedders[i], crops, std::chrono::duration<double>(options.seconds));
      });
    }
  }
  std::vector<std::chrono::nanoseconds> all;
  for (const Rounds& rounds : measured) {
    if (!rounds.status) return std::unexpected(rounds.status.error());
    all.insert(all.end(), rounds.times.begin(), rounds.times.end());
  }
  const double median_ms = PercentileMs(all, 0.5);
  json::object told = BeginMeasurement("embed");
  told["embedder"] = config.models.embedder;
  told["precision"] = embedders.front()->Info().precision;
  told["threads"] = options.threads;
  told["batch"] = options.batch;
  told["embeddings_per_s"] = Short(options.batch * options.threads * 1000 / median_ms);
  told["p50_ms"] = Short(median_ms);
  told["p99_ms"] = Short(PercentileMs(all, 0.99));
  told["batches"] = all.size();
  return told;
}

ExitCode Run(const CommandLine& line, const Options& options) {
  auto config = LoadCommandConfig(line);
  if (!config) return ExitCode::kConfiguration;
  if (!options.embedder.empty()) config->models.embedder = options.embedder;
  if (!options.precision.empty()) config->models.precision = options.precision;
  const auto result = Bench(*config, options);
  if (!result) return Report(result.error());
  if (options.json) {
    PrintJson(*result);
  } else {
    PrintLine(
        format("{} in {}, {} threads, batches of {}: {:.1f} embeddings/s; a batch {:.2f} ms "
               "(99 %: {:.2f})",
               config->models.embedder, std::string_view(result->at("precision").as_string()),
               options.threads, options.batch, result->at("embeddings_per_s").as_double(),
               result->at("p50_ms").as_double(), result->at("p99_ms").as_double()));
  }
  return ExitCode::kDone;
}

}  // namespace

void AddBenchEmbed(CLI::App& bench, CommandLine& line) {
  auto options = std::make_shared<Options>();
  CLI::App* command = bench.add_subcommand(
      "embed", "embeddings a second at the median time of a batch, standardisation included");
  command->add_option("--embedder", options->embedder, "embedder (default: the configuration's)");
  command->add_option("--precision", options->precision, "auto, f32, bf16 or i8");
  command->add_option("--batch", options->batch, "faces of one inference")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  command->add_option("--threads", options->threads, "inferences at once, one thread each")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  command->add_option("--seconds", options->seconds, "how long to measure")
      ->check(CLI::Range(0.05, 600.0))
      ->capture_default_str();
  command->add_flag("--json", options->json, "one JSON line");
  command->callback([options, &line] { line.exit_code = Run(line, *options); });
}

}  // namespace vigil::app
