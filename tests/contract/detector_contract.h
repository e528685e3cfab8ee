// What every Detector must do, whichever it is. Each adapter and fake instantiates DetectorContract
// with a factory.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "core/detector.h"

namespace vigil {

struct DetectorContractCase {
  std::string name;
  // A fresh detector, or null when what it needs is not installed: the suite is then skipped.
  std::function<std::unique_ptr<Detector>()> make;
};
inline void PrintTo(const DetectorContractCase& one, std::ostream* out) { *out << one.name; }

class DetectorContract : public ::testing::TestWithParam<DetectorContractCase> {
 protected:
  void SetUp() override {
    detector_ = GetParam().make();
    if (detector_ == nullptr)
      GTEST_SKIP() << "the models are not installed: run `vigil models install`";
  }

  // A picture of vertical stripes without any face.
  static Frame Stripes(int width, int height) {
    auto image = std::make_shared<RgbImage>(RgbImage{width, height, {}});
    for (int i = 0; i < width * height; ++i) {
      const auto level = static_cast<std::uint8_t>(i % width / 7 % 2 == 0 ? 60 : 180);
      image->pixels.insert(image->pixels.end(), 3, level);
    }
    return FrameOfImage(std::move(image));
  }

  std::unique_ptr<Detector> detector_;
};

TEST_P(DetectorContract, OneListOfDetectionsAFrame) {
  const std::vector<Frame> frames = {Stripes(320, 240), Stripes(64, 48), Stripes(320, 240)};
  const auto found = detector_->Detect(frames);
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->size(), 3U);
  EXPECT_EQ((*found)[0].size(), (*found)[2].size());
}

TEST_P(DetectorContract, NoFramesNoLists) {
  const auto found = detector_->Detect({});
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->empty());
}

TEST_P(DetectorContract, FrameWithoutPixelsIsRefused) {
  const std::vector<Frame> frames = {Stripes(320, 240), Frame{}};
  const auto found = detector_->Detect(frames);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::kInvalidArgument);
  EXPECT_FALSE(found.error().message.empty());
}

TEST_P(DetectorContract, TinyAndNarrowPicturesAreHarmless) {
  for (const auto& [width, height] : {std::pair{1, 1}, {13, 2000}, {2000, 13}, {41, 41}}) {
    const Frame frame = Stripes(width, height);
    EXPECT_TRUE(detector_->Detect(std::span(&frame, 1))) << width << "x" << height;
  }
}

TEST_P(DetectorContract, DetectionsAreSoundAndSortedByScore) {
  const Frame frame = Stripes(320, 240);
  const auto found = detector_->Detect(std::span(&frame, 1));
  ASSERT_TRUE(found);
  float before = 1;
  for (const Detection& detection : (*found)[0]) {
    EXPECT_LE(detection.score, before);
    EXPECT_GE(detection.score, 0);
    EXPECT_GT(detection.box.Area(), 0);
    for (const Point& point : detection.landmarks)
      EXPECT_TRUE(std::isfinite(point.x) && std::isfinite(point.y));
    before = detection.score;
  }
}

TEST_P(DetectorContract, SaysWhatItIs) {
  EXPECT_FALSE(detector_->Info().id.empty());
  EXPECT_EQ(detector_->Info().hash.size(), 64U);
  EXPECT_FALSE(detector_->Info().precision.empty());
}

}  // namespace vigil
