// `vigil cameras probe`: what a camera sends, or why it sends nothing, without an installation.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <string>

#include "app/command.h"
#include "base/format.h"
#include "media/probe_json.h"

namespace vigil::app {
namespace {

struct Options {
  std::string url;
  bool json = false;
};

std::string NumberOr(double value, std::string_view unit, std::string_view unknown) {
  return value > 0 ? format("{:.1f}{}", value, unit) : std::string(unknown);
}

void PrintFacts(const media::StreamFacts& facts) {
  PrintLine(format("codec              {}", facts.announced.codec));
  PrintLine(format("size               {}x{}", facts.announced.width, facts.announced.height));
  PrintLine(format("rate               {} (announced: {})",
                   NumberOr(facts.frames_per_second, " frames a second", "not known"),
                   NumberOr(facts.announced.frames_per_second, "", "nothing")));
  PrintLine(format("keyframe interval  {}", NumberOr(facts.keyframe_interval_s.value_or(0), " s",
                                                     "not known: fewer than two key frames came")));
  PrintLine(format("first packet       after {} ms", facts.first_packet_after.count()));
}

ExitCode Run(const Options& options) {
  const auto probed = media::ProbeStream(Secret(options.url), {}, {});
  if (options.json) PrintJson(media::ProbeJson(probed));
  if (!probed) {
    if (!options.json) std::fprintf(stderr, "vigil: %s\n", probed.error().error.message.c_str());
    return ExitCode::kInput;
  }
  if (!options.json) PrintFacts(*probed);
  return ExitCode::kDone;
}

}  // namespace

void AddCameras(CLI::App& app, CommandLine& line) {
  CLI::App* cameras = app.add_subcommand("cameras", "look at cameras");
  cameras->require_subcommand(1);
  auto options = std::make_shared<Options>();
  CLI::App* probe = cameras->add_subcommand(
      "probe", "connect and name codec, size, rate and keyframe interval, or what is wrong");
  probe->add_option("url", options->url, "rtsp:// or rtsps:// address, or a video file")
      ->required();
  probe->add_flag("--json", options->json, "one JSON object");
  probe->callback([options, &line] { line.exit_code = Run(*options); });
}

}  // namespace vigil::app
