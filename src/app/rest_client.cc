// REST requests of commands: over the local socket, or into the same application in this process.
#include "app/rest_client.h"

#include <mutex>
#include <utility>

#include "api/api.h"
#include "api/local_client.h"
#include "app/configured_cameras.h"
#include "app/engines.h"
#include "base/format.h"
#include "gallery/follower.h"
#include "pipeline/model_switcher.h"

namespace vigil::app {
namespace {

constexpr std::string_view kBase = "/api/v1";

// What is not JSON (a picture, nothing at all) is null here.
RestAnswer AnswerOf(int status, const std::string& body) {
  auto parsed = ParseJson(body);
  return {status, parsed ? *std::move(parsed) : json::value(nullptr)};
}

class SocketClient final : public RestClient {
 public:
  explicit SocketClient(std::filesystem::path socket) : socket_(std::move(socket)) {}

  Result<RestAnswer> Send(api::Method method, const std::string& target,
                          const std::string& media_type, std::string body) override {
    VIGIL_ASSIGN_OR_RETURN(
        const auto answer,
        api::AskLocalServer(socket_, {.method = std::string(api::MethodName(method)),
                                      .target = std::string(kBase) + target,
                                      .body = std::move(body),
                                      .content_type = media_type}));
    return AnswerOf(answer.status, answer.body);
  }

  // One is looked at while the other is stored.
  int PhotosAtOnce() const override { return 2; }

 private:
  const std::filesystem::path socket_;
};

// Follows the gallery from the first change on, which most commands do not make.
class LateFollower {
 public:
  explicit LateFollower(Backend& backend) : backend_(backend) {}

  void NoteChange() {
    const std::lock_guard lock(mutex_);
    if (!follower_) {
      follower_ = std::make_unique<gallery::GalleryFollower>(
          backend_.gallery_store, *backend_.followed, backend_.Space().Key(), backend_.GetClock(),
          gallery::FollowerOptions{.loaded = true, .dimension = backend_.Space().dimension});
    }
    follower_->Wake();
  }

 private:
  Backend& backend_;
  std::mutex mutex_;
  std::unique_ptr<gallery::GalleryFollower> follower_;  // guarded by mutex_
};

// Embeds everybody anew in this process, where nobody is recognised meanwhile.
std::unique_ptr<pipeline::ModelSwitcher> MakeSwitcher(Backend& backend) {
  return std::make_unique<pipeline::ModelSwitcher>(pipeline::ModelSwitcherPorts{
      .database = *backend.installation->database,
      .media = *backend.installation->media,
      .clock = backend.GetClock(),
      .load =
          [&backend](const std::string& model_id) {
            config::Config config = backend.config;
            config.models.embedder = model_id;
            return MakePhotoAnalyser(config);
          },
      .take_over =
          [](std::unique_ptr<pipeline::PhotoAnalyser>&, std::stop_token,
             const std::function<Result<database::SwitchEnd>()>& complete) { return complete(); }});
}

class InProcessClient final : public RestClient {
 public:
  InProcessClient(std::unique_ptr<Backend> backend, std::unique_ptr<LateFollower> follower,
                  std::unique_ptr<pipeline::ModelSwitcher> switcher, std::unique_ptr<api::Api> api)
      : backend_(std::move(backend)),
        follower_(std::move(follower)),
        switcher_(std::move(switcher)),
        api_(std::move(api)) {}

  // More than are looked at: the others are read and stored meanwhile.
  int PhotosAtOnce() const override { return static_cast<int>(backend_->photos->Engines()) + 2; }

  Result<RestAnswer> Send(api::Method method, const std::string& target,
                          const std::string& media_type, std::string body) override {
    VIGIL_ASSIGN_OR_RETURN(auto request, api::RequestOf(method, std::string(kBase) + target));
    request.local_socket = true;
    request.headers.emplace_back("content-type", media_type);
    request.body = std::move(body);
    const auto plan = api_->Application().Prepare(request);
    if (plan.refusal) return AnswerOf(plan.refusal->status, plan.refusal->body);
    if (request.body.size() > plan.body_bytes_max) {
      return RestAnswer{
          413,
          {{"title", "Content Too Large"},
           {"detail", format("at most {} bytes are taken here", plan.body_bytes_max)}}};
    }
    const auto response = api_->Application().Handle(request);
    return AnswerOf(response.status, response.body);
  }

 private:
  std::unique_ptr<Backend> backend_;
  std::unique_ptr<LateFollower> follower_;
  std::unique_ptr<pipeline::ModelSwitcher> switcher_;  // may be null
  std::unique_ptr<api::Api> api_;
};

api::ModelSwitching SwitchingOf(const Backend& backend, pipeline::ModelSwitcher* switcher) {
  api::ModelSwitching switching{
      .configured = backend.config.models.embedder,
      .check = [&backend](const std::string& id) { return CheckEmbedder(backend.config, id); },
      .changed = {},
      .trouble = {}};
  if (switcher == nullptr) return switching;
  switching.changed = [switcher] { switcher->Wake(); };
  switching.trouble = [switcher] { return switcher->Trouble(); };
  return switching;
}

Result<std::unique_ptr<RestClient>> OpenInProcess(const config::Config& config, PhotoModels models,
                                                  bool switches = false) {
  VIGIL_ASSIGN_OR_RETURN(auto backend, OpenBackend(config, models));
  VIGIL_RETURN_IF_ERROR(
      gallery::LoadGallery(backend->gallery_store, *backend->followed, backend->Space().Key()));
  auto follower = std::make_unique<LateFollower>(*backend);
  auto switcher = switches ? MakeSwitcher(*backend) : nullptr;
  VIGIL_ASSIGN_OR_RETURN(
      auto api, api::Api::Make({.database = *backend->installation->database,
                                .media = *backend->installation->media,
                                .gallery = *backend->gallery,
                                .photos = *backend->photos,
                                .policy = backend->photo_policy,
                                .live = backend->live,
                                .metrics = backend->metrics,
                                .clock = backend->GetClock(),
                                .web_directory = {},
                                .system_info = [] { return api::SystemInfo{}; },
                                .ready = [] { return true; },
                                .cameras_changed = [] {},
                                .gallery_changed = [&late = *follower] { late.NoteChange(); },
                                .cameras_kept_in = CamerasKeptIn(config),
                                .audit_heads_file = AuditHeadsFile(config),
                                .model_switching = SwitchingOf(*backend, switcher.get())}));
  return std::make_unique<InProcessClient>(std::move(backend), std::move(follower),
                                           std::move(switcher), std::move(api));
}

}  // namespace

Result<json::value> RestClient::Call(api::Method method, const std::string& target,
                                     const json::value& body) {
  VIGIL_ASSIGN_OR_RETURN(auto answer, Send(method, target, "application/json",
                                           body.is_null() ? std::string() : WriteJson(body)));
  if (answer.Good()) return std::move(answer.body);
  return Fail(answer.status == 404 ? ErrorCode::kNotFound : ErrorCode::kInvalidArgument,
              ProblemText(answer));
}

Result<std::unique_ptr<RestClient>> ConnectRest(const config::Config& config, PhotoModels models) {
  const auto socket = LocalSocket(config);
  if (api::LocalServerRuns(socket)) return std::make_unique<SocketClient>(socket);
  return OpenInProcess(config, models);
}

Result<std::unique_ptr<RestClient>> ConnectRestForSwitching(const config::Config& config) {
  const auto socket = LocalSocket(config);
  if (api::LocalServerRuns(socket)) return std::make_unique<SocketClient>(socket);
  return OpenInProcess(config, PhotoModels::kNone, true);
}

Result<std::string> FindWatchlist(RestClient& client, const std::string& name) {
  VIGIL_ASSIGN_OR_RETURN(const auto lists, client.Call(api::Method::kGet, "/watchlists"));
  std::string known;
  for (const json::value& list : lists.at("items").as_array()) {
    const std::string_view known_name = list.at("name").as_string();
    if (known_name == name) return std::string(list.at("id").as_string());
    known += format("{}{}", known.empty() ? "" : ", ", known_name);
  }
  return Fail(ErrorCode::kNotFound, format("there is no watch-list {}; there are: {}", name,
                                           known.empty() ? "none" : known));
}

std::string ProblemText(const RestAnswer& answer) {
  const auto* problem = answer.body.if_object();
  if (problem == nullptr) return format("the server answered {}", answer.status);
  const auto text = [](const json::object& object, std::string_view key) {
    const auto* value = object.if_contains(key);
    return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
  };
  std::string out = text(*problem, "detail");
  if (out.empty()) out = text(*problem, "title");
  if (const auto* errors = problem->if_contains("errors"); errors && errors->is_array()) {
    for (const json::value& error : errors->as_array()) {
      if (!error.is_object()) continue;
      out += format("\n  {}: {}", text(error.as_object(), "field"),
                    text(error.as_object(), "message"));
    }
  }
  return out;
}

}  // namespace vigil::app
