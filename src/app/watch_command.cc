// `vigil watch SOURCE`: the whole recognition on one file or camera, without a server.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <memory>
#include <thread>

#include "alerts/message_text.h"
#include "app/backend.h"
#include "app/command.h"
#include "app/engines.h"
#include "app/people_folder.h"
#include "app/recognition_options.h"
#include "app/signals.h"
#include "app/watch_report.h"
#include "base/format.h"
#include "base/time_text.h"
#include "database/decision_trace_json.h"
#include "gallery/follower.h"
#include "media/stream_source.h"
#include "pipeline/watch.h"
#include "vision/quality.h"

namespace vigil::app {
namespace {

struct Options {
  std::string source;
  std::filesystem::path people;
  std::filesystem::path report;  // empty: none
  std::vector<std::string> areas;
  std::vector<std::string> excluded_areas;
  bool keyframes_when_idle = false;
  bool json = false;
  bool trace = false;  // with json: how each outcome came about
};

// Who is looked for: a folder's people, or those of the installation.
struct Watchlist {
  PeopleFolder folder;
  std::unique_ptr<Backend> backend;

  std::size_t People() const { return Gallery().Info().persons; }
  const GalleryIndex& Gallery() const { return backend ? *backend->gallery : *folder.gallery; }
  std::string NameOf(const std::string& id) const {
    if (backend) return backend->people.NameOf(id);
    const auto name = folder.names.find(id);
    return name == folder.names.end() ? std::string() : name->second;
  }
};

Result<Watchlist> OpenWatchlist(const config::Config& config, const Options& options) {
  Watchlist list;
  if (options.people.empty()) {
    VIGIL_ASSIGN_OR_RETURN(list.backend, OpenBackend(config));
    VIGIL_RETURN_IF_ERROR(gallery::LoadGallery(list.backend->gallery_store, *list.backend->followed,
                                               list.backend->Space().Key()));
    return list;
  }
  VIGIL_ASSIGN_OR_RETURN(const auto analyser, MakePhotoAnalyser(config));
  VIGIL_ASSIGN_OR_RETURN(auto gallery, MakeGallery(config));
  VIGIL_ASSIGN_OR_RETURN(list.folder,
                         EnrolFolder(options.people, *analyser, std::move(gallery.index)));
  for (const auto& photo : list.folder.refused) {
    std::fprintf(stderr, "vigil: %s is not used: %s\n", photo.path.c_str(), photo.why.c_str());
  }
  std::fprintf(stderr, "%zu people enrolled for this run\n", list.folder.names.size());
  return list;
}

// Below the floor the nearest person means nothing and is not shown.
bool IsNamed(const pipeline::TrackOutcome& outcome) {
  return outcome.decision.outcome == Outcome::kMatch ||
         outcome.decision.outcome == Outcome::kPossibleMatch;
}

json::object OutcomeJson(const pipeline::TrackOutcome& outcome, bool calibrated, bool with_trace) {
  const Decision& decision = outcome.decision;
  const Box& box = outcome.best.detection.box;
  const bool named = IsNamed(outcome);
  const auto likelihood = [](const std::optional<float>& value) {
    return value ? json::value(ShortDecimal(*value)) : json::value(nullptr);
  };
  json::object object{
      {"time", FormatTime(outcome.best.frame.captured_at)},
      {"pts_ms", outcome.best.frame.pts.count()},
      {"track", outcome.track_id},
      {"outcome", OutcomeName(decision.outcome)},
      {"person", named ? json::value(outcome.person_name) : json::value(nullptr)},
      {"similarity", ShortDecimal(decision.similarity)},
      {"threshold", ShortDecimal(decision.threshold)},
      {"stranger_odds", calibrated ? json::value(decision.stranger_odds) : json::value(nullptr)},
      {"calibrated", calibrated},
      {"reason",
       decision.reason ? json::value(ReasonName(*decision.reason)) : json::value(nullptr)},
      {"covered", likelihood(decision.trace.state.covered)},
      {"live", likelihood(decision.trace.state.live)},
      {"box",
       {ShortDecimal(box.x1), ShortDecimal(box.y1), ShortDecimal(box.x2), ShortDecimal(box.y2)}},
      {"frame_faces", outcome.best.frame_faces},
      {"first_pts_ms", outcome.first_pts.count()},
      {"last_pts_ms", outcome.last_pts.count()}};
  if (with_trace) object["trace"] = database::DecisionTraceJson(decision.trace);
  return object;
}

// Why somebody that similar is only a possible match.
std::string WhyLowered(const Decision& decision) {
  const ThresholdTrace& trace = decision.trace.threshold;
  if (trace.near_equal) {
    return format("; not sure, somebody else is as near: {:.3f}", decision.similarity - trace.lead);
  }
  if (trace.disputed) return "; not sure, one of its looks names somebody else";
  if (trace.lone_shot) return "; not sure, it rests on one poor look";
  return "";
}

void PrintOutcome(const pipeline::TrackOutcome& outcome, const Options& options, bool calibrated) {
  if (outcome.occasion != pipeline::Occasion::kChanged) return;
  if (options.json) return PrintJson(OutcomeJson(outcome, calibrated, options.trace));
  const Decision& decision = outcome.decision;
  std::string line = format("{:8.1f} s  track {:<4} {:<15}",
                            static_cast<double>(outcome.best.frame.pts.count()) / 1000,
                            outcome.track_id, OutcomeName(decision.outcome));
  if (IsNamed(outcome)) {
    line += format("{}  similarity {:.3f}, needed {:.3f}; a stranger scores this high {}",
                   outcome.person_name, decision.similarity, decision.threshold,
                   calibrated ? alerts::OddsText(decision.stranger_odds)
                              : "nobody knows how often: the embedder is not calibrated");
    line += WhyLowered(decision);
  } else if (decision.reason) {
    line += ReasonName(*decision.reason);
  }
  PrintLine(line);
}

Result<WatchedArea> WatchedAreaOf(const Options& options) {
  WatchedArea watched;
  for (const std::string& text : options.areas) {
    VIGIL_ASSIGN_OR_RETURN(watched.areas.emplace_back(), ParsePolygon(text));
  }
  for (const std::string& text : options.excluded_areas) {
    VIGIL_ASSIGN_OR_RETURN(watched.excluded.emplace_back(), ParsePolygon(text));
  }
  return watched;
}

Result<pipeline::WatchSummary> Watch(const config::Config& config, const Options& options,
                                     FrameSource& source, const Watchlist& list, Clock& clock,
                                     WatchReport& report, WatchReportFacts& facts,
                                     std::unique_ptr<LivenessDetector> liveness,
                                     std::stop_token stop) {
  VIGIL_ASSIGN_OR_RETURN(auto detectors, MakeDetectors(config, config.recognition.min_face_px, 1));
  VIGIL_ASSIGN_OR_RETURN(const auto precision, ConfiguredPrecision(config));
  VIGIL_ASSIGN_OR_RETURN(auto embedders, MakeEmbedders(config, precision, 1));
  facts.models =
      format("{} and {} in {}.", detectors.front()->Info().id,
             embedders.front()->Info().space.model_id, embedders.front()->Info().precision);
  const bool calibrated = embedders.front()->Info().impostor_tail.points.size() >= 2;
  metrics::Metrics metrics;
  VIGIL_ASSIGN_OR_RETURN(const WatchedArea watched, WatchedAreaOf(options));
  auto gate = GateOptionsOf(config.recognition);
  gate.watched = watched;
  gate.keyframes_when_idle = options.keyframes_when_idle;
  const pipeline::WatchOptions watch{
      .recognition = RecognitionOptionsOf(config.recognition, embedders.front()->Info()),
      .gate = gate,
      .min_face_px = config.recognition.min_face_px,
      .watched = watched,
      .name = options.source};
  const pipeline::RecognitionPorts ports{
      .clock = clock,
      .gallery = list.Gallery(),
      .metrics = metrics,
      .quality = vision::AssessQuality,
      .on_outcome =
          [&](const auto& outcome) {
            PrintOutcome(outcome, options, calibrated);
            if (!options.report.empty()) report.Take(outcome);
          },
      .name_of = [&](const std::string& id) { return list.NameOf(id); }};
  return pipeline::WatchSource(source, std::move(detectors.front()), std::move(embedders.front()),
                               watch, ports, std::move(stop), std::move(liveness));
}

// The page is written however the stream ended: what was seen was seen.
Status WriteReport(const WatchReport& report, const WatchReportFacts& facts, std::ofstream& file,
                   const std::filesystem::path& path) {
  if (path.empty()) return {};
  const std::string html = report.Html(facts);
  file.write(html.data(), std::ssize(html));
  file.close();
  if (!file) {
    return Fail(ErrorCode::kUnavailable,
                format("{}: the report cannot be written; is the disk full?", path.string()));
  }
  std::fprintf(stderr, "report: %s\n", path.c_str());
  return {};
}

ExitCode Run(const CommandLine& line, const Options& options) {
  std::ofstream report_file;
  if (!options.report.empty()) {
    report_file.open(options.report, std::ios::binary | std::ios::trunc);
    if (!report_file) {
      return Report(
          {ErrorCode::kPermission, format("{} cannot be written; name another file with --report",
                                          options.report.string())});
    }
  }
  StopSignals signals;
  const auto config = LoadCommandConfig(line);
  if (!config) return ExitCode::kConfiguration;
  SystemClock clock;
  std::stop_source stop;
  // SIGINT ends the stream, so that open tracks are still judged and told.
  const std::jthread waiter([&](std::stop_token done) {
    while (!done.stop_requested()) {
      if (signals.Wait(std::chrono::milliseconds(100))) stop.request_stop();
    }
  });
  const auto list = OpenWatchlist(*config, options);
  if (!list) return Report(list.error());
  auto liveness = MakeLivenessDetectors(*config, 1);
  if (!liveness) return Report(liveness.error());
  auto opened = media::OpenStream(Secret(options.source), {}, stop.get_token(), clock);
  if (!opened) {
    Report(opened.error().error);
    // What is said about files names its mend already; the general one speaks of cameras.
    if (options.source.find("://") != std::string::npos) {
      std::fprintf(stderr, "vigil: %s\n",
                   std::string(StreamFaultMend(opened.error().fault)).c_str());
    }
    return ExitCode::kInput;
  }
  WatchReport report;
  // Of a file its name is enough; where it lay is nobody's business who gets the page.
  const bool is_address = options.source.find("://") != std::string::npos;
  WatchReportFacts facts{.source = is_address
                                       ? MaskUrl(options.source)
                                       : std::filesystem::path(options.source).filename().string(),
                         .models = {},
                         .people_enrolled = list->People(),
                         .written_at = {}};
  const auto summary =
      Watch(*config, options, *opened->source, *list, clock, report, facts,
            liveness->empty() ? nullptr : std::move(liveness->front()), stop.get_token());
  facts.written_at = clock.WallNow();
  if (const Status written = WriteReport(report, facts, report_file, options.report); !written) {
    return Report(written.error());
  }
  if (!summary && summary.error().code != ErrorCode::kCancelled) {
    Report(summary.error());
    return ExitCode::kInput;
  }
  if (summary) {
    std::fprintf(stderr, "%lld frames, %lld looked at, %lld without motion\n",
                 static_cast<long long>(summary->frames),
                 static_cast<long long>(summary->looked_at),
                 static_cast<long long>(summary->still));
    if (summary->frames == 0) {
      std::fprintf(stderr, "vigil: %s holds no picture\n", MaskUrl(options.source).c_str());
      return ExitCode::kInput;
    }
  }
  return ExitCode::kDone;
}

}  // namespace

void AddWatch(CLI::App& app, CommandLine& line) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("watch", "recognise people in a file or stream");
  command->add_option("source", options->source, "video file or rtsp:// URL")->required();
  command->add_option("--people", options->people,
                      "enrol from this folder for this run: a sub-folder of photos a person, or "
                      "photos named after people (default: the people of the data directory)");
  command->add_option_function<std::string>(
      "--min-face",
      [&line](const std::string& px) {
        line.overrides.emplace_back("recognition.min_face_px", px);
      },
      "smallest face searched for, pixels");
  const auto check_area = CLI::Validator(
      [](const std::string& text) {
        const auto polygon = ParsePolygon(text);
        return polygon ? std::string() : "the area " + polygon.error().message;
      },
      "AREA");
  command
      ->add_option("--area", options->areas,
                   "look for faces here alone: \"x y; x y; x y\", shares of width and height")
      ->check(check_area)
      ->expected(1)
      ->take_all();
  command->add_option("--exclude", options->excluded_areas, "leave out faces and motion here")
      ->check(check_area)
      ->expected(1)
      ->take_all();
  command->add_flag("--keyframes-when-idle", options->keyframes_when_idle,
                    "decode keyframes alone while nothing moves");
  command->add_option("--report", options->report,
                      "write one HTML page of who appeared when, with pictures");
  CLI::Option* json = command->add_flag("--json", options->json, "one JSON line an outcome");
  command->add_flag("--trace", options->trace, "with --json: every number behind each outcome")
      ->needs(json);
  command->callback([options, &line] { line.exit_code = Run(line, *options); });
}

}  // namespace vigil::app
