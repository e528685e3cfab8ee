// `vigil search PHOTO`: who is this, and how sure is that.
#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "alerts/message_text.h"
#include "api/local_client.h"
#include "app/command.h"
#include "app/photo_paths.h"
#include "app/rest_client.h"
#include "base/format.h"

namespace vigil::app {
namespace {

struct Options {
  std::string photo;
  int top = 5;
  std::string list;
  bool json = false;
};

void PrintFace(const json::value& face) {
  const double threshold = face.at("threshold").to_number<double>();
  PrintLine(format("{}, a match needs {:.3f} here",
                   std::string_view(face.at("outcome").as_string()), threshold));
  for (const json::value& candidate : face.at("candidates").as_array()) {
    PrintLine(format("  {:.3f} {} {}; a stranger scores this high {}",
                     candidate.at("similarity").to_number<double>(),
                     candidate.at("passes").as_bool() ? "passes " : "too low",
                     std::string_view(candidate.at("name").as_string()),
                     alerts::OddsText(candidate.at("stranger_odds").to_number<double>())));
  }
}

ExitCode Run(const CommandLine& line, const Options& options) {
  const auto config = LoadCommandConfig(line);
  if (!config) return ExitCode::kConfiguration;
  const auto bytes = ReadFileBytes(options.photo);
  if (!bytes) {
    Report(bytes.error());
    return ExitCode::kInput;
  }
  auto client = ConnectRest(*config);
  if (!client) return Report(client.error());
  std::vector<std::pair<std::string, std::string>> fields{{"top", std::to_string(options.top)}};
  if (!options.list.empty()) {
    auto found = FindWatchlist(**client, options.list);
    if (!found) return Report(found.error());
    fields.emplace_back("watchlist", *std::move(found));
  }
  auto form = api::MakePhotoForm(
      std::string_view(reinterpret_cast<const char*>(bytes->data()), bytes->size()), fields);
  const auto answer = (*client)->Send(api::Method::kPost, "/criminals/search-by-image",
                                      form.content_type, std::move(form.body));
  if (!answer) return Report(answer.error());
  if (!answer->Good()) {
    Report({ErrorCode::kInvalidArgument, options.photo + ": " + ProblemText(*answer)});
    return ExitCode::kInput;
  }
  if (options.json) {
    PrintJson(answer->body);
    return ExitCode::kDone;
  }
  const json::array& faces = answer->body.at("faces").as_array();
  if (faces.empty()) PrintLine("no face found; try a larger or sharper photo");
  for (const json::value& face : faces) PrintFace(face);
  return ExitCode::kDone;
}

}  // namespace

void AddSearch(CLI::App& app, CommandLine& line) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("search", "who is on this photo?");
  command->add_option("photo", options->photo, "JPEG, PNG or WebP")->required();
  command->add_option("--top", options->top, "candidates a face")
      ->check(CLI::Range(1, 10))
      ->capture_default_str();
  command->add_option("--list", options->list, "look among the people of this watch-list only");
  command->add_flag("--json", options->json, "the answer of the API");
  command->callback([options, &line] { line.exit_code = Run(line, *options); });
}

}  // namespace vigil::app
