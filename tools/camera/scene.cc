// The two things a simulated camera can look at.
#include "scene.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <optional>
#include <random>
#include <utility>

#include "base/format.h"
#include "compose.h"
#include "core/frame.h"
#include "media/photo.h"
#include "media/stream_source.h"

namespace vigil::camera {
namespace {

// Photos show head and shoulders: about half of their height is face.
constexpr double kPhotoHeightFarPx = 240;
constexpr double kPhotoHeightNearPx = 420;
// A clip that is further behind goes on from where it stands.
constexpr double kLagMaxS = 1;
constexpr double kTiltRad = 8 * std::numbers::pi / 180;

// People come from their side towards the middle and nearer; `phase` lets each sway differently.
Placement PlacementOf(bool left, double phase, double progress) {
  const double way = 0.14 + 0.18 * progress;
  return {.x = kSceneWidth * (left ? way : 1 - way),
          .y = kSceneHeight * (0.52 + 0.05 * std::sin(6 * progress + phase)),
          .height = kPhotoHeightFarPx + (kPhotoHeightNearPx - kPhotoHeightFarPx) * progress,
          .tilt_rad = kTiltRad * std::sin(4 * progress + phase)};
}

class Scene final : public PictureSource {
 public:
  Scene(std::map<std::string, std::vector<RgbImage>> photos, Schedule schedule, unsigned seed)
      : photos_(std::move(photos)),
        schedule_(std::move(schedule)),
        room_(MakeRoom()),
        random_(seed) {}

  Result<RgbImage> At(double at_s) override {
    RgbImage picture = room_;
    const double loop = std::floor(at_s / schedule_.loop_s);
    const double in_loop = at_s - loop * schedule_.loop_s;
    for (std::size_t i = 0; i < schedule_.appearances.size(); ++i) {
      const Appearance& appearance = schedule_.appearances[i];
      if (in_loop < appearance.from_s || in_loop >= appearance.to_s) continue;
      const auto& photos = photos_.at(appearance.person);
      const double progress = (in_loop - appearance.from_s) / (appearance.to_s - appearance.from_s);
      Paste(photos[static_cast<std::size_t>(loop) % photos.size()],
            PlacementOf(appearance.left, static_cast<double>(i), progress), picture);
    }
    AddNoise(random_, picture);
    return picture;
  }

 private:
  const std::map<std::string, std::vector<RgbImage>> photos_;
  const Schedule schedule_;
  const RgbImage room_;
  std::minstd_rand random_;
};

class Clip final : public PictureSource {
 public:
  Clip(std::filesystem::path file, Clock& clock) : file_(std::move(file)), clock_(clock) {}

  // The picture due at this moment: frames are skipped or repeated, a clip is not slowed down.
  // While nobody watches it stands still.
  Result<RgbImage> At(double at_s) override {
    if (frame_ && at_s - DueSeconds() > kLagMaxS) turn_began_s_ += at_s - DueSeconds();
    while (!frame_ || DueSeconds() < at_s) VIGIL_RETURN_IF_ERROR(Advance(at_s));
    return ToRgb(*frame_);
  }

 private:
  double DueSeconds() const {
    return turn_began_s_ + std::chrono::duration<double>(frame_->pts).count();
  }

  // The next frame; after the last one the first, due at `at_s`.
  Status Advance(double at_s) {
    for (int attempt = 0; attempt < 2; ++attempt) {
      if (!source_) {
        VIGIL_RETURN_IF_ERROR(Open());
        turn_began_s_ = at_s;
      }
      auto frame = source_->Next({});
      if (frame) {
        frame_ = *std::move(frame);
        return {};
      }
      source_.reset();
      if (frame.error().code != ErrorCode::kEndOfStream) return std::unexpected(frame.error());
    }
    return Fail(ErrorCode::kInvalidArgument, file_.string() + " holds no picture");
  }

  Status Open() {
    auto opened = media::OpenStream(Secret(file_.string()), {}, {}, clock_);
    if (!opened) return std::unexpected(opened.error().error);
    source_ = std::move(opened->source);
    return {};
  }

  const std::filesystem::path file_;
  Clock& clock_;
  std::unique_ptr<FrameSource> source_;
  std::optional<Frame> frame_;  // the one shown now
  double turn_began_s_ = 0;
};

Result<std::vector<RgbImage>> LoadPhotos(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  std::error_code failure;
  for (const auto& entry : std::filesystem::directory_iterator(folder, failure)) {
    files.push_back(entry.path());
  }
  std::ranges::sort(files);
  std::vector<RgbImage> photos;
  for (const auto& file : files) {
    VIGIL_ASSIGN_OR_RETURN(auto photo, media::ReadPhotoFile(file));
    while (photo.height > 2 * kPhotoHeightNearPx) photo = Halve(photo);
    photos.push_back(std::move(photo));
  }
  if (photos.empty()) return Fail(ErrorCode::kNotFound, folder.string() + " holds no photo");
  return photos;
}

}  // namespace

Result<std::vector<std::string>> PeopleOf(const std::filesystem::path& folder) {
  std::vector<std::string> people;
  std::error_code failure;
  for (const auto& entry : std::filesystem::directory_iterator(folder, failure)) {
    if (entry.is_directory()) people.push_back(entry.path().filename().string());
  }
  if (failure || people.empty()) {
    return Fail(ErrorCode::kNotFound,
                format("{} holds no folder of a person's photos", folder.string()));
  }
  std::ranges::sort(people);
  return people;
}

Result<std::unique_ptr<PictureSource>> MakeScene(const std::filesystem::path& folder,
                                                 const Schedule& schedule, unsigned seed) {
  std::map<std::string, std::vector<RgbImage>> photos;
  for (const Appearance& appearance : schedule.appearances) {
    VIGIL_ASSIGN_OR_RETURN(photos[appearance.person], LoadPhotos(folder / appearance.person));
  }
  return std::make_unique<Scene>(std::move(photos), schedule, seed);
}

Result<std::unique_ptr<PictureSource>> MakeClip(const std::filesystem::path& file, Clock& clock) {
  auto clip = std::make_unique<Clip>(file, clock);
  VIGIL_RETURN_IF_ERROR(clip->At(0));
  return clip;
}

}  // namespace vigil::camera
