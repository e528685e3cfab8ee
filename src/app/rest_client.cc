// REST requests of commands: over the local socket, or into the same application in this process.
#include "app/rest_client.h"

#include <mutex>
#include <utility>

#include "api/api.h"
#include "api/local_client.h"
#include "app/configured_cameras.h"
#include "base/format.h"
#include "gallery/follower.h"

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
          backend_.gallery_store, *backend_.gallery, backend_.Space().Key(), backend_.GetClock(),
          gallery::FollowerOptions{.loaded = true, .dimension = backend_.Space().dimension});
    }
    follower_->Wake();
  }

 private:
  Backend& backend_;
  std::mutex mutex_;
  std::unique_ptr<gallery::GalleryFollower> follower_;  // guarded by mutex_
};

class InProcessClient final : public RestClient {
 public:
  InProcessClient(std::unique_ptr<Backend> backend, std::unique_ptr<LateFollower> follower,
                  std::unique_ptr<api::Api> api)
      : backend_(std::move(backend)), follower_(std::move(follower)), api_(std::move(api)) {}

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
  std::unique_ptr<api::Api> api_;
};

Result<std::unique_ptr<RestClient>> OpenInProcess(const config::Config& config,
                                                  PhotoModels models) {
  VIGIL_ASSIGN_OR_RETURN(auto backend, OpenBackend(config, models));
  VIGIL_RETURN_IF_ERROR(
      gallery::LoadGallery(backend->gallery_store, *backend->gallery, backend->Space().Key()));
  auto follower = std::make_unique<LateFollower>(*backend);
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
                                .cameras_kept_in = CamerasKeptIn(config)}));
  return std::make_unique<InProcessClient>(std::move(backend), std::move(follower), std::move(api));
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
