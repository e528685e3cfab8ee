// `vigil bench pipeline`: cameras simulated from a clip, through the engine that `serve` runs, and
// what each part of it costs beside decoding alone.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <ctime>
#include <fstream>
#include <map>
#include <memory>
#include <random>
#include <thread>

#include "app/bench.h"
#include "app/engines.h"
#include "app/face_ledger.h"
#include "app/measured_ports.h"
#include "app/recognition_options.h"
#include "app/simulated_stream.h"
#include "base/format.h"
#include "pipeline/engine.h"
#include "pipeline/watch.h"
#include "vision/quality.h"

namespace vigil::app {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

struct Options {
  std::string video;
  int streams = 1;
  int threads = 0;
  double seconds = 12;
  double warm_up_s = 2;
  int enrolled = 1000;
  bool decode_only = false;
  bool json = false;
};

double Seconds(nanoseconds time) { return std::chrono::duration<double>(time).count(); }

nanoseconds ProcessTime() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return std::chrono::seconds{time.tv_sec} + nanoseconds{time.tv_nsec};
}

double ResidentMb() {
  std::ifstream statm("/proc/self/statm");
  double size = 0;
  double resident = 0;
  statm >> size >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE)) / 1e6;
}

// The streams of one phase. Cameras do not tick together: each begins a little later than the one
// before.
class Streams {
 public:
  Streams(const Options& options, milliseconds interval, Clock& clock)
      : options_(options), interval_(interval), clock_(clock), progress_(options.streams) {}

  static std::string Name(int index) { return format("stream-{}", index); }

  auto Open(int index, std::stop_token stop) {
    return OpenSimulatedStream(options_.video, Name(index), index * interval_ / options_.streams,
                               progress_[static_cast<std::size_t>(index)], clock_, std::move(stop));
  }

  milliseconds Played(int index) const {
    return milliseconds{progress_[static_cast<std::size_t>(index)].played_ms.load()};
  }
  milliseconds PassLength() const { return milliseconds{progress_.front().length_ms.load()}; }

  // Sums over all streams.
  std::int64_t Frames() const { return Sum(&StreamProgress::frames); }
  double PlayedSeconds() const {
    return static_cast<double>(Sum(&StreamProgress::played_ms)) / 1000;
  }
  void ForgetDelays() {
    for (StreamProgress& one : progress_) one.behind_most_ms = 0;
  }
  std::int64_t BehindMostMs() const {
    std::int64_t most = 0;
    for (const StreamProgress& one : progress_) most = std::max(most, one.behind_most_ms.load());
    return most;
  }

 private:
  std::int64_t Sum(std::atomic<std::int64_t> StreamProgress::* member) const {
    std::int64_t sum = 0;
    for (const StreamProgress& one : progress_) sum += one.*member;
    return sum;
  }

  const Options& options_;
  const milliseconds interval_;
  Clock& clock_;
  std::vector<StreamProgress> progress_;
};

// What the whole process and its streams have come to at one moment; differences are what counts.
struct Moment {
  Moment(const Streams& streams, const StageMeter& meter)
      : at(std::chrono::steady_clock::now()),
        processor(ProcessTime()),
        stages(meter.Read()),
        frames(streams.Frames()),
        played_s(streams.PlayedSeconds()),
        resident_mb(ResidentMb()) {}

  SteadyTime at;
  nanoseconds processor;
  StageMeter::Times stages;
  std::int64_t frames;
  double played_s;
  double resident_mb;
};

struct Span {
  Moment begin;
  Moment end;
  std::int64_t behind_most_ms;

  double ProcessorSeconds() const { return Seconds(end.processor - begin.processor); }
  double PlayedSeconds() const { return end.played_s - begin.played_s; }
  // Processor time for a second of one stream.
  double CostOfASecond() const {
    return PlayedSeconds() > 0 ? ProcessorSeconds() / PlayedSeconds() : 0;
  }
};

Span Observe(Streams& streams, const StageMeter& meter, double warm_up_s, double seconds,
             Clock& clock) {
  const auto wait = [&](double time_s) {
    clock.SleepUntil(clock.Now() + milliseconds{static_cast<std::int64_t>(1000 * time_s)}, {});
  };
  wait(warm_up_s);
  streams.ForgetDelays();
  const Moment begin(streams, meter);
  wait(seconds);
  return {begin, Moment(streams, meter), streams.BehindMostMs()};
}

Result<Span> DecodeAlone(const Options& options, milliseconds interval, double seconds,
                         Clock& clock) {
  Streams streams(options, interval, clock);
  StageMeter meter;
  std::vector<std::unique_ptr<FrameSource>> sources;
  for (int i = 0; i < options.streams; ++i) {
    auto opened = streams.Open(i, {});
    if (!opened) return std::unexpected(opened.error().error);
    sources.push_back(Metered(std::move(opened->source), meter));
  }
  std::vector<std::jthread> threads;
  for (const auto& source : sources) {
    threads.emplace_back([&source](std::stop_token stop) {
      while (source->Next(stop)) {
      }
    });
  }
  return Observe(streams, meter, std::min(1.0, options.warm_up_s), seconds, clock);
}

// What a gallery of ordinary size costs to search; nobody in the clip is in it.
void Enrol(GalleryIndex& gallery, int count, int dimension) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  std::vector<GalleryReference> references(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < references.size(); ++i) {
    references[i].reference_id = references[i].person_id = format("person-{}", i);
    references[i].embedding.resize(static_cast<std::size_t>(dimension));
    for (float& number : references[i].embedding) number = normal(random);
    Normalise(references[i].embedding);
  }
  gallery.Apply({}, std::move(references), 1);
}

// The faces that one stream alone follows, every due picture looked at. One that was seen only once
// may be missed by a look a moment later, and proves nothing.
Result<std::vector<KnownFace>> FacesOfOneStream(const Options& options,
                                                const config::Config& config,
                                                const GalleryIndex& gallery, Clock& clock) {
  VIGIL_ASSIGN_OR_RETURN(auto detectors, MakeDetectors(config, config.recognition.min_face_px, 1));
  VIGIL_ASSIGN_OR_RETURN(const auto precision, ConfiguredPrecision(config));
  VIGIL_ASSIGN_OR_RETURN(auto embedders, MakeEmbedders(config, precision, 1));
  auto opened = media::OpenStream(Secret("file:" + options.video), {}, {}, clock);
  if (!opened) return std::unexpected(opened.error().error);
  metrics::Metrics metrics;
  std::vector<KnownFace> known;
  const pipeline::WatchOptions watch{
      .recognition = RecognitionOptionsOf(config.recognition, embedders.front()->Info()),
      .gate = GateOptionsOf(config.recognition),
      .min_face_px = config.recognition.min_face_px,
      .name = "alone"};
  const pipeline::RecognitionPorts ports{
      .clock = clock,
      .gallery = gallery,
      .metrics = metrics,
      .quality = vision::AssessQuality,
      .on_outcome =
          [&](const pipeline::TrackOutcome& outcome) {
            if (outcome.occasion != pipeline::Occasion::kEnded) return;
            if (outcome.first_pts == outcome.last_pts) return;
            known.push_back({outcome.best.frame.pts, outcome.best.detection.box});
          },
      .name_of = {}};
  VIGIL_RETURN_IF_ERROR(pipeline::WatchSource(*opened->source, std::move(detectors.front()),
                                              std::move(embedders.front()), watch, ports));
  return known;
}

struct Measured {
  Span span;
  std::int64_t looked_at = 0;
  std::int64_t dropped = 0;
  std::int64_t faces = 0;
  std::int64_t tracks = 0;
  FaceLedger::Count known{};
  std::string precision;
};

void StartCameras(pipeline::Engine& engine, const std::map<std::string, int>& indices) {
  for (const auto& [name, index] : indices) {
    Camera camera;
    camera.id = camera.name = name;
    engine.SetCamera(camera);
  }
}

Result<Measured> RunEngine(const Options& options, const config::Config& config,
                           GalleryIndex& gallery, const std::vector<KnownFace>& known,
                           Clock& clock) {
  VIGIL_ASSIGN_OR_RETURN(auto detectors,
                         MakeDetectors(config, config.recognition.min_face_px, options.threads));
  VIGIL_ASSIGN_OR_RETURN(const auto precision, ConfiguredPrecision(config));
  VIGIL_ASSIGN_OR_RETURN(auto embedders, MakeEmbedders(config, precision, options.threads));
  const EmbedderInfo embedder = embedders.front()->Info();
  StageMeter meter;
  FaceLedger ledger;
  std::atomic<std::int64_t> looked_at{0};
  std::atomic<std::int64_t> tracks{0};
  for (auto& detector : detectors) {
    detector = Metered(std::move(detector), meter, [&](const Frame& frame, const auto& faces) {
      ++looked_at;
      ledger.Note(frame.camera_id, frame.pts, faces);
    });
  }
  for (auto& one : embedders) one = Metered(std::move(one), meter);
  const auto metered_gallery = Metered(gallery, meter);
  Streams streams(options, milliseconds{config.recognition.detect_interval_ms}, clock);
  std::map<std::string, int> indices;
  for (int i = 0; i < options.streams; ++i) indices[Streams::Name(i)] = i;
  metrics::Metrics metrics;
  pipeline::LiveView live;
  const auto open_source = [&](const Camera& camera, std::stop_token stop) {
    auto opened = streams.Open(indices.at(camera.id), std::move(stop));
    if (opened) opened->source = Metered(std::move(opened->source), meter);
    return opened;
  };
  pipeline::Engine engine({.recognition = RecognitionOptionsOf(config.recognition, embedder),
                           .camera = {.gate = GateOptionsOf(config.recognition), .backoff = {}},
                           .min_face_px = config.recognition.min_face_px},
                          {.clock = clock,
                           .gallery = *metered_gallery,
                           .metrics = metrics,
                           .detectors = std::move(detectors),
                           .embedders = std::move(embedders),
                           .quality = Metered(vision::AssessQuality, meter),
                           .open_source = open_source,
                           .on_outcome =
                               [&](const pipeline::TrackOutcome& outcome) {
                                 if (outcome.occasion == pipeline::Occasion::kEnded) ++tracks;
                               },
                           .on_camera = {},
                           .name_of = {},
                           .live = &live});
  StartCameras(engine, indices);
  clock.SleepUntil(clock.Now() + milliseconds{static_cast<std::int64_t>(1000 * options.warm_up_s)},
                   {});
  const std::int64_t looked_before = looked_at;
  const std::int64_t dropped_before = engine.DroppedFrames();
  const std::int64_t faces_before = ledger.Faces();
  const std::int64_t tracks_before = tracks;
  Measured measured{.span = Observe(streams, meter, 0, options.seconds, clock), .precision = {}};
  measured.looked_at = looked_at - looked_before;
  measured.dropped = engine.DroppedFrames() - dropped_before;
  measured.faces = ledger.Faces() - faces_before;
  measured.tracks = tracks - tracks_before;
  measured.precision = embedder.precision;
  engine.Stop();
  for (const auto& [name, index] : indices) {
    const auto count = ledger.Compare(name, known, streams.PassLength(), streams.Played(index));
    measured.known.expected += count.expected;
    measured.known.missed += count.missed;
  }
  return measured;
}

json::object DescribeDecoding(const Options& options, const std::vector<Span>& alone) {
  json::object told;
  double processor_s = 0;
  double played_s = 0;
  std::int64_t behind_ms = 0;
  for (const Span& span : alone) {
    processor_s += span.ProcessorSeconds();
    played_s += span.PlayedSeconds();
    behind_ms = std::max(behind_ms, span.behind_most_ms);
  }
  told["video"] = std::filesystem::path(options.video).filename().string();
  told["streams"] = options.streams;
  told["decode_alone_ms_per_s"] = Short(1000 * processor_s / played_s);
  told["decode_alone_behind_ms"] = behind_ms;
  return told;
}

void DescribePipeline(json::object& told, const Options& options, const Measured& measured,
                      double decode_alone_ms) {
  const Span& span = measured.span;
  const double cost_ms = 1000 * span.CostOfASecond();
  told["precision"] = measured.precision;
  told["threads"] = options.threads;
  told["seconds"] = options.seconds;
  told["frames"] = span.end.frames - span.begin.frames;
  told["looked_at"] = measured.looked_at;
  told["dropped"] = measured.dropped;
  told["behind_ms"] = span.behind_most_ms;
  told["faces"] = measured.faces;
  told["tracks"] = measured.tracks;
  told["known_faces"] = measured.known.expected;
  told["known_faces_missed"] = measured.known.missed;
  told["cpu_ms_per_s"] = Short(cost_ms);
  told["multiple_of_decoding"] = Short(decode_alone_ms > 0 ? cost_ms / decode_alone_ms : 0);
  json::object& stages = told["stages_ms_per_s"].emplace_object();
  double named_s = 0;
  for (std::size_t i = 0; i < kMeteredStages.size(); ++i) {
    const double taken_s = Seconds(span.end.stages[i] - span.begin.stages[i]);
    named_s += taken_s;
    stages[kMeteredStages[i]] = Short(1000 * taken_s / span.PlayedSeconds());
  }
  stages["rest"] = Short(1000 * (span.ProcessorSeconds() - named_s) / span.PlayedSeconds());
  const double wall_s = Seconds(span.end.at - span.begin.at);
  told["cores_busy"] = Short(span.ProcessorSeconds() / wall_s);
  told["resident_mb"] = Short(span.end.resident_mb);
  told["resident_growth_mb"] = Short(span.end.resident_mb - span.begin.resident_mb);
}

void Print(const Options& options, const json::object& told) {
  if (options.json) return PrintJson(told);
  const auto number = [&](std::string_view key) { return told.at(key).to_number<double>(); };
  PrintLine(format("{} streams of {}; a second of one costs, in processor time:", options.streams,
                   std::string_view(told.at("video").as_string())));
  PrintLine(format("  decoding alone  {:7.1f} ms", number("decode_alone_ms_per_s")));
  if (options.decode_only) return;
  PrintLine(format("  all of it       {:7.1f} ms, {:.2f} times decoding alone",
                   number("cpu_ms_per_s"), number("multiple_of_decoding")));
  for (const auto& [stage, taken] : told.at("stages_ms_per_s").as_object()) {
    PrintLine(format("    {:<12}  {:7.1f} ms", std::string_view(stage), taken.to_number<double>()));
  }
  PrintLine(format("{} pictures, {} looked at, {} dropped; at most {} ms late; {:.2f} cores busy",
                   number("frames"), number("looked_at"), number("dropped"), number("behind_ms"),
                   number("cores_busy")));
  PrintLine(format("{} faces in {} tracks; of {} that one stream alone follows {} were missed",
                   number("faces"), number("tracks"), number("known_faces"),
                   number("known_faces_missed")));
  PrintLine(format("{:.0f} MB resident, {:+.1f} MB in {} s", number("resident_mb"),
                   number("resident_growth_mb"), options.seconds));
}

Status RunBench(Options options, const config::Config& config) {
  SystemClock clock;
  if (options.threads == 0) {
    options.threads = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  }
  const milliseconds interval{config.recognition.detect_interval_ms};
  const double alone_s = options.decode_only ? options.seconds : options.seconds / 2;
  std::vector<Span> alone;
  const auto decode_alone = [&]() -> Status {
    VIGIL_ASSIGN_OR_RETURN(Span span, DecodeAlone(options, interval, alone_s, clock));
    alone.push_back(span);
    return {};
  };
  json::object told = BeginMeasurement("pipeline");
  VIGIL_RETURN_IF_ERROR(decode_alone());
  if (options.decode_only) {
    for (auto& [key, value] : DescribeDecoding(options, alone)) told[key] = std::move(value);
    Print(options, told);
    return {};
  }
  VIGIL_ASSIGN_OR_RETURN(const auto made, MakeGallery(config));
  const auto& gallery = made.index;
  {
    VIGIL_ASSIGN_OR_RETURN(const auto precision, ConfiguredPrecision(config));
    VIGIL_ASSIGN_OR_RETURN(const auto embedders, MakeEmbedders(config, precision, 1));
    Enrol(*gallery, options.enrolled, embedders.front()->Info().space.dimension);
  }
  VIGIL_ASSIGN_OR_RETURN(const auto known, FacesOfOneStream(options, config, *gallery, clock));
  VIGIL_ASSIGN_OR_RETURN(const Measured measured,
                         RunEngine(options, config, *gallery, known, clock));
  // Before and after: a machine that became slower meanwhile spoils the comparison less.
  VIGIL_RETURN_IF_ERROR(decode_alone());
  for (auto& [key, value] : DescribeDecoding(options, alone)) told[key] = std::move(value);
  DescribePipeline(told, options, measured, told.at("decode_alone_ms_per_s").to_number<double>());
  Print(options, told);
  return {};
}

}  // namespace

void AddBenchPipeline(CLI::App& bench, CommandLine& line) {
  auto options = std::make_shared<Options>();
  CLI::App* command = bench.add_subcommand(
      "pipeline", "simulated cameras through the whole recognition, beside decoding alone");
  const auto override_with = [command, &line](const char* flag, const char* key,
                                              const char* meaning) {
    command->add_option_function<std::string>(
        flag, [&line, key](const std::string& value) { line.overrides.emplace_back(key, value); },
        meaning);
  };
  command->add_option("--video", options->video, "clip that each camera plays over and over")
      ->required();
  command->add_option("--streams", options->streams, "simulated cameras")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  command->add_option("--seconds", options->seconds, "how long to measure")
      ->check(CLI::Range(0.5, 86'400.0))
      ->capture_default_str();
  command->add_option("--warm-up", options->warm_up_s, "seconds before it")
      ->check(CLI::Range(0.0, 600.0))
      ->capture_default_str();
  command->add_option("--threads", options->threads, "recognition workers; 0: one a core")
      ->check(CLI::Range(0, 256))
      ->capture_default_str();
  command->add_option("--enrolled", options->enrolled, "references in the gallery")
      ->check(CLI::Range(0, 10'000'000))
      ->capture_default_str();
  override_with("--min-face", "recognition.min_face_px", "smallest face searched for, pixels");
  override_with("--interval", "recognition.detect_interval_ms", "milliseconds between two looks");
  override_with("--gate", "recognition.motion_gate", "true or false: skip still pictures");
  override_with("--detector", "models.detector", "detector (default: the configuration's)");
  override_with("--precision", "models.precision", "auto, f32, bf16 or i8");
  command->add_flag("--decode-only", options->decode_only,
                    "decode the streams and do nothing else");
  command->add_flag("--json", options->json, "one JSON line");
  command->callback([options, &line] {
    const auto config = LoadCommandConfig(line);
    if (!config) {
      line.exit_code = ExitCode::kConfiguration;
      return;
    }
    const Status status = RunBench(*options, *config);
    if (status) return;
    line.exit_code = Report(status.error());
    if (status.error().code == ErrorCode::kNotFound) line.exit_code = ExitCode::kInput;
  });
}

}  // namespace vigil::app
