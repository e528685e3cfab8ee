// `vigil detect` and `vigil embed`: faces and embeddings of photos, one JSON line an image.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <span>

#include "app/command.h"
#include "app/engines.h"
#include "app/photo_paths.h"
#include "base/format.h"
#include "core/frame.h"
#include "vision/quality.h"

namespace vigil::app {
namespace {

struct Options {
  std::vector<std::string> paths;
  int min_face_px = 40;
  std::string detector;
  std::string embedder;
  std::string precision;
  bool largest = false;
  bool compared = false;
  bool json = false;
};

struct Engines {
  std::unique_ptr<Detector> detector;
  std::unique_ptr<Embedder> embedder;  // null for `detect`
  TypicalFaces typical{};              // empty unless embeddings are wanted as they are compared
};

void SortLargestFirst(const Frame& frame, std::vector<Detection>& faces) {
  std::ranges::stable_sort(faces, std::ranges::greater(), [&](const Detection& face) {
    return VisibleArea(face.box, frame.width, frame.height);
  });
}

Result<json::array> DescribeFaces(const Options& options, Engines& engines, const Frame& frame) {
  VIGIL_ASSIGN_OR_RETURN(auto found, engines.detector->Detect(std::span(&frame, 1)));
  std::vector<Detection>& faces = found.front();
  if (engines.embedder != nullptr) SortLargestFirst(frame, faces);
  if (options.largest && faces.size() > 1) faces.resize(1);
  std::vector<FaceCrop> crops;
  std::vector<EmbeddedFace> embedded;
  if (engines.embedder != nullptr) {
    for (const Detection& face : faces) crops.push_back(engines.embedder->Crop(frame, face));
    VIGIL_ASSIGN_OR_RETURN(embedded, engines.embedder->Embed(crops));
  }
  json::array out;
  for (std::size_t i = 0; i < faces.size(); ++i) {
    json::object face = FaceJson(faces[i]);
    if (engines.embedder != nullptr) {
      FaceQuality quality = vision::AssessQuality(frame, crops[i], faces[i]);
      quality.covered = embedded[i].covered;
      face["quality"] = ShortDecimal(quality.score);
      face["quality_parts"] = QualityJson(quality);
      if (quality.covered) face["covered"] = ShortDecimal(*quality.covered);
      json::array numbers;
      for (const float value : WithoutTypical(engines.typical, embedded[i].embedding))
        numbers.push_back(ShortDecimal(value));
      face["embedding"] = std::move(numbers);
    }
    out.push_back(std::move(face));
  }
  return out;
}

void PrintFaces(const Options& options, json::object image) {
  if (options.json) return PrintJson(image);
  const json::array& faces = image["faces"].as_array();
  PrintLine(format("{}: {} face{}", std::string_view(image["path"].as_string()), faces.size(),
                   faces.size() == 1 ? "" : "s"));
  for (const json::value& face : faces) {
    const json::array& box = face.at("box").as_array();
    PrintLine(format("  {:.0f},{:.0f} to {:.0f},{:.0f}  score {:.3f}", box[0].as_double(),
                     box[1].as_double(), box[2].as_double(), box[3].as_double(),
                     face.at("score").as_double()));
  }
}

// One unreadable file does not end the run; it is told in its own line and in the exit code.
ExitCode DescribeAll(const Options& options, Engines& engines) {
  ExitCode code = ExitCode::kDone;
  const auto fail = [&](const std::filesystem::path& path, const Error& error) {
    if (options.json) PrintJson(json::object{{"path", path.string()}, {"error", error.message}});
    std::fprintf(stderr, "vigil: %s\n", error.message.c_str());
    code = ExitCode::kInput;
  };
  for (const auto& path : ExpandPhotoPaths(options.paths)) {
    const auto image = ReadPhoto(path);
    if (!image) {
      fail(path, image.error());
      continue;
    }
    auto faces = DescribeFaces(options, engines, FrameOfImage(*image));
    if (!faces) {
      fail(path, {faces.error().code, path.string() + ": " + faces.error().message});
      continue;
    }
    PrintFaces(options, {{"path", path.string()},
                         {"width", (*image)->width},
                         {"height", (*image)->height},
                         {"faces", *std::move(faces)}});
  }
  return code;
}

Result<Engines> MakeEngines(const Options& options, config::Config& config, bool embed) {
  if (!options.detector.empty()) config.models.detector = options.detector;
  if (!options.embedder.empty()) config.models.embedder = options.embedder;
  if (!options.precision.empty()) config.models.precision = options.precision;
  Engines engines;
  VIGIL_ASSIGN_OR_RETURN(auto detectors, MakeDetectors(config, options.min_face_px, 1));
  engines.detector = std::move(detectors.front());
  if (embed) {
    VIGIL_ASSIGN_OR_RETURN(const auto precision, ConfiguredPrecision(config));
    VIGIL_ASSIGN_OR_RETURN(auto embedders, MakeEmbedders(config, precision, 1));
    engines.embedder = std::move(embedders.front());
  }
  if (options.compared) {
    VIGIL_ASSIGN_OR_RETURN(engines.typical, ConfiguredTypicalFaces(config));
  }
  return engines;
}

void Run(const Options& options, CommandLine& line, bool embed) {
  auto config = LoadCommandConfig(line);
  if (!config) {
    line.exit_code = ExitCode::kConfiguration;
    return;
  }
  auto engines = MakeEngines(options, *config, embed);
  line.exit_code = engines ? DescribeAll(options, *engines) : Report(engines.error());
}

CLI::App* AddCommon(CLI::App& app, const char* name, const char* what, Options& options) {
  CLI::App* command = app.add_subcommand(name, what);
  command->add_option("paths", options.paths, "photos, folders, or - for a list on stdin")
      ->required();
  command->add_option("--min-face", options.min_face_px, "smallest face searched for, pixels")
      ->check(CLI::Range(12, 4000))
      ->capture_default_str();
  command->add_option("--detector", options.detector, "detector (default: the configuration's)");
  command->add_flag("--json", options.json, "one JSON line an image");
  return command;
}

}  // namespace

void AddDetect(CLI::App& app, CommandLine& line) {
  auto options = std::make_shared<Options>();
  CLI::App* command = AddCommon(app, "detect", "find faces and landmarks in photos", *options);
  command->callback([options, &line] { Run(*options, line, false); });
}

void AddEmbed(CLI::App& app, CommandLine& line) {
  auto options = std::make_shared<Options>();
  CLI::App* command = AddCommon(app, "embed", "the same, with an embedding a face", *options);
  command->add_option("--embedder", options->embedder, "embedder (default: the configuration's)");
  command->add_option("--precision", options->precision, "auto, f32, bf16 or i8");
  command->add_flag("--largest", options->largest, "the largest face only");
  command->add_flag("--compared", options->compared,
                    "embeddings as the gallery compares them, less what typical faces share");
  command->callback([options, &line] { Run(*options, line, true); });
}

}  // namespace vigil::app
