// What every LivenessDetector must do, whichever it is. Each adapter and fake instantiates
// LivenessContract with a factory.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "core/liveness.h"

namespace vigil {

struct LivenessContractCase {
  std::string name;
  // A fresh detector, or null when what it needs is not installed: the suite is then skipped.
  std::function<std::unique_ptr<LivenessDetector>()> make;
};
inline void PrintTo(const LivenessContractCase& one, std::ostream* out) { *out << one.name; }

class LivenessContract : public ::testing::TestWithParam<LivenessContractCase> {
 protected:
  void SetUp() override {
    detector_ = GetParam().make();
    if (detector_ == nullptr)
      GTEST_SKIP() << "the model is not installed: run `vigil models install minifasnet`";
  }

  LivenessView ViewOf(const Box& box, std::uint8_t luma) const {
    auto image = std::make_shared<RgbImage>(RgbImage{160, 120, {}});
    for (int i = 0; i < 160 * 120 * 3; ++i)
      image->pixels.push_back(static_cast<std::uint8_t>(luma + i % 160 / 4));
    return detector_->View(FrameOfImage(std::move(image)),
                           {.box = box, .score = 0.9F, .landmarks = {}});
  }

  std::unique_ptr<LivenessDetector> detector_;
};

TEST_P(LivenessContract, ALikelihoodForEachViewInTheirOrder) {
  std::vector<LivenessView> views;
  for (int i = 0; i < 5; ++i)
    views.push_back(ViewOf({20, 10, 70, 60}, static_cast<std::uint8_t>(40 + 40 * i)));
  const auto together = detector_->Judge(views);
  ASSERT_TRUE(together) << together.error().message;
  ASSERT_EQ(together->size(), views.size());
  for (std::size_t i = 0; i < views.size(); ++i) {
    EXPECT_GE((*together)[i], 0);
    EXPECT_LE((*together)[i], 1);
    const auto alone = detector_->Judge(std::span(&views[i], 1));
    ASSERT_TRUE(alone);
    EXPECT_NEAR((*alone)[0], (*together)[i], 1e-3F) << "view " << i;
  }
}

TEST_P(LivenessContract, NoViewsNoAnswers) {
  const auto answers = detector_->Judge({});
  ASSERT_TRUE(answers);
  EXPECT_TRUE(answers->empty());
}

TEST_P(LivenessContract, AViewOfAnotherDetectorIsRefused) {
  const LivenessView foreign{{RgbImage{3, 3, std::vector<std::uint8_t>(27, 100)}}};
  const auto answers = detector_->Judge(std::span(&foreign, 1));
  ASSERT_FALSE(answers);
  EXPECT_EQ(answers.error().code, ErrorCode::kInvalidArgument);
  const LivenessView empty;
  EXPECT_FALSE(detector_->Judge(std::span(&empty, 1)));
}

TEST_P(LivenessContract, BoxesBeyondThePictureStillGiveAView) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (const Box& box :
       {Box{-50, -50, 40, 40}, Box{100, 70, 300, 300}, Box{500, 500, 600, 600}, Box{10, 10, 10, 10},
        Box{kNan, 0, kNan, 0}, Box{-kInfinity, 0, kInfinity, 50}}) {
    const LivenessView view = ViewOf(box, 100);
    EXPECT_TRUE(detector_->Judge(std::span(&view, 1))) << box.x1 << "," << box.y1;
  }
}

TEST_P(LivenessContract, SaysWhatItIs) {
  EXPECT_FALSE(detector_->Info().id.empty());
  EXPECT_FALSE(detector_->Info().hash.empty());
  EXPECT_FALSE(detector_->Info().precision.empty());
}

}  // namespace vigil
