// The demo's photos with what other implementations find in them, for the tests of this room.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/crypto.h"
#include "core/detection.h"
#include "core/embedding.h"
#include "core/frame.h"
#include "golden/golden.h"
#include "media/photo.h"

namespace vigil::vision {

struct GoldenFace {
  Detection detection;
  std::string crop_sha256;  // empty where it is not stated
  Embedding embedding;
};

struct GoldenPhoto {
  std::string name;
  Frame frame;
  std::vector<GoldenFace> faces;
};

inline GoldenFace ParseGoldenFace(const json::value& value) {
  GoldenFace face;
  const auto numbers = [&](const char* key) {
    std::vector<float> read;
    for (const json::value& number : value.at(key).as_array())
      read.push_back(number.to_number<float>());
    return read;
  };
  const std::vector<float> box = numbers("box");
  face.detection.box = {box[0], box[1], box[2], box[3]};
  face.detection.score = value.at("score").to_number<float>();
  const std::vector<float> points = numbers("landmarks");
  for (std::size_t i = 0; i < 5; ++i)
    face.detection.landmarks[i] = {points[2 * i], points[2 * i + 1]};
  if (const json::value* hash = value.as_object().if_contains("crop_sha256"))
    face.crop_sha256 = hash->as_string().c_str();
  face.embedding = numbers("embedding");
  return face;
}

// The photos named in a golden file, read from the demo's people, with what it says of them.
inline std::vector<GoldenPhoto> ReadGoldenPhotos(const std::filesystem::path& models,
                                                 const std::string& name) {
  std::vector<GoldenPhoto> photos;
  const json::value golden = ReadGolden(name);
  for (const json::value& entry : golden.at("photos").as_array()) {
    GoldenPhoto photo;
    photo.name = entry.at("photo").as_string().c_str();
    const std::filesystem::path path = models / "demo-people" / photo.name;
    EXPECT_EQ(Sha256HexOfFile(path.string()).value_or("unreadable"),
              entry.at("sha256").as_string().c_str())
        << path;
    auto image = media::ReadPhotoFile(path);
    if (!image) {
      ADD_FAILURE() << image.error().message;
      continue;
    }
    photo.frame = FrameOfImage(std::make_shared<const RgbImage>(*std::move(image)));
    for (const json::value& face : entry.at("faces").as_array())
      photo.faces.push_back(ParseGoldenFace(face));
    photos.push_back(std::move(photo));
  }
  return photos;
}

// The mean distance of the five points as a share of the box's width.
inline float LandmarkError(const Detection& ours, const Detection& theirs) {
  float sum = 0;
  for (std::size_t i = 0; i < 5; ++i) {
    sum += std::hypot(ours.landmarks[i].x - theirs.landmarks[i].x,
                      ours.landmarks[i].y - theirs.landmarks[i].y);
  }
  return sum / 5 / theirs.box.Width();
}

}  // namespace vigil::vision
