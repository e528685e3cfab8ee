// Affine drawing in fixed point straight into I420, so that a frame costs a few milliseconds.
#include "camera/composer.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>
#include <utility>

#include "base/check.h"

namespace vigil::camera {
namespace {

constexpr std::size_t kNoiseSlack = 65'536;
constexpr double kFadeSeconds = 0.35;
constexpr double kStepsPerSecond = 1.1;  // people bob when they walk
constexpr double kBobPixels = 4;

// A well mixed value of a 64-bit counter (the finaliser of SplitMix64, Steele et al. 2014).
std::uint64_t Mix(std::uint64_t value) {
  value += 0x9E3779B97F4A7C15U;
  value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9U;
  value = (value ^ (value >> 27)) * 0x94D049BB133111EBU;
  return value ^ (value >> 31);
}

double LatticeValue(std::uint64_t seed, int x, int y) {
  const auto column = static_cast<std::uint64_t>(static_cast<std::uint32_t>(x));
  const auto row = static_cast<std::uint64_t>(static_cast<std::uint32_t>(y));
  return static_cast<double>(Mix(seed ^ Mix(column << 32 | row)) >> 11) * 0x1.0p-53;
}

// Smooth noise in 0..1 with features of about one unit.
double ValueNoise(std::uint64_t seed, double x, double y) {
  const int left = static_cast<int>(std::floor(x));
  const int top = static_cast<int>(std::floor(y));
  const auto ease = [](double t) { return t * t * (3 - 2 * t); };
  const double across = ease(x - left);
  const double down = ease(y - top);
  const double upper =
      std::lerp(LatticeValue(seed, left, top), LatticeValue(seed, left + 1, top), across);
  const double lower =
      std::lerp(LatticeValue(seed, left, top + 1), LatticeValue(seed, left + 1, top + 1), across);
  return std::lerp(upper, lower, down);
}

std::uint8_t ToByte(double value) {
  return static_cast<std::uint8_t>(std::clamp(value, 16.0, 235.0) + 0.5);
}

// A plastered wall, lit from the left, above a darker skirting.
std::vector<std::uint8_t> PaintWall(int width, int height, std::uint64_t seed) {
  const auto luma = static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
  std::vector<std::uint8_t> wall(luma * 3 / 2, 128);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const double light = 132 - 30.0 * x / width - 14.0 * y / height;
      const double patches = 16 * (ValueNoise(seed, x / 90.0, y / 90.0) - 0.5);
      const double grain = 9 * (ValueNoise(seed + 1, x / 3.0, y / 5.0) - 0.5);
      const double skirting = y > height * 0.93 ? -34 : 0;
      wall[static_cast<std::size_t>(y) * static_cast<std::size_t>(width) +
           static_cast<std::size_t>(x)] = ToByte(light + patches + grain + skirting);
    }
  }
  const auto chroma = static_cast<std::ptrdiff_t>(luma / 4);
  const auto u_plane = wall.begin() + static_cast<std::ptrdiff_t>(luma);
  std::fill(u_plane, u_plane + chroma, std::uint8_t{122});
  std::fill(u_plane + chroma, wall.end(), std::uint8_t{133});
  return wall;
}

// About normal with a deviation of 2.2 grey levels.
std::vector<std::int8_t> MakeNoise(std::size_t count, std::uint64_t seed) {
  std::vector<std::int8_t> noise(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t bits = Mix(seed + i);
    double sum = 0;
    for (unsigned part = 0; part < 4; ++part) {
      sum += static_cast<double>(bits >> (part * 16) & 0xFFFFU) / 65'535.0 - 0.5;
    }
    noise[i] = static_cast<std::int8_t>(std::lround(sum * 3.8));
  }
  return noise;
}

// Where a visit's photo lies at one moment. One step in the picture is (step_u, step_v) in the
// photo, in 1/65536 pixels; the axes are turned against each other by the tilt.
struct Pose {
  double x = 0;  // centre, pixels of the picture
  double y = 0;
  double cosine = 1;
  double sine = 0;
  double zoom = 1;
  int opacity = 256;  // of 256
};

Pose PoseAt(const Visit& visit, const Scene& scene, double seconds) {
  const double from = std::chrono::duration<double>(visit.from).count();
  const double to = std::chrono::duration<double>(visit.to).count();
  const double progress = (seconds - from) / (to - from);
  const double bob =
      kBobPixels * std::sin(2 * std::numbers::pi * kStepsPerSecond * (seconds - from));
  const double angle =
      visit.tilt_degrees * std::numbers::pi / 180 * std::sin(2 * std::numbers::pi * progress);
  const double fade = std::min(seconds - from, to - seconds) / kFadeSeconds;
  Pose pose;
  pose.x = std::lerp(visit.start.x, visit.end.x, progress) * scene.width;
  pose.y = std::lerp(visit.start.y, visit.end.y, progress) * scene.height + bob;
  pose.cosine = std::cos(angle);
  pose.sine = std::sin(angle);
  pose.zoom = std::lerp(1.0, visit.zoom_at_end, progress);
  pose.opacity = static_cast<int>(std::clamp(fade, 0.0, 1.0) * 256);
  return pose;
}

// Bilinear value of one channel at (u, v), in 1/65536 pixels, which must lie inside.
int Sample(const Photo& photo, std::int32_t u, std::int32_t v, std::size_t channel) {
  const auto width = static_cast<std::size_t>(photo.width);
  const std::size_t at =
      (static_cast<std::size_t>(v >> 16) * width + static_cast<std::size_t>(u >> 16)) * 4 + channel;
  const int across = (u >> 8) & 0xFF;
  const int down = (v >> 8) & 0xFF;
  const std::uint8_t* pixel = photo.ayuv.data() + at;
  const int upper = pixel[0] * (256 - across) + pixel[4] * across;
  const int lower = pixel[width * 4] * (256 - across) + pixel[width * 4 + 4] * across;
  return (upper * (256 - down) + lower * down) >> 16;
}

// A plane of the picture whose pixels are `scale` picture pixels wide and come from `channel`.
struct Plane {
  std::uint8_t* pixels;
  int width;
  int height;
  double scale;
  std::size_t channel;
};

void DrawPhoto(const Photo& photo, const Pose& pose, const Plane& plane) {
  const double reach = std::hypot(photo.width, photo.height) / 2 * pose.zoom;
  const auto clip = [](double value, int end) {
    return static_cast<int>(std::clamp(value, 0.0, static_cast<double>(end)));
  };
  const int left = clip((pose.x - reach) / plane.scale, plane.width);
  const int right = clip((pose.x + reach) / plane.scale + 1, plane.width);
  const int top = clip((pose.y - reach) / plane.scale, plane.height);
  const int bottom = clip((pose.y + reach) / plane.scale + 1, plane.height);
  const auto fixed = [](double value) {
    return static_cast<std::int32_t>(std::lround(value * 65'536));
  };
  const std::int32_t step_u = fixed(pose.cosine / pose.zoom * plane.scale);
  const std::int32_t step_v = fixed(-pose.sine / pose.zoom * plane.scale);
  const std::int32_t end_u = (photo.width - 1) << 16;
  const std::int32_t end_v = (photo.height - 1) << 16;
  for (int y = top; y < bottom; ++y) {
    const double dx = (left + 0.5) * plane.scale - pose.x;
    const double dy = (y + 0.5) * plane.scale - pose.y;
    std::int32_t u =
        fixed((pose.cosine * dx + pose.sine * dy) / pose.zoom + photo.width / 2.0 - 0.5);
    std::int32_t v =
        fixed((pose.cosine * dy - pose.sine * dx) / pose.zoom + photo.height / 2.0 - 0.5);
    std::uint8_t* row =
        plane.pixels + static_cast<std::size_t>(y) * static_cast<std::size_t>(plane.width);
    for (int x = left; x < right; ++x, u += step_u, v += step_v) {
      if (u < 0 || v < 0 || u >= end_u || v >= end_v) {
        continue;
      }
      const int alpha = Sample(photo, u, v, 0) * pose.opacity / 255;
      const int value = Sample(photo, u, v, plane.channel);
      row[x] = static_cast<std::uint8_t>((row[x] * (256 - alpha) + value * alpha) >> 8);
    }
  }
}

}  // namespace

SceneComposer::SceneComposer(Scene scene, std::vector<Photo> photos, std::uint64_t seed)
    : scene_(std::move(scene)),
      photos_(std::move(photos)),
      wall_(PaintWall(scene_.width, scene_.height, Mix(seed))),
      noise_(MakeNoise(wall_.size() * 2 / 3 + kNoiseSlack, Mix(seed + 1))) {
  VIGIL_CHECK(photos_.size() == scene_.visits.size(), "one photo for each visit");
}

void SceneComposer::Compose(std::chrono::nanoseconds time, std::span<std::uint8_t> frame) const {
  VIGIL_CHECK(frame.size() == wall_.size(), "a frame of this scene");
  std::memcpy(frame.data(), wall_.data(), wall_.size());
  const std::size_t luma = wall_.size() * 2 / 3;
  const double seconds = std::chrono::duration<double>(time % scene_.duration).count();
  const Plane planes[] = {{frame.data(), scene_.width, scene_.height, 1, 1},
                          {frame.data() + luma, scene_.width / 2, scene_.height / 2, 2, 2},
                          {frame.data() + luma * 5 / 4, scene_.width / 2, scene_.height / 2, 2, 3}};
  for (std::size_t i = 0; i < photos_.size(); ++i) {
    const Visit& visit = scene_.visits[i];
    if (seconds < std::chrono::duration<double>(visit.from).count() ||
        seconds >= std::chrono::duration<double>(visit.to).count()) {
      continue;
    }
    const Pose pose = PoseAt(visit, scene_, seconds);
    for (const Plane& plane : planes) {
      DrawPhoto(photos_[i], pose, plane);
    }
  }
  const auto offset = static_cast<std::size_t>(
      Mix(static_cast<std::uint64_t>(time.count() / 1'000'000)) % kNoiseSlack);
  const std::int8_t* noise = noise_.data() + offset;
  std::uint8_t* pixels = frame.data();
  for (std::size_t i = 0; i < luma; ++i) {
    const int value = pixels[i] + noise[i];
    pixels[i] = static_cast<std::uint8_t>(value < 16 ? 16 : value > 235 ? 235 : value);
  }
}

}  // namespace vigil::camera
