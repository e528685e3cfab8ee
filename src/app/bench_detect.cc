// `vigil bench detect`: faces found a second, on frames decoded beforehand.
#include <CLI/CLI.hpp>
#include <atomic>
#include <ctime>
#include <fstream>
#include <memory>
#include <mutex>
#include <span>
#include <thread>

#include "app/bench.h"
#include "app/engines.h"
#include "app/photo_paths.h"
#include "base/format.h"

namespace vigil::app {
namespace {

struct Options {
  std::string video;
  std::string images;
  std::string detector;
  std::string precision;
  std::string dump;
  int min_face_px = 40;
  int threads = 1;
  int frames = 48;
  bool json = false;
};

struct Pictures {
  std::vector<Frame> frames;
  std::vector<std::filesystem::path> paths;  // of images; empty for a video
};

struct Measured {
  std::vector<std::vector<Detection>> faces;    // a frame
  std::vector<std::chrono::nanoseconds> times;  // a frame
  std::chrono::nanoseconds whole{0};
  double processor_s = 0;  // of all threads: says more than the wall clock on a busy machine
};

Result<Pictures> ReadPictures(const Options& options) {
  Pictures pictures;
  if (!options.video.empty()) {
    VIGIL_ASSIGN_OR_RETURN(pictures.frames, DecodeFrames(options.video, options.frames));
    return pictures;
  }
  for (const auto& path : ExpandPhotoPaths({options.images})) {
    if (static_cast<int>(pictures.frames.size()) == options.frames) break;
    VIGIL_ASSIGN_OR_RETURN(auto image, ReadPhoto(path));
    pictures.frames.push_back(FrameOfImage(std::move(image)));
    pictures.paths.push_back(path);
  }
  if (pictures.frames.empty()) {
    return Fail(ErrorCode::kInvalidArgument, format("{}: no image in it", options.images));
  }
  return pictures;
}

// Each thread has its own detector and takes the next frame when it is done with one: no threads
// inside an inference, as in the service.
Result<Measured> Measure(std::span<const std::unique_ptr<Detector>> detectors,
                         std::span<const Frame> frames) {
  // Pictures of every size are seen once before: buffers and networks are made for a size.
  const std::size_t warm = std::min<std::size_t>(frames.size(), 2);
  for (const auto& detector : detectors) {
    for (std::size_t i = 0; i < warm; ++i)
      VIGIL_RETURN_IF_ERROR(detector->Detect(frames.subspan(i, 1)));
  }
  Measured measured;
  measured.faces.resize(frames.size());
  measured.times.resize(frames.size());
  std::atomic<std::size_t> next{0};
  std::mutex mutex;
  Status failed;
  const auto work = [&](Detector& detector) {
    for (std::size_t i = next++; i < frames.size(); i = next++) {
      const auto start = std::chrono::steady_clock::now();
      auto found = detector.Detect(frames.subspan(i, 1));
      measured.times[i] = std::chrono::steady_clock::now() - start;
      if (!found) {
        const std::scoped_lock lock(mutex);
        failed = std::unexpected(std::move(found).error());
        return;
      }
      measured.faces[i] = std::move(found->front());
    }
  };
  const auto start = std::chrono::steady_clock::now();
  const std::clock_t processor_start = std::clock();
  {
    std::vector<std::jthread> others;
    for (const auto& detector : detectors.subspan(1)) {
      others.emplace_back([&work, &detector] { work(*detector); });
    }
    work(*detectors.front());
  }
  measured.whole = std::chrono::steady_clock::now() - start;
  measured.processor_s = static_cast<double>(std::clock() - processor_start) / CLOCKS_PER_SEC;
  VIGIL_RETURN_IF_ERROR(failed);
  return measured;
}

Status Dump(const std::string& file, const Pictures& pictures, const Measured& measured) {
  std::ofstream out(file);
  for (std::size_t i = 0; i < pictures.frames.size(); ++i) {
    json::object line;
    if (pictures.paths.empty()) {
      line["frame"] = i;
    } else {
      line["path"] = pictures.paths[i].string();
    }
    line["width"] = pictures.frames[i].width;
    line["height"] = pictures.frames[i].height;
    json::array& faces = line["faces"].emplace_array();
    for (const Detection& face : measured.faces[i]) faces.push_back(FaceJson(face));
    out << WriteJson(line) << "\n";
  }
  out.close();
  if (out) return {};
  return Fail(ErrorCode::kUnavailable, format("{}: cannot be written", file));
}

json::object Describe(const Options& options, const Pictures& pictures, const Measured& measured,
                      const DetectorInfo& detector) {
  json::object told = BeginMeasurement("detect");
  std::size_t faces = 0;
  for (const auto& of_frame : measured.faces) faces += of_frame.size();
  const double seconds = std::chrono::duration<double>(measured.whole).count();
  const Frame& first = pictures.frames.front();
  told["detector"] = detector.id;
  told["precision"] = detector.precision;
  told["threads"] = options.threads;
  told["min_face"] = options.min_face_px;
  told["size"] = format("{}x{}", first.width, first.height);
  told["frames"] = pictures.frames.size();
  told["faces_total"] = faces;
  told["fps"] = Short(static_cast<double>(pictures.frames.size()) / seconds);
  told["p50_ms"] = Short(PercentileMs(measured.times, 0.5));
  told["p99_ms"] = Short(PercentileMs(measured.times, 0.99));
  told["cpu_ms"] = Short(1000 * measured.processor_s / static_cast<double>(pictures.frames.size()));
  return told;
}

Status RunBench(const Options& options, config::Config& config) {
  if (!options.detector.empty()) config.models.detector = options.detector;
  if (!options.precision.empty()) config.models.precision = options.precision;
  VIGIL_ASSIGN_OR_RETURN(const Pictures pictures, ReadPictures(options));
  VIGIL_ASSIGN_OR_RETURN(const auto detectors,
                         MakeDetectors(config, options.min_face_px, options.threads));
  VIGIL_ASSIGN_OR_RETURN(const Measured measured, Measure(detectors, pictures.frames));
  if (!options.dump.empty()) VIGIL_RETURN_IF_ERROR(Dump(options.dump, pictures, measured));
  const auto told = Describe(options, pictures, measured, detectors.front()->Info());
  if (options.json) {
    PrintJson(told);
  } else {
    PrintLine(format(
        "{:.1f} frames a second ({} {}, {} thread{}); a frame: half below {:.1f} ms, "
        "99 % below {:.1f} ms; {} faces in {} frames; {}",
        told.at("fps").to_number<double>(), std::string_view(told.at("detector").as_string()),
        std::string_view(told.at("precision").as_string()), options.threads,
        options.threads == 1 ? "" : "s", told.at("p50_ms").to_number<double>(),
        told.at("p99_ms").to_number<double>(), told.at("faces_total").to_number<int>(),
        pictures.frames.size(), std::string_view(told.at("cpu").as_string())));
  }
  return {};
}

}  // namespace

void AddBenchDetect(CLI::App& bench, CommandLine& line) {
  auto options = std::make_shared<Options>();
  CLI::App* command = bench.add_subcommand("detect", "face detection alone, frames a second");
  auto* input = command->add_option_group("input");
  input->add_option("--video", options->video, "video file");
  input->add_option("--images", options->images, "folder of photos");
  input->require_option(1);
  command->add_option("--min-face", options->min_face_px, "smallest face searched for, pixels")
      ->check(CLI::Range(12, 4000))
      ->capture_default_str();
  command->add_option("--threads", options->threads, "frames worked on at once")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  command->add_option("--frames", options->frames, "at most so many frames or photos")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  command->add_option("--detector", options->detector, "detector (default: the configuration's)");
  command->add_option("--precision", options->precision, "auto, f32, bf16 or i8");
  command->add_option("--dump", options->dump, "file for the faces, one JSON line a frame");
  command->add_flag("--json", options->json, "one JSON line");
  command->callback([options, &line] {
    auto config = LoadCommandConfig(line);
    if (!config) {
      line.exit_code = ExitCode::kConfiguration;
      return;
    }
    const Status status = RunBench(*options, *config);
    if (!status) line.exit_code = Report(status.error());
  });
}

}  // namespace vigil::app
