// `vigil enroll NAME PHOTO...`: one person from the command line.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>

#include "api/local_client.h"
#include "app/command.h"
#include "app/photo_paths.h"
#include "app/rest_client.h"
#include "base/format.h"

namespace vigil::app {
namespace {

struct Options {
  std::string name;
  std::vector<std::string> photos;
  std::string reason;
  std::string list;
  bool json = false;
};

// Empty for no list.
Result<json::array> ListIds(RestClient& client, const Options& options) {
  if (options.list.empty()) return json::array();
  VIGIL_ASSIGN_OR_RETURN(const auto lists, client.Call(api::Method::kGet, "/watchlists"));
  std::string known;
  for (const json::value& list : lists.at("items").as_array()) {
    const std::string_view name = list.at("name").as_string();
    if (name == options.list) return json::array{list.at("id")};
    known += format("{}{}", known.empty() ? "" : ", ", name);
  }
  return Fail(ErrorCode::kNotFound, format("there is no watch-list {}; there are: {}", options.list,
                                           known.empty() ? "none" : known));
}

// The person of exactly this name, or a new one: photos can be added in several runs.
Result<std::string> FindOrCreate(RestClient& client, const Options& options, bool& created) {
  VIGIL_ASSIGN_OR_RETURN(json::array lists, ListIds(client, options));
  std::string after;
  do {
    VIGIL_ASSIGN_OR_RETURN(
        const auto page,
        client.Call(api::Method::kGet,
                    "/criminals?limit=200" + (after.empty() ? "" : "&after=" + after)));
    for (const json::value& person : page.at("items").as_array()) {
      if (std::string_view(person.at("name").as_string()) == options.name) {
        std::string id(person.at("id").as_string());
        if (!lists.empty()) {
          json::array all = person.at("watchlists").as_array();
          if (std::ranges::find(all, lists.front()) == all.end()) all.push_back(lists.front());
          VIGIL_RETURN_IF_ERROR(client.Call(api::Method::kPatch, "/criminals/" + id,
                                            {{"watchlists", std::move(all)}}));
        }
        return id;
      }
    }
    const auto& next = page.at("next");
    after = next.is_string() ? std::string(next.as_string()) : std::string();
  } while (!after.empty());
  VIGIL_ASSIGN_OR_RETURN(const auto person, client.Call(api::Method::kPost, "/criminals",
                                                        {{"name", options.name},
                                                         {"reason", options.reason},
                                                         {"watchlists", std::move(lists)}}));
  created = true;
  return std::string(person.at("id").as_string());
}

void PrintTaken(const Options& options, const std::string& path, const json::value& photo) {
  if (options.json) {
    return PrintJson({{"path", path}, {"enrolled", true}, {"photo", photo}});
  }
  PrintLine(format("{}: enrolled", path));
  if (const auto* advice = photo.as_object().if_contains("advice"); advice && advice->is_array()) {
    for (const json::value& sentence : advice->as_array()) {
      PrintLine(format("  {}", std::string_view(sentence.as_string())));
    }
  }
}

// A verdict for every photo; the number taken.
Result<int> UploadAll(RestClient& client, const std::string& person, const Options& options,
                      ExitCode& code) {
  int taken = 0;
  for (const auto& path : ExpandPhotoPaths(options.photos)) {
    const auto refuse = [&](const std::string& why) {
      if (options.json) {
        PrintJson({{"path", path.string()}, {"enrolled", false}, {"error", why}});
      }
      std::fprintf(stderr, "vigil: %s: %s\n", path.c_str(), why.c_str());
      code = ExitCode::kInput;
    };
    const auto bytes = ReadFileBytes(path);
    if (!bytes) {
      refuse(bytes.error().message);
      continue;
    }
    auto form = api::MakePhotoForm(
        std::string_view(reinterpret_cast<const char*>(bytes->data()), bytes->size()));
    VIGIL_ASSIGN_OR_RETURN(const auto answer,
                           client.Send(api::Method::kPost, "/criminals/" + person + "/upload-photo",
                                       form.content_type, std::move(form.body)));
    if (!answer.Good()) {
      refuse(ProblemText(answer));
      continue;
    }
    ++taken;
    PrintTaken(options, path.string(), answer.body);
  }
  return taken;
}

ExitCode Run(const CommandLine& line, const Options& options) {
  const auto config = LoadCommandConfig(line);
  if (!config) return ExitCode::kConfiguration;
  auto client = ConnectRest(*config);
  if (!client) return Report(client.error());
  bool created = false;
  const auto person = FindOrCreate(**client, options, created);
  if (!person) return Report(person.error());
  ExitCode code = ExitCode::kDone;
  const auto taken = UploadAll(**client, *person, options, code);
  if (!taken) return Report(taken.error());
  if (*taken == 0 && created) {
    // A person without a reference can never be recognised: leave nothing half-made behind.
    const auto removed = (*client)->Call(api::Method::kDelete, "/criminals/" + *person);
    if (!removed) return Report(removed.error());
    std::fprintf(stderr, "vigil: no photo could be used, %s was not enrolled\n",
                 options.name.c_str());
  }
  return code;
}

}  // namespace

void AddEnroll(CLI::App& app, CommandLine& line) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("enroll", "enrol one person from photos");
  command->add_option("name", options->name, "the person's name")->required();
  command->add_option("photos", options->photos, "photos or folders, one face each")->required();
  command->add_option("--reason", options->reason, "why this person is looked for");
  command->add_option("--list", options->list, "the watch-list to put the person in");
  command->add_flag("--json", options->json, "one JSON line a photo");
  command->callback([options, &line] { line.exit_code = Run(line, *options); });
}

}  // namespace vigil::app
