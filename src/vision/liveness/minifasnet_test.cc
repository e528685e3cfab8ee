// Which pixels the network sees, and that it answers as the published network does.
#include "vision/liveness/minifasnet.h"

#include <gtest/gtest.h>

#include <limits>

#include "installed_models.h"
#include "vision/model_store.h"

namespace vigil::vision {
namespace {

TEST(SurroundingsOf, AreTheFaceAndWhatIsAroundIt) {
  EXPECT_EQ(SurroundingsOf({100, 100, 140, 160}, 2, 400, 400), (PixelRect{80, 70, 160, 190}));
}

TEST(SurroundingsOf, MoveInsideThePicture) {
  EXPECT_EQ(SurroundingsOf({0, 0, 40, 40}, 2, 400, 400), (PixelRect{0, 0, 80, 80}));
  EXPECT_EQ(SurroundingsOf({380, 370, 400, 400}, 2, 400, 400), (PixelRect{360, 340, 400, 400}));
}

TEST(SurroundingsOf, ShrinkAlikeWhereThePictureIsTooSmall) {
  EXPECT_EQ(SurroundingsOf({40, 20, 60, 60}, 4, 101, 81), (PixelRect{30, 0, 70, 80}));
}

TEST(SurroundingsOf, AreInsideWhateverTheBox) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (const Box& box : {Box{kNan, 0, kNan, 0}, Box{-kInfinity, 0, kInfinity, 50},
                         Box{500, 500, 600, 600}, Box{10, 10, 10, 10}, Box{1, 1, 0, 0}}) {
    const PixelRect region = SurroundingsOf(box, 2.7, 160, 120);
    EXPECT_TRUE(region.x1 >= 0 && region.y1 >= 0 && region.x1 < region.x2 &&
                region.y1 < region.y2 && region.x2 <= 160 && region.y2 <= 120)
        << box.x1 << "," << box.y1;
  }
  EXPECT_EQ(SurroundingsOf({0, 0, 1, 1}, 2.7, 1, 1), (PixelRect{0, 0, 1, 1}));
}

// Computed with PyTorch from the published weights.
TEST(MiniFasNet, AnswersAsThePublishedNetworkDoes) {
  auto made = MakeLivenessDetectors({.models_directory = InstalledModelsDirectory()}, 1);
  if (!made) GTEST_SKIP() << made.error().message;
  LivenessView view{{RgbImage{80, 80, {}}}};
  for (int i = 0; i < 80 * 80; ++i) {
    const int x = i % 80;
    const int y = i / 80;
    for (const int value : {x * 3, y * 3, (x + y) * 3 / 2})
      view.pictures.front().pixels.push_back(static_cast<std::uint8_t>(value));
  }
  const auto live = made->front()->Judge(std::span(&view, 1));
  ASSERT_TRUE(live) << live.error().message;
  EXPECT_NEAR(live->front(), 0.02175F, 0.001F);
}

}  // namespace
}  // namespace vigil::vision
