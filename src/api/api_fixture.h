// A whole API without sockets for tests: real database and media store in a temporary directory,
// fake models.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "api/api.h"
#include "api/body_fields.h"
#include "api/local_client.h"
#include "api/resources.h"
#include "api/schema_check.h"
#include "base/crypto.h"
#include "database/gallery_repository.h"
#include "database/session_repository.h"
#include "database/setting_repository.h"
#include "database/user_repository.h"
#include "fakes/fake_detector.h"
#include "fakes/fake_embedder.h"
#include "gallery/flat_index.h"
#include "media/photo.h"
#include "media_store/directory_media_store.h"

namespace vigil::api {

struct Color {
  std::uint8_t red = 0;
  std::uint8_t green = 0;
  std::uint8_t blue = 0;
};

// Photos of one colour: equal colours are one person to the fake embedder. The width says what the
// fake detector finds.
enum class PhotoKind : int { kOneFace = 200, kNoFace = 201, kThreeFaces = 203, kPoorFace = 204 };

inline std::string PhotoBytes(Color color, PhotoKind kind = PhotoKind::kOneFace) {
  RgbImage image{static_cast<int>(kind), 200, {}};
  for (int i = 0; i < image.width * image.height; ++i) {
    image.pixels.insert(image.pixels.end(), {color.red, color.green, color.blue});
  }
  return TextOf(media::EncodeJpeg(image, 95).value());
}

inline std::vector<Detection> FacesByWidth(const Frame& frame) {
  const Detection face = FakeDetector::Face(10, 10, 60);
  switch (static_cast<PhotoKind>(frame.width)) {
    case PhotoKind::kNoFace:
      return {};
    case PhotoKind::kThreeFaces:
      return {face, FakeDetector::Face(80, 10, 60), FakeDetector::Face(10, 80, 60)};
    default:
      return {face};
  }
}

inline FaceQuality QualityByWidth(const Frame& frame, const FaceCrop&, const Detection&) {
  FaceQuality quality{.score = 0.9F,
                      .face_px = 60,
                      .sharpness = 0.8F,
                      .frontal = 0.9F,
                      .brightness = 0.5F,
                      .unrecognisable = {}};
  if (frame.width == static_cast<int>(PhotoKind::kPoorFace)) {
    quality.unrecognisable = UnrecognisableReason::kBlurred;
  }
  return quality;
}

class ApiTest : public testing::Test {
 protected:
  ApiTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "vigil-api-XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
    sealer_ = std::make_unique<Sealer>(Sealer::FromHex(std::string(64, 'a')).value());
    database_ = database::OpenDatabase({.path = directory_ / "vigil.db"}, *sealer_, clock_).value();
    media_ = media_store::MakeDirectoryMediaStore(directory_ / "media", *sealer_, clock_).value();
    auto embedder = std::make_unique<FakeEmbedder>();
    space_key_ = embedder->Info().space.Key();
    const auto policy = pipeline::PolicyFor(embedder->Info(), 0.01, 0.42F);
    photos_ = std::make_unique<pipeline::PhotoAnalyser>(
        std::make_unique<FakeDetector>(&FacesByWidth), std::move(embedder), &QualityByWidth);
    std::filesystem::create_directory(directory_ / "web");
    api_ = Api::Make({.database = *database_,
                      .media = *media_,
                      .gallery = *gallery_,
                      .photos = *photos_,
                      .policy = policy,
                      .live = live_,
                      .metrics = metrics_,
                      .clock = clock_,
                      .web_directory = directory_ / "web",
                      .system_info = [this] { return system_; },
                      .ready = [] { return true; },
                      .cameras_changed = [this] { ++cameras_changed_; },
                      .gallery_changed = [this] { ReloadGallery(); },
                      .live_viewers_max = 2})
               .value();
  }
  ~ApiTest() override {
    api_.reset();
    database_.reset();
    std::filesystem::remove_all(directory_);
  }

  void ReloadGallery() {
    database::GalleryRepository store(*database_);
    auto [references, sequence] = store.LoadAllReferences(space_key_).value();
    const std::vector<std::string> removed = std::move(gallery_ids_);
    gallery_ids_.clear();
    for (const GalleryReference& reference : references) {
      gallery_ids_.push_back(reference.reference_id);
    }
    gallery_->Apply(removed, std::move(references), sequence);
  }

  // An enabled account; argon2id runs once a fixture at most, because tests wait for it.
  User AddUser(const std::string& name, Role role, const std::string& password = "") {
    User user;
    user.name = name;
    user.role = role;
    user.password_hash = password.empty() ? "none" : HashPassword(password).value();
    return database::UserRepository(*database_).Create(user).value();
  }
  // A valid access token of `user`, as a login would give it.
  std::string TokenOf(const User& user) {
    Session session;
    session.user_id = user.id;
    session.refresh_hash = Sha256Hex(RandomToken());
    session.expires_at = clock_.WallNow() + std::chrono::hours{24};
    session = database::SessionRepository(*database_).Create(session).value();
    const auto key = database::SettingRepository(*database_).Get("access_token_key").value();
    const auto signer = TokenSigner::FromKey(key.value()).value();
    return signer.Sign({user.id, session.id, user.token_version}, clock_.WallNow()).value();
  }

  const std::string& AdminToken() {
    if (admin_token_.empty()) admin_token_ = TokenOf(AddUser("anna", Role::kAdmin));
    return admin_token_;
  }
  const std::string& OperatorToken() {
    if (operator_token_.empty()) operator_token_ = TokenOf(AddUser("otto", Role::kOperator));
    return operator_token_;
  }

  HttpResponse Send(HttpRequest request) {
    HttpApplication::Plan plan = api_->Application().Prepare(request);
    HttpResponse response =
        plan.refusal ? *std::move(plan.refusal) : api_->Application().Handle(request);
    // Every answer of every test is as the specification says.
    if (const Route* route = api_->Application().Find(request)) {
      EXPECT_THAT(UndescribedIn(*route, response), testing::IsEmpty())
          << MethodName(request.method) << " " << request.path << "\n"
          << response.body.substr(0, 2000);
    }
    return response;
  }
  HttpResponse Ask(Method method, const std::string& target, const std::string& token,
                   const std::string& body = "",
                   const std::string& content_type = "application/json") {
    HttpRequest request = RequestOf(method, target).value();
    request.peer = "192.0.2.1";
    if (!token.empty()) request.headers.emplace_back("authorization", "Bearer " + token);
    if (!body.empty()) request.headers.emplace_back("content-type", content_type);
    request.body = body;
    return Send(std::move(request));
  }
  HttpResponse Upload(const std::string& target, const std::string& token, const std::string& photo,
                      const std::vector<std::pair<std::string, std::string>>& fields = {}) {
    const FormBody form = MakePhotoForm(photo, fields);
    return Ask(Method::kPost, target, token, form.body, form.content_type);
  }

  static json::value Json(const HttpResponse& response) { return ParseJson(response.body).value(); }
  static std::string HeaderOf(const HttpResponse& response, std::string_view name) {
    for (const auto& [key, value] : response.headers) {
      if (key == name) return value;
    }
    return {};
  }
  std::string MakePerson(const std::string& name) {
    const HttpResponse response = Ask(Method::kPost, "/api/v1/criminals", AdminToken(),
                                      json::serialize(json::object{{"name", name}}));
    EXPECT_EQ(response.status, 201) << response.body;
    return std::string(Json(response).at("id").get_string());
  }

  std::filesystem::path directory_;
  ManualClock clock_;
  std::unique_ptr<Sealer> sealer_;
  std::unique_ptr<database::Database> database_;
  std::unique_ptr<MediaStore> media_;
  std::unique_ptr<GalleryIndex> gallery_ = gallery::MakeFlatIndex(128);
  std::vector<std::string> gallery_ids_;
  std::string space_key_;
  std::unique_ptr<pipeline::PhotoAnalyser> photos_;
  pipeline::LiveView live_;
  metrics::Metrics metrics_;
  SystemInfo system_;
  int cameras_changed_ = 0;
  std::unique_ptr<Api> api_;
  std::string admin_token_;
  std::string operator_token_;
};

}  // namespace vigil::api
