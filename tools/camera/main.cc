// vigil-camera: shows a scene or a clip as a live RTSP camera on this machine.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <iterator>

#include "base/format.h"
#include "base/json.h"
#include "camera/feed.h"
#include "camera/server.h"

namespace vigil::camera {
namespace {

using std::chrono::milliseconds;

struct Arguments {
  std::string clip;
  std::string scene_folder;
  std::string script;
  std::uint64_t seed = 0;
  bool describe = false;
  bool mute = false;
  double freeze_at = -1;
  double stall_at = -1;
  double disconnect_at = -1;
  double disconnect_for = 3;
  ServerOptions server;
};

milliseconds FromSeconds(double seconds) {
  return milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

std::optional<milliseconds> IfGiven(double seconds) {
  return seconds < 0 ? std::nullopt : std::optional(FromSeconds(seconds));
}

void PrintLine(const json::object& line) {
  std::puts(WriteJson(line).c_str());
  std::fflush(stdout);
}

void PrintEvent(const std::string& event) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  PrintLine({{"event", event}, {"unix_ms", std::chrono::duration_cast<milliseconds>(now).count()}});
}

Result<Scene> ReadScene(const Arguments& arguments) {
  if (arguments.script.empty()) {
    VIGIL_ASSIGN_OR_RETURN(const std::vector<Person> people, FindPeople(arguments.scene_folder));
    return MakeScene(people, arguments.seed);
  }
  std::ifstream file(arguments.script, std::ios::binary);
  if (!file) {
    return Fail(ErrorCode::kNotFound, arguments.script + ": cannot be read");
  }
  Result<Scene> scene = ParseScene(std::string(std::istreambuf_iterator<char>(file), {}));
  if (!scene.has_value()) {
    return Annotate(std::move(scene).error(), arguments.script);
  }
  return scene;
}

Result<std::unique_ptr<Feed>> OpenFeed(const Arguments& arguments) {
  FeedOptions options;
  options.freeze_at = IfGiven(arguments.freeze_at);
  if (!arguments.clip.empty()) {
    return LoadClipFeed(arguments.clip, options);
  }
  VIGIL_ASSIGN_OR_RETURN(Scene scene, ReadScene(arguments));
  std::vector<Photo> photos;
  for (const Visit& visit : scene.visits) {
    VIGIL_ASSIGN_OR_RETURN(
        Photo photo, LoadPhoto(arguments.scene_folder + "/" + visit.photo, visit.photo_height));
    SoftenEdges(photo);
    photos.push_back(std::move(photo));
  }
  return MakeSceneFeed(SceneComposer(std::move(scene), std::move(photos), arguments.seed), options);
}

Status Serve(Arguments arguments) {
  if (arguments.mute) {
    return RunMuteServer(arguments.server.port,
                         [](const std::string& url) { PrintLine({{"url", url}}); });
  }
  VIGIL_RETURN_IF_ERROR(CheckPlugins());
  arguments.server.stall_at = IfGiven(arguments.stall_at);
  arguments.server.disconnect_at = IfGiven(arguments.disconnect_at);
  arguments.server.disconnect_for = FromSeconds(arguments.disconnect_for);
  VIGIL_ASSIGN_OR_RETURN(auto feed, OpenFeed(arguments));
  VIGIL_ASSIGN_OR_RETURN(
      const auto server,
      CameraServer::Make(std::move(feed), std::move(arguments.server), PrintEvent));
  PrintLine({{"url", server->Url()}});
  server->Run();
  return {};
}

Status Act(const Arguments& arguments) {
  if (!arguments.mute && arguments.clip.empty() == arguments.scene_folder.empty()) {
    return Fail(ErrorCode::kInvalidArgument, "give either --scene FOLDER or --clip FILE");
  }
  if (!arguments.describe) {
    return Serve(arguments);
  }
  if (arguments.scene_folder.empty()) {
    return Fail(ErrorCode::kInvalidArgument, "--describe needs --scene FOLDER");
  }
  VIGIL_ASSIGN_OR_RETURN(const Scene scene, ReadScene(arguments));
  std::puts(DescribeScene(scene).c_str());
  return {};
}

int Main(int count, char** values) {
  CLI::App app{"A simulated camera: serves a scene of photos or a clip over RTSP on 127.0.0.1."};
  Arguments arguments;
  const auto times = CLI::Range(0.0, 86'400.0);
  app.add_option("--scene", arguments.scene_folder,
                 "Folder of photos, one sub-folder a person, that move through the picture");
  app.add_option("--script", arguments.script,
                 "Scene as --describe prints it, instead of the one that follows from --seed");
  app.add_option("--seed", arguments.seed, "Chooses order, photos, sizes and paths");
  app.add_flag("--describe", arguments.describe, "Print who is visible when, as JSON, and end");
  app.add_option("--clip", arguments.clip, "Video file to show over and over");
  app.add_option("--port", arguments.server.port, "TCP port; 0 takes a free one");
  app.add_option("--user", arguments.server.user,
                 "Ask viewers for this name (RTSP digest or basic)");
  app.add_option("--password", arguments.server.password, "and this password");
  app.add_option("--disconnect-at", arguments.disconnect_at,
                 "Second, from the first viewer on, at which every connection is closed")
      ->check(times);
  app.add_option("--disconnect-for", arguments.disconnect_for, "Seconds until the port opens again")
      ->check(times);
  app.add_option("--freeze-at", arguments.freeze_at, "Second at which the picture stands still")
      ->check(times);
  app.add_option("--stall-at", arguments.stall_at, "Second at which no more pictures are sent")
      ->check(times);
  app.add_flag("--mute", arguments.mute, "Accept connections and never answer");
  CLI11_PARSE(app, count, values);
  gst_init(nullptr, nullptr);
  const Status done = Act(arguments);
  if (!done.has_value()) {
    std::fprintf(stderr, "vigil-camera: %s\n", done.error().message.c_str());
    return 1;
  }
  return 0;
}

}  // namespace
}  // namespace vigil::camera

int main(int count, char** values) { return vigil::camera::Main(count, values); }
