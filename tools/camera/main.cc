// vigil-camera: a simulated RTSP camera for the demo and the tests, with the faults that real ones
// have.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <thread>

#include "base/clock.h"
#include "base/format.h"
#include "base/json.h"
#include "rtsp_server.h"
#include "scene.h"
#include "schedule.h"

namespace vigil::camera {
namespace {

struct Options {
  std::string scene;
  std::string clip;
  bool describe = false;
  bool mute = false;
  unsigned seed = 1;
  double disconnect_at_s = -1;
  double disconnect_for_s = 3;
  double freeze_at_s = -1;
  RtspServerOptions server;
};

volatile std::sig_atomic_t stop_requested = 0;

void Announce(int port, const std::string& path) {
  std::printf("%s\n", WriteJson(json::object{{"url", format("rtsp://127.0.0.1:{}{}", port, path)},
                                             {"port", port}})
                          .c_str());
  std::fflush(stdout);
}

// Accepts connections and never says a word: the camera that hangs.
int RunMute(const Options& options) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(options.server.port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  if (::bind(listener, reinterpret_cast<sockaddr*>(&address), length) != 0 ||
      ::listen(listener, 16) != 0 ||
      ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    std::perror("vigil-camera");
    return 5;
  }
  Announce(ntohs(address.sin_port), options.server.path);
  // Blocked outside sigsuspend, so that a signal cannot come between the check and the wait.
  sigset_t stops;
  sigemptyset(&stops);
  sigset_t none = stops;
  sigaddset(&stops, SIGTERM);
  sigaddset(&stops, SIGINT);
  ::sigprocmask(SIG_BLOCK, &stops, nullptr);
  while (stop_requested == 0) ::sigsuspend(&none);
  return 0;
}

Result<std::unique_ptr<PictureSource>> OpenPictures(const Options& options, Clock& clock) {
  if (!options.clip.empty()) return MakeClip(options.clip, clock);
  VIGIL_ASSIGN_OR_RETURN(const auto people, PeopleOf(options.scene));
  return MakeScene(options.scene, MakeSchedule(people), options.seed);
}

// Pushes pictures in real time, with the faults asked for, until a signal comes. Scene time begins
// with the first viewer.
Status Stream(const Options& options, RtspServer& server, PictureSource& pictures, Clock& clock) {
  const auto interval = std::chrono::microseconds(1'000'000 / options.server.frames_per_second);
  SteadyTime due = clock.Now();
  std::optional<SteadyTime> begin;
  bool disconnected = false;
  std::optional<RgbImage> frozen;
  while (stop_requested == 0) {
    due += interval;
    clock.SleepUntil(due, {});
    if (!begin && !server.HasViewers()) continue;
    if (!begin) begin = clock.Now();
    const double at_s = std::chrono::duration<double>(clock.Now() - *begin).count();
    const bool cut = options.disconnect_at_s >= 0 && at_s >= options.disconnect_at_s &&
                     at_s < options.disconnect_at_s + options.disconnect_for_s;
    if (cut && !disconnected) server.Disconnect();
    if (!cut && disconnected) VIGIL_RETURN_IF_ERROR(server.Resume());
    disconnected = cut;
    if (!server.HasViewers()) continue;
    if (!frozen) {
      VIGIL_ASSIGN_OR_RETURN(auto picture, pictures.At(at_s));
      server.Push(picture);
      if (options.freeze_at_s >= 0 && at_s >= options.freeze_at_s) frozen = std::move(picture);
    } else {
      server.Push(*frozen);
    }
  }
  return {};
}

Status Run(Options options) {
  SystemClock clock;
  VIGIL_ASSIGN_OR_RETURN(const auto pictures, OpenPictures(options, clock));
  VIGIL_ASSIGN_OR_RETURN(const auto first, pictures->At(0));
  options.server.width = first.width;
  options.server.height = first.height;
  VIGIL_ASSIGN_OR_RETURN(const auto server, RtspServer::Start(options.server));
  Announce(server->Port(), options.server.path);
  return Stream(options, *server, *pictures, clock);
}

Status Describe(const Options& options) {
  VIGIL_ASSIGN_OR_RETURN(const auto people, PeopleOf(options.scene));
  std::printf("%s\n", ScheduleJson(MakeSchedule(people)).c_str());
  return {};
}

}  // namespace
}  // namespace vigil::camera

int main(int argc, char** argv) {
  using namespace vigil::camera;
  Options options;
  CLI::App app("A simulated RTSP camera on 127.0.0.1. Prints its URL as one JSON line.",
               "vigil-camera");
  auto* scene =
      app.add_option("--scene", options.scene, "people as FOLDER/<person>/*.jpg crossing a room");
  auto* clip =
      app.add_option("--clip", options.clip, "a video file, over and over")->excludes(scene);
  auto* mute = app.add_flag("--mute", options.mute, "accept connections and say nothing");
  app.add_flag("--describe", options.describe, "print who appears when, and end")->needs(scene);
  app.add_option("--port", options.server.port, "0: any free port");
  app.add_option("--fps", options.server.frames_per_second)->check(CLI::Range(1, 60));
  app.add_option("--seed", options.seed, "of the noise");
  app.add_option("--user", options.server.user, "demand this user ...");
  app.add_option("--password", options.server.password, "... and password (digest)");
  app.add_option("--disconnect-at", options.disconnect_at_s,
                 "cut all sessions this many seconds after the first viewer came");
  app.add_option("--disconnect-for", options.disconnect_for_s, "and refuse new ones for this long");
  app.add_option("--freeze-at", options.freeze_at_s, "repeat one picture from this second on");
  CLI11_PARSE(app, argc, argv);
  if (!*scene && !*clip && !*mute) {
    std::fprintf(stderr, "vigil-camera: give --scene, --clip or --mute\n");
    return 2;
  }
  const auto on_stop = [](int) { stop_requested = 1; };
  std::signal(SIGTERM, on_stop);
  std::signal(SIGINT, on_stop);
  std::signal(SIGPIPE, SIG_IGN);
  if (options.mute) return RunMute(options);
  const auto done = options.describe ? Describe(options) : Run(options);
  if (done) return 0;
  std::fprintf(stderr, "vigil-camera: %s\n", done.error().message.c_str());
  return 1;
}
