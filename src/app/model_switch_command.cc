// `vigil models switch`: everybody embedded anew for another embedder, which then serves.
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>

#include "app/backend.h"
#include "app/command.h"
#include "app/progress.h"
#include "app/rest_client.h"
#include "app/signals.h"
#include "base/format.h"
#include "database/model_switch_repository.h"

namespace vigil::app {
namespace {

constexpr std::chrono::milliseconds kLookAgain{500};
constexpr const char* kTarget = "/models/switch";

struct Options {
  std::string embedder;
  bool accept_missing = false;
  bool status = false;
  bool cancel = false;
  bool forget_former = false;
  bool json = false;
};

std::string_view TextOf(const json::value& object, const char* key) {
  return object.at(key).as_string();
}

bool IsRunning(const json::value& answer) {
  return answer.at("newest").is_object() && TextOf(answer.at("newest"), "state") == "running";
}

// Whom the switch would lose, and which photos did not serve.
void TellLosses(const json::value& newest) {
  for (const json::value& photo : newest.at("failed_photos").as_array()) {
    PrintLine(format("  photo {} of {} cannot be embedded: {}", TextOf(photo, "photo_id"),
                     TextOf(photo, "person_name"), TextOf(photo, "reason")));
  }
  for (const json::value& person : newest.at("missing_people").as_array()) {
    PrintLine(format("  {} would not be found any more: not one photo can be embedded",
                     TextOf(person, "name")));
  }
}

void Tell(const json::value& answer) {
  PrintLine(format("people are recognised with {}", TextOf(answer, "serving")));
  const json::value& newest = answer.at("newest");
  if (!newest.is_object()) return;
  PrintLine(format("switch to {}: {}, {} of {} photos embedded, {} cannot be",
                   TextOf(newest, "embedder"), TextOf(newest, "state"),
                   newest.at("embedded").as_int64(), newest.at("photos").as_int64(),
                   newest.at("failed").as_int64()));
  TellLosses(newest);
  if (const auto trouble = TextOf(newest, "trouble"); !trouble.empty()) {
    PrintLine(format("  it does not get on: {}", trouble));
  }
}

// Everything was tried, and people would be lost: only somebody can decide that.
bool WaitsForSomebody(const json::value& newest) {
  const auto done = newest.at("embedded").as_int64() + newest.at("failed").as_int64();
  return done == newest.at("photos").as_int64() && !newest.at("accept_missing").as_bool() &&
         !newest.at("missing_people").as_array().empty();
}

// Watches the switch until it is over, or a signal ends the watching.
Result<json::value> Watch(RestClient& client, json::value answer, StopSignals& signals,
                          const Clock& clock) {
  const auto photos = static_cast<std::size_t>(answer.at("newest").at("photos").as_int64());
  Progress progress("photos", photos, clock);
  std::string trouble;
  while (IsRunning(answer) && !WaitsForSomebody(answer.at("newest"))) {
    if (signals.Wait(kLookAgain)) break;
    VIGIL_ASSIGN_OR_RETURN(answer, client.Call(api::Method::kGet, kTarget));
    const json::value& newest = answer.at("newest");
    if (const std::string now(TextOf(newest, "trouble")); now != trouble) {
      progress.Clear();
      if (!now.empty()) std::fprintf(stderr, "vigil: %s; it is tried again\n", now.c_str());
      trouble = now;
    }
    progress.Show(static_cast<std::size_t>(newest.at("embedded").as_int64() +
                                           newest.at("failed").as_int64()));
  }
  progress.Clear();
  return answer;
}

ExitCode Switch(const config::Config& config, const Options& options) {
  SystemClock clock;
  StopSignals signals;  // before any other thread
  auto client = ConnectRestForSwitching(config);
  if (!client) return Report(client.error());
  auto asked =
      (*client)->Call(api::Method::kPost, kTarget,
                      {{"embedder", options.embedder}, {"accept_missing", options.accept_missing}});
  if (!asked) return Report(asked.error());
  const auto end = Watch(**client, *std::move(asked), signals, clock);
  if (!end) return Report(end.error());
  if (options.json) {
    PrintJson(*end);
  } else {
    Tell(*end);
  }
  const json::value& newest = end->at("newest");
  if (!IsRunning(*end)) return ExitCode::kDone;
  if (WaitsForSomebody(newest)) {
    std::fprintf(stderr,
                 "vigil: until somebody decides, %s serves; add a photo of those people, or say "
                 "`vigil models switch %s --accept-missing`\n",
                 std::string(TextOf(*end, "serving")).c_str(), options.embedder.c_str());
  } else {
    std::fprintf(stderr,
                 "vigil: the switch is not over; a running server goes on with it, and "
                 "`vigil models switch %s` watches it again\n",
                 options.embedder.c_str());
  }
  return ExitCode::kFailed;
}

ExitCode Ask(const config::Config& config, const Options& options, api::Method method) {
  auto client = ConnectRest(config, PhotoModels::kNone);
  if (!client) return Report(client.error());
  const auto answer = (*client)->Call(method, kTarget);
  if (!answer) return Report(answer.error());
  if (options.json) {
    PrintJson(*answer);
  } else {
    Tell(*answer);
  }
  return ExitCode::kDone;
}

// Needs the data directory for itself: a server that runs uses these references until it is over.
ExitCode ForgetFormer(const config::Config& config) {
  const auto backend = OpenBackend(config);
  if (!backend) return Report(backend.error());
  database::ModelSwitchRepository switches(*(*backend)->installation->database);
  const auto forgotten = switches.ForgetOtherSpaces((*backend)->Space().Key());
  if (!forgotten) return Report(forgotten.error());
  PrintLine(format("{} references of other embedders deleted; those of {} stay", *forgotten,
                   (*backend)->Space().model_id));
  return ExitCode::kDone;
}

ExitCode Run(const CommandLine& line, const Options& options) {
  const int asked = (options.embedder.empty() ? 0 : 1) + (options.status ? 1 : 0) +
                    (options.cancel ? 1 : 0) + (options.forget_former ? 1 : 0);
  if (asked != 1) {
    std::fputs(
        "vigil: name one embedder, or say --status, --cancel or --forget-former; "
        "`vigil models list` tells which are installed\n",
        stderr);
    return ExitCode::kUsage;
  }
  const auto config = LoadCommandConfig(line);
  if (!config) return ExitCode::kConfiguration;
  if (options.status) return Ask(*config, options, api::Method::kGet);
  if (options.cancel) return Ask(*config, options, api::Method::kDelete);
  return options.forget_former ? ForgetFormer(*config) : Switch(*config, options);
}

}  // namespace

void AddModelSwitch(CLI::App& models, CommandLine& line) {
  auto options = std::make_shared<Options>();
  CLI::App* command = models.add_subcommand(
      "switch", "embed everybody anew from the stored photos, then recognise with that embedder");
  command->add_option("embedder", options->embedder, "an installed one");
  command->add_flag("--accept-missing", options->accept_missing,
                    "switch although people are lost of whom no photo can be embedded");
  command->add_flag("--status", options->status, "how far it is, and which embedder serves");
  command->add_flag("--cancel", options->cancel, "stop; what was embedded is kept");
  command->add_flag("--forget-former", options->forget_former,
                    "delete what other embedders made; there is no quick way back then");
  command->add_flag("--json", options->json, "the answer of the API");
  command->callback([options, &line] { line.exit_code = Run(line, *options); });
}

}  // namespace vigil::app
