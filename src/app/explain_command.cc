// `vigil explain PHOTO [PHOTO2]`: one picture of the whole way from pixels to a similarity.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <memory>

#include "alerts/message_text.h"
#include "app/command.h"
#include "app/engines.h"
#include "app/photo_paths.h"
#include "base/format.h"
#include "core/embedding.h"
#include "drawing/explain_picture.h"
#include "pipeline/decision.h"
#include "vision/detectors/mtcnn.h"
#include "vision/quality.h"

namespace vigil::app {
namespace {

using drawing::ExplainPhoto;
using drawing::ExplainPicture;

struct Options {
  std::vector<std::string> photos;
  std::string out = "explain.png";
  int min_face_px = 40;
  bool json = false;
};

// How many people the thresholds are told for.
constexpr std::size_t kGallerySizes[] = {1, 100, 1000};

std::string GalleryLabel(std::size_t persons) {
  if (persons == 1) return "needed among 1 person";
  return format("among {} people",
                persons == 1000 ? std::string("1,000") : std::to_string(persons));
}

// The boxes of every step where the detector has steps to show; else what it found in the end.
Result<std::vector<Detection>> Detect(const config::Config& config, const Options& options,
                                      const Frame& frame, ExplainPhoto& photo) {
  if (config.models.detector != "mtcnn") {
    VIGIL_ASSIGN_OR_RETURN(const auto detectors, MakeDetectors(config, options.min_face_px, 1));
    VIGIL_ASSIGN_OR_RETURN(auto found, detectors.front()->Detect({&frame, 1}));
    photo.stages = {{config.models.detector, found.front()}};
    return std::move(found.front());
  }
  VIGIL_ASSIGN_OR_RETURN(auto trace,
                         vision::TraceMtcnn(ConfiguredMtcnn(config, options.min_face_px), frame));
  for (const vision::MtcnnLevel& level : trace.levels) {
    photo.levels.push_back({level.width, level.height, level.proposals});
  }
  photo.stages = {{"P-Net", std::move(trace.proposed)},
                  {"R-Net", std::move(trace.refined)},
                  {"O-Net", trace.found}};
  return std::move(trace.found);
}

using ImagePtr = std::shared_ptr<const RgbImage>;

Result<ExplainPhoto> ExplainOne(const config::Config& config, const Options& options,
                                const std::string& path, const ImagePtr& image,
                                Embedder& embedder) {
  const Frame frame = FrameOfImage(image);
  ExplainPhoto photo;
  photo.name = alerts::OneLine(std::filesystem::path(path).filename().string(), 36);
  photo.image = *image;
  VIGIL_ASSIGN_OR_RETURN(const auto faces, Detect(config, options, frame, photo));
  const auto largest = std::ranges::max_element(faces, {}, [&](const Detection& face) {
    return VisibleArea(face.box, frame.width, frame.height);
  });
  if (largest == faces.end()) return photo;
  photo.face = *largest;
  const FaceCrop crop = embedder.Crop(frame, *largest);
  photo.quality = vision::AssessQuality(frame, crop, *largest);
  VIGIL_ASSIGN_OR_RETURN(auto embedded, embedder.Embed({&crop, 1}));
  photo.embedding = std::move(embedded.front().embedding);
  photo.quality.covered = embedded.front().covered;
  photo.crop = crop.image;
  return photo;
}

bool IsPair(const ExplainPicture& explain) {
  return explain.photos.size() == 2 && explain.photos[0].face && explain.photos[1].face;
}

void Compare(const config::Config& config, const EmbedderInfo& embedder,
             const TypicalFaces& typical, ExplainPicture& explain) {
  const pipeline::DecisionPolicy policy =
      pipeline::PolicyFor(embedder, config.recognition.named_strangers_max,
                          static_cast<float>(config.recognition.threshold_floor));
  explain.floor = policy.floor;
  for (const std::size_t persons : kGallerySizes) {
    const GalleryInfo gallery{.sequence = 0, .references = persons, .persons = persons};
    explain.thresholds.push_back(
        {GalleryLabel(persons), pipeline::MatchThreshold(policy, gallery)});
  }
  if (!IsPair(explain)) return;
  explain.similarity = Similarity(WithoutTypical(typical, explain.photos[0].embedding),
                                  WithoutTypical(typical, explain.photos[1].embedding));
  const std::string odds = alerts::OddsText(
      pipeline::FalseMatchRate(policy.impostor_tail, static_cast<float>(explain.similarity)));
  const bool passes = explain.similarity >= explain.thresholds.front().value;
  explain.verdict =
      format("{}; {} pairs of different people look this much alike{}.",
             passes                                ? "Alike enough to be one person"
             : explain.similarity >= explain.floor ? "Perhaps one person"
                                                   : "Not alike enough to be one person",
             odds, policy.Calibrated() ? "" : " (this model is not calibrated)");
}

Result<ExplainPicture> Explain(const config::Config& config, const Options& options,
                               const std::vector<ImagePtr>& images) {
  VIGIL_ASSIGN_OR_RETURN(const auto embedders, MakeEmbedders(config, vision::Precision::kF32, 1));
  Embedder& embedder = *embedders.front();
  ExplainPicture explain;
  explain.models =
      format("{} finds faces from {} pixels up, {} embeds them in {}", config.models.detector,
             options.min_face_px, embedder.Info().space.model_id, embedder.Info().precision);
  for (std::size_t i = 0; i < images.size(); ++i) {
    VIGIL_ASSIGN_OR_RETURN(auto photo,
                           ExplainOne(config, options, options.photos[i], images[i], embedder));
    explain.photos.push_back(std::move(photo));
  }
  VIGIL_ASSIGN_OR_RETURN(const TypicalFaces typical, ConfiguredTypicalFaces(config));
  Compare(config, embedder.Info(), typical, explain);
  return explain;
}

json::object PhotoJson(const ExplainPhoto& photo, const std::string& path) {
  json::array levels;
  for (const auto& level : photo.levels) {
    levels.push_back(
        {{"width", level.width}, {"height", level.height}, {"candidates", level.candidates}});
  }
  json::array stages;
  for (const auto& stage : photo.stages) {
    json::array boxes;
    for (const Detection& candidate : stage.candidates) {
      const Box& box = candidate.box;
      boxes.push_back({{"box",
                        {ShortDecimal(box.x1), ShortDecimal(box.y1), ShortDecimal(box.x2),
                         ShortDecimal(box.y2)}},
                       {"score", ShortDecimal(candidate.score)}});
    }
    stages.push_back({{"name", stage.name}, {"candidates", std::move(boxes)}});
  }
  json::object object{{"path", path},
                      {"width", photo.image.width},
                      {"height", photo.image.height},
                      {"levels", std::move(levels)},
                      {"stages", std::move(stages)},
                      {"face", nullptr}};
  if (photo.face) {
    json::object face = FaceJson(*photo.face);
    face["quality"] = QualityJson(photo.quality);
    face["crop"] = {photo.crop.width, photo.crop.height};
    face["dimension"] = photo.embedding.size();
    object["face"] = std::move(face);
  }
  return object;
}

json::object ExplainJson(const ExplainPicture& explain, const Options& options) {
  json::array photos;
  for (std::size_t i = 0; i < explain.photos.size(); ++i) {
    photos.push_back(PhotoJson(explain.photos[i], options.photos[i]));
  }
  json::array thresholds;
  for (std::size_t i = 0; i < explain.thresholds.size(); ++i) {
    thresholds.push_back(
        {{"persons", kGallerySizes[i]},
         {"threshold", ShortDecimal(static_cast<float>(explain.thresholds[i].value))}});
  }
  return {{"out", options.out},
          {"photos", std::move(photos)},
          {"similarity", IsPair(explain)
                             ? json::value(ShortDecimal(static_cast<float>(explain.similarity)))
                             : json::value(nullptr)},
          {"floor", ShortDecimal(static_cast<float>(explain.floor))},
          {"thresholds", std::move(thresholds)}};
}

Status WritePng(const ExplainPicture& explain, const std::string& path) {
  VIGIL_ASSIGN_OR_RETURN(const Bytes png, drawing::DrawExplain(explain).Png());
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(reinterpret_cast<const char*>(png.data()), std::ssize(png));
  file.close();
  if (!file) {
    return Fail(ErrorCode::kPermission,
                format("{} cannot be written; name another file with --out", path));
  }
  return {};
}

ExitCode Run(const CommandLine& line, const Options& options) {
  const auto config = LoadCommandConfig(line);
  if (!config) return ExitCode::kConfiguration;
  std::vector<ImagePtr> images;
  for (const std::string& path : options.photos) {
    auto image = ReadPhoto(path);
    if (!image) {
      Report(image.error());
      return ExitCode::kInput;
    }
    images.push_back(*std::move(image));
  }
  const auto explain = Explain(*config, options, images);
  if (!explain) return Report(explain.error());
  if (const Status written = WritePng(*explain, options.out); !written) {
    return Report(written.error());
  }
  if (options.json) {
    PrintJson(ExplainJson(*explain, options));
  } else {
    if (IsPair(*explain)) {
      PrintLine(format("similarity {:.3f}. {}", explain->similarity, explain->verdict));
    }
    PrintLine(options.out);
  }
  ExitCode code = ExitCode::kDone;
  for (const ExplainPhoto& photo : explain->photos) {
    if (photo.face) continue;
    std::fprintf(stderr, "vigil: %s: no face found; the picture shows how far it came\n",
                 photo.name.c_str());
    code = ExitCode::kInput;
  }
  return code;
}

}  // namespace

void AddExplain(CLI::App& app, CommandLine& line) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "explain", "draw the whole way from a photo to its embedding, and compare two");
  command->add_option("photos", options->photos, "one photo, or two to compare")
      ->required()
      ->expected(1, 2);
  command->add_option("--out", options->out, "where to write the picture, a PNG")
      ->capture_default_str();
  command->add_option("--min-face", options->min_face_px, "smallest face searched for, pixels")
      ->check(CLI::Range(12, 4000))
      ->capture_default_str();
  command->add_flag("--json", options->json, "print every number of it as one JSON line");
  command->callback([options, &line] { line.exit_code = Run(line, *options); });
}

}  // namespace vigil::app
