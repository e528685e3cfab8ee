// The demonstration from start to end: read RunDemo's Start from top to bottom.
#include "app/demo.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "alerts/message_text.h"
#include "api/local_client.h"
#include "app/child_process.h"
#include "app/demo_truth.h"
#include "app/photo_paths.h"
#include "app/program_paths.h"
#include "app/rest_client.h"
#include "app/service.h"
#include "app/signals.h"
#include "base/crypto.h"
#include "base/format.h"
#include "base/log.h"
#include "base/time_text.h"

namespace vigil::app {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t kPhotosPerPerson = 4;
constexpr std::chrono::seconds kStartTimeout{20};

// A folder that goes when the demo ends.
class ThrowAwayFolder {
 public:
  ThrowAwayFolder() {
    std::string name = (fs::temp_directory_path() / "vigil-demo-XXXXXX").string();
    if (::mkdtemp(name.data()) != nullptr) path_ = name;
  }
  ~ThrowAwayFolder() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  ThrowAwayFolder(const ThrowAwayFolder&) = delete;
  ThrowAwayFolder& operator=(const ThrowAwayFolder&) = delete;
  const fs::path& Path() const { return path_; }

 private:
  fs::path path_;
};

// A program of ours beside this one, whose first line is a JSON object that says where it listens.
class Companion {
 public:
  using OnLine = ChildProcess::OnLine;

  Status Start(
      std::string_view program, const std::vector<std::string>& arguments,
      OnLine on_line = [](const std::string&) {}) {
    VIGIL_ASSIGN_OR_RETURN(const auto path, FindProgram(program));
    auto first_line = first_.get_future();
    VIGIL_ASSIGN_OR_RETURN(process_, ChildProcess::Start(
                                         path, arguments,
                                         [this, handler = std::move(on_line)](std::string line) {
                                           if (!std::exchange(announced_, true)) {
                                             first_.set_value(std::move(line));
                                           } else {
                                             handler(std::move(line));
                                           }
                                         },
                                         [this](const std::string& how) { NoteEnd(how); }));
    if (first_line.wait_for(kStartTimeout) != std::future_status::ready) {
      return Fail(ErrorCode::kUnavailable,
                  format("{} was silent for {} s after its start; see its messages above",
                         path.string(), kStartTimeout.count()));
    }
    const Result<std::string> announced = first_line.get();
    if (!announced) return Annotate(announced.error(), path.string());
    auto announcement = ParseJson(*announced);
    if (!announcement) return Annotate(announcement.error(), path.string() + " announced itself");
    announcement_ = *std::move(announcement);
    return {};
  }
  const json::value& Announcement() const { return announcement_; }

 private:
  static Result<fs::path> FindProgram(std::string_view name) {
    for (const auto& folder : {ProgramFolder() / "bin", ProgramFolder()}) {
      std::error_code failure;
      if (fs::exists(folder / name, failure)) return folder / name;
    }
    return Fail(ErrorCode::kUnavailable,
                format("the program {} is not built; run 'make build'", name));
  }

  // It says nothing more; when it had not announced itself, nobody has to wait any longer.
  void NoteEnd(const std::string& how) {
    if (std::exchange(announced_, true)) return;
    first_.set_value(Fail(ErrorCode::kUnavailable,
                          format("{} before it was ready; see its messages above", how)));
  }

  bool announced_ = false;  // used by the reader's thread alone
  std::promise<Result<std::string>> first_;
  json::value announcement_;
  std::unique_ptr<ChildProcess> process_;
};

class Demo {
 public:
  Demo(const config::Config& base, const DemoOptions& options) : base_(base), options_(options) {}

  Status Start();
  // After `seconds`, or a signal.
  ExitCode Finish();

 private:
  Status ReadScene();
  Status StartInbox();
  Status StartService();
  Status EnrolPeople();
  Status StartCamera();
  Status MakeLogin();

  double SceneSeconds(WallTime at) const;
  void TellOutcome(const pipeline::TrackOutcome& outcome);
  void TellCamera(const pipeline::CameraStatus& status);
  void TellArrival(const std::string& line);
  void Say(const std::string& text) const;

  const config::Config& base_;
  const DemoOptions& options_;
  SystemClock clock_;
  ThrowAwayFolder folder_;
  fs::path people_;  // with train/ and val/
  std::string stranger_;
  std::vector<std::string> enrolled_;  // folder names
  std::string webhook_secret_;

  mutable std::mutex mutex_;
  std::optional<DemoTruth> truth_;        // guarded by mutex_
  std::optional<WallTime> camera_since_;  // guarded by mutex_
  std::optional<double> first_alert_s_;   // guarded by mutex_
  std::int64_t reconnects_ = 0;           // guarded by mutex_

  // Ended in reverse: no callback outlives what it speaks to.
  Companion inbox_;
  Companion camera_;
  std::unique_ptr<Service> service_;
};

void Demo::Say(const std::string& text) const {
  if (options_.json) {
    std::fprintf(stderr, "%s\n", text.c_str());
  } else {
    PrintLine(text);
  }
}

Status Demo::Start() {
  if (folder_.Path().empty()) {
    return Fail(ErrorCode::kPermission, "no temporary folder can be made; set TMPDIR");
  }
  VIGIL_RETURN_IF_ERROR(OpenLog({.directory = folder_.Path() / "logs"}));
  VIGIL_RETURN_IF_ERROR(ReadScene());
  VIGIL_RETURN_IF_ERROR(StartInbox());
  Say("loading models and starting the server ...");
  VIGIL_RETURN_IF_ERROR(StartService());
  VIGIL_RETURN_IF_ERROR(EnrolPeople());
  if (!options_.headless) VIGIL_RETURN_IF_ERROR(MakeLogin());
  return StartCamera();
}

// The last person of the schedule is not enrolled.
Status Demo::ReadScene() {
  people_ = base_.models.directory / "demo-people";
  Companion describer;
  VIGIL_RETURN_IF_ERROR(
      describer.Start("vigil-camera", {"--scene", (people_ / "val").string(), "--describe"}));
  VIGIL_ASSIGN_OR_RETURN(auto schedule, ParseDemoSchedule(WriteJson(describer.Announcement())));
  if (schedule.appearances.size() < 2) {
    return Fail(ErrorCode::kUnavailable, "the demo's photos are missing; run 'make setup'");
  }
  stranger_ = schedule.appearances.back().person;
  for (const auto& appearance : schedule.appearances) {
    if (appearance.person != stranger_) enrolled_.push_back(appearance.person);
  }
  truth_.emplace(std::move(schedule), stranger_);
  return {};
}

Status Demo::StartInbox() {
  webhook_secret_ = "whsec_" + Base64Encode(RandomToken(24));
  return inbox_.Start("vigil-inbox", {"--secret", webhook_secret_},
                      [this](const std::string& line) { TellArrival(line); });
}

Status Demo::StartService() {
  config::Config config;
  config.models = base_.models;
  config.recognition = base_.recognition;
  config.data.directory = folder_.Path() / "data";
  config.api.port = options_.headless ? 0 : options_.port;
  config.api.metrics_port = 0;
  const auto port = [&](const char* key) { return inbox_.Announcement().at(key).to_number<int>(); };
  config::ChannelConfig webhook;
  webhook.name = "webhook";
  webhook.url = Secret(format("http://127.0.0.1:{}/alerts", port("http_port")));
  webhook.secret = Secret(webhook_secret_);
  webhook.allow_private_addresses = true;
  config::ChannelConfig mail;
  mail.name = "e-mail";
  mail.kind = config::ChannelKind::kEmail;
  mail.smtp_url = format("smtp://127.0.0.1:{}", port("smtp_port"));
  mail.tls = config::SmtpTls::kNone;
  mail.from = "vigil@example.org";
  mail.to = {"control-room@example.org"};
  config.alerts.channels = {std::move(webhook), std::move(mail)};
  VIGIL_ASSIGN_OR_RETURN(
      service_,
      Service::Start(config, {.on_outcome = [this](const auto& outcome) { TellOutcome(outcome); },
                              .on_camera = [this](const auto& status) { TellCamera(status); },
                              .on_delivery = {}}));
  return {};
}

Status Demo::EnrolPeople() {
  config::Config config;
  config.data.directory = folder_.Path() / "data";
  VIGIL_ASSIGN_OR_RETURN(const auto client, ConnectRest(config));
  for (const std::string& person : enrolled_) {
    VIGIL_ASSIGN_OR_RETURN(const auto made,
                           client->Call(api::Method::kPost, "/criminals",
                                        {{"name", DisplayName(person)}, {"reason", "the demo"}}));
    std::size_t taken = 0;
    for (const auto& photo : ExpandPhotoPaths({(people_ / "train" / person).string()})) {
      if (taken == kPhotosPerPerson) break;
      VIGIL_ASSIGN_OR_RETURN(const auto bytes, ReadFileBytes(photo));
      auto form = api::MakePhotoForm({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
      VIGIL_ASSIGN_OR_RETURN(const auto answer,
                             client->Send(api::Method::kPost,
                                          format("/criminals/{}/upload-photo",
                                                 std::string_view(made.at("id").as_string())),
                                          form.content_type, std::move(form.body)));
      if (answer.Good()) ++taken;
    }
    if (taken == 0) {
      return Fail(ErrorCode::kInternal, format("no photo of {} could be enrolled", person));
    }
    Say(format("enrolled {} from {} photos", DisplayName(person), taken));
  }
  return {};
}

Status Demo::MakeLogin() {
  config::Config config;
  config.data.directory = folder_.Path() / "data";
  VIGIL_ASSIGN_OR_RETURN(const auto client, ConnectRest(config));
  const std::string password = RandomPassword();
  VIGIL_RETURN_IF_ERROR(client->Call(
      api::Method::kPost, "/users", {{"name", "demo"}, {"role", "admin"}, {"password", password}}));
  Say(format("\n  open      http://127.0.0.1:{}/\n  user      demo\n  password  {}\n",
             service_->Port(), password));
  return {};
}

Status Demo::StartCamera() {
  double loop_s = 0;
  {
    const std::lock_guard lock(mutex_);
    loop_s = truth_->LoopSeconds();
  }
  // The cut falls into the empty seconds at the end of the first loop.
  VIGIL_RETURN_IF_ERROR(
      camera_.Start("vigil-camera", {"--scene", (people_ / "val").string(), "--disconnect-at",
                                     format("{}", loop_s - 5), "--disconnect-for", "2"}));
  config::Config config;
  config.data.directory = folder_.Path() / "data";
  VIGIL_ASSIGN_OR_RETURN(const auto client, ConnectRest(config));
  VIGIL_RETURN_IF_ERROR(
      client->Call(api::Method::kPost, "/cameras",
                   {{"name", "Entrance"}, {"url", camera_.Announcement().at("url").as_string()}}));
  Say(format("camera: {}; {} is not enrolled and must stay a stranger",
             std::string_view(camera_.Announcement().at("url").as_string()),
             DisplayName(stranger_)));
  return {};
}

double Demo::SceneSeconds(WallTime at) const {
  return camera_since_ ? std::chrono::duration<double>(at - *camera_since_).count() : 0;
}

void Demo::TellCamera(const pipeline::CameraStatus& status) {
  const std::lock_guard lock(mutex_);
  if (status.state == pipeline::CameraState::kUp) {
    if (!camera_since_) camera_since_ = status.since;
    reconnects_ = status.reconnects;
    Say(format("  {}  camera up", FormatTime(status.since).substr(11, 8)));
  } else if (status.state == pipeline::CameraState::kWaiting) {
    Say(format("  {}  camera lost ({}), trying again", FormatTime(status.since).substr(11, 8),
               StreamFaultName(status.fault)));
  }
}

void Demo::TellOutcome(const pipeline::TrackOutcome& outcome) {
  if (outcome.occasion != pipeline::Occasion::kChanged) return;
  const std::lock_guard lock(mutex_);
  const Decision& decision = outcome.decision;
  const WallTime at = outcome.best.frame.captured_at;
  const std::string time = FormatTime(at).substr(11, 8);
  if (decision.outcome == Outcome::kMatch) {
    const bool left =
        outcome.best.detection.box.Center().x < static_cast<float>(outcome.best.frame.width) / 2;
    truth_->NoteMatch(outcome.person_name, SceneSeconds(at), left, decision.similarity);
  }
  if (decision.outcome == Outcome::kStranger) truth_->NoteStranger();
  if (decision.outcome == Outcome::kMatch || decision.outcome == Outcome::kPossibleMatch) {
    Say(format(
        "  {}  {:<15} {:<16} similarity {:.2f}, needed {:.2f}; a stranger scores this high {}",
        time, OutcomeName(decision.outcome), outcome.person_name, decision.similarity,
        decision.threshold, alerts::OddsText(decision.stranger_odds)));
  } else if (decision.reason) {
    Say(format("  {}  {:<15} {}", time, OutcomeName(decision.outcome),
               ReasonName(*decision.reason)));
  } else {
    Say(format("  {}  {:<15} best {:.2f}: nobody enrolled looks like this", time,
               OutcomeName(decision.outcome), decision.similarity));
  }
}

// One line of the inbox: a webhook or a mail came in.
void Demo::TellArrival(const std::string& line) {
  const auto arrival = ParseJson(line);
  if (!arrival) return;
  const bool webhook = arrival->at("kind").as_string() == "webhook";
  const std::lock_guard lock(mutex_);
  if (!first_alert_s_) first_alert_s_ = SceneSeconds(clock_.WallNow());
  for (const std::string& person : enrolled_) {
    const std::string name = DisplayName(person);
    const std::string text =
        webhook ? WriteJson(arrival->at("body")) : std::string(arrival->at("data").as_string());
    if (text.find(name) == text.npos) continue;
    const bool genuine = !webhook || arrival->at("signature_valid").as_bool();
    truth_->NoteAlert(name, webhook, genuine);
    Say(format("            {} about {} arrived{}", webhook ? "webhook" : "e-mail", name,
               genuine ? "" : " with a WRONG SIGNATURE"));
  }
}

ExitCode Demo::Finish() {
  // Alerts of the last match may still be on their way: the service stops before the verdict.
  service_.reset();
  const std::lock_guard lock(mutex_);
  const double scene_s = SceneSeconds(clock_.WallNow());
  const auto faults = truth_->Faults(scene_s);
  for (const auto& fault : faults) std::fprintf(stderr, "vigil demo: %s\n", fault.c_str());
  if (options_.json) {
    json::object summary = truth_->Summary(scene_s);
    summary["reconnects"] = reconnects_;
    summary["first_alert_s"] = first_alert_s_ ? json::value(*first_alert_s_) : nullptr;
    PrintJson(summary);
  }
  return options_.headless && !faults.empty() ? ExitCode::kFailed : ExitCode::kDone;
}

}  // namespace

ExitCode RunDemo(const config::Config& base, const DemoOptions& options) {
  StopSignals signals;
  Demo demo(base, options);
  if (const Status started = demo.Start(); !started) return Report(started.error());
  if (!options.headless) std::fprintf(stderr, "Ctrl-C ends the demo; nothing of it stays.\n");
  signals.Wait(options.seconds > 0
                   ? std::optional(std::chrono::milliseconds(options.seconds * 1000))
                   : std::nullopt);
  return demo.Finish();
}

}  // namespace vigil::app
