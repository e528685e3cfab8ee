// `vigil models calibrate`: how alike strangers look to an embedder, measured on photos of known
// people.
#include <CLI/CLI.hpp>

#include <cstdio>
#include <memory>
#include <utility>

#include "app/command.h"
#include "app/engines.h"
#include "app/people_folder.h"
#include "app/photo_paths.h"
#include "base/format.h"
#include "pipeline/calibration.h"
#include "vision/cpu.h"
#include "vision/model_store.h"
#include "vision/quality.h"

namespace vigil::app {
namespace {

constexpr std::size_t kProgressEvery = 50;  // photos

struct Options {
  std::filesystem::path people;
  std::string embedder;
  std::string precision;
  bool save = false;
  bool json = false;
};

// Every photo that an enrolment would take; the others are told on stderr.
Result<std::vector<pipeline::LabelledEmbedding>> EmbedPeople(const config::Config& config,
                                                             vision::Precision precision,
                                                             const std::filesystem::path& people) {
  std::error_code failure;
  if (!std::filesystem::is_directory(people, failure)) {
    return Fail(
        ErrorCode::kNotFound,
        format("{} is no folder; give one with a sub-folder of photos a person", people.string()));
  }
  VIGIL_ASSIGN_OR_RETURN(auto detectors, MakeDetectors(config, config.recognition.min_face_px, 1));
  VIGIL_ASSIGN_OR_RETURN(auto embedders, MakeEmbedders(config, precision, 1));
  pipeline::PhotoAnalyser analyser(std::move(detectors.front()), std::move(embedders.front()),
                                   vision::AssessQuality);
  const auto paths = ExpandPhotoPaths({people.string()});
  VIGIL_ASSIGN_OR_RETURN(const TypicalFaces typical, ConfiguredTypicalFaces(config));
  std::vector<pipeline::LabelledEmbedding> faces;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    if (i > 0 && i % kProgressEvery == 0)
      std::fprintf(stderr, "%zu of %zu photos\n", i, paths.size());
    auto photo = ReadPhoto(paths[i]);
    auto found = photo ? analyser.Analyse(*photo)
                       : Result<std::vector<pipeline::PhotoFace>>(std::unexpected(photo.error()));
    auto face = found ? pipeline::ChooseEnrolmentFace(*std::move(found))
                      : Result<pipeline::PhotoFace>(std::unexpected(found.error()));
    if (!face) {
      std::fprintf(stderr, "vigil: %s is not used: %s\n", paths[i].c_str(),
                   face.error().message.c_str());
      continue;
    }
    faces.push_back({PersonOfPath(people, paths[i]), WithoutTypical(typical, face->embedding)});
  }
  return faces;
}

double Short(double value) { return ShortDecimal(static_cast<float>(value)); }

std::string MeasuredOn(const pipeline::CalibrationReport& report) {
  return format("own photos: {} people, {} photos, {} impostor pairs", report.people, report.photos,
                report.impostor_pairs);
}

json::object ReportJson(const std::string& embedder, std::string_view precision,
                        const pipeline::CalibrationReport& report) {
  json::array points;
  for (const auto& point : report.points) {
    points.push_back(
        {{"false_match_rate", point.false_match_rate},
         {"threshold", Short(point.similarity)},
         {"true_match_rate", point.true_match_rate ? json::value(Short(*point.true_match_rate))
                                                   : json::value(nullptr)}});
  }
  return {{"embedder", embedder},
          {"precision", precision},
          {"people", report.people},
          {"photos", report.photos},
          {"genuine_pairs", report.genuine_pairs},
          {"impostor_pairs", report.impostor_pairs},
          {"genuine_mean", Short(report.genuine_mean)},
          {"impostor_mean", Short(report.impostor_mean)},
          {"points", std::move(points)}};
}

void PrintReport(const std::string& embedder, std::string_view precision,
                 const pipeline::CalibrationReport& report) {
  PrintLine(
      format("{} in {}: {} people, {} photos", embedder, precision, report.people, report.photos));
  PrintLine(format("  {} pairs of one person, {:.3f} alike on average; {} of two, {:.3f}",
                   report.genuine_pairs, report.genuine_mean, report.impostor_pairs,
                   report.impostor_mean));
  PrintLine("  strangers alike   threshold   same person recognised");
  for (const auto& point : report.points) {
    PrintLine(format("  1 in {:<12.0f} {:.3f}       {}", 1 / point.false_match_rate,
                     point.similarity,
                     point.true_match_rate ? format("{:.1f} %", *point.true_match_rate * 100)
                                           : std::string("not known: one photo a person")));
  }
}

Status Calibrate(const config::Config& config, const Options& options) {
  const std::string& id = config.models.embedder;
  VIGIL_ASSIGN_OR_RETURN(const auto model, vision::FindModel(config.models.directory, id));
  VIGIL_ASSIGN_OR_RETURN(const auto machine, ConfiguredPrecision(config));
  // Photos are always searched in fp32, cameras in the machine's precision: both thresholds count.
  std::vector<vision::Precision> precisions = {vision::Precision::kF32};
  if (machine == vision::Precision::kI8) precisions.push_back(machine);
  if (!options.precision.empty()) precisions = {machine};
  std::vector<vision::ModelCalibration> calibrations;
  for (const vision::Precision precision : precisions) {
    VIGIL_ASSIGN_OR_RETURN(const auto faces, EmbedPeople(config, precision, options.people));
    VIGIL_ASSIGN_OR_RETURN(const auto report, pipeline::MeasureCalibration(faces));
    const std::string stored(vision::StoredPrecision(precision));
    if (options.json) {
      PrintJson(ReportJson(id, stored, report));
    } else {
      PrintReport(id, stored, report);
    }
    calibrations.push_back({stored, report.Tail(), MeasuredOn(report)});
  }
  if (!options.save) {
    std::fprintf(stderr, "measured only; with --save these thresholds are used from then on\n");
    return {};
  }
  VIGIL_RETURN_IF_ERROR(vision::SaveCalibrations(config.models.directory, model, calibrations));
  std::fprintf(stderr, "saved beside %s; running servers take it when they start again\n",
               id.c_str());
  return {};
}

ExitCode Run(const CommandLine& line, const Options& options) {
  auto config = LoadCommandConfig(line);
  if (!config) return ExitCode::kConfiguration;
  if (!options.embedder.empty()) config->models.embedder = options.embedder;
  if (!options.precision.empty()) config->models.precision = options.precision;
  const Status done = Calibrate(*config, options);
  if (done) return ExitCode::kDone;
  const ExitCode code = Report(done.error());
  // The folder is the input: too few people in it, or none.
  const bool input =
      done.error().code == ErrorCode::kNotFound || done.error().code == ErrorCode::kInvalidArgument;
  return input ? ExitCode::kInput : code;
}

}  // namespace

void AddCalibrate(CLI::App& models, CommandLine& line) {
  auto options = std::make_shared<Options>();
  CLI::App* command = models.add_subcommand(
      "calibrate", "measure on photos of known people how alike strangers look to an embedder");
  command->add_option("--people", options->people, "a folder with a sub-folder of photos a person")
      ->required();
  command->add_option("--embedder", options->embedder, "embedder (default: the configuration's)");
  command->add_option("--precision", options->precision,
                      "auto, f32, bf16 or i8 (default: f32 and the machine's)");
  command->add_flag("--save", options->save, "use the result from then on");
  command->add_flag("--json", options->json, "one JSON line a precision");
  command->callback([options, &line] { line.exit_code = Run(line, *options); });
}

}  // namespace vigil::app
