// What FaceNet sees of a frame.
#include "vision/recognition/facenet.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "installed_models.h"
#include "test_frames.h"
#include "vision/model_store.h"

namespace vigil::vision {
namespace {

class FacenetCrop : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto directory = InstalledModelsDirectory();
    if (!FindModel(directory, "facenet-128")) {
      ASSERT_FALSE(ModelsAreRequired()) << "facenet-128 is not installed in " << directory;
      GTEST_SKIP() << "facenet-128 is not installed in " << directory;
    }
    auto made = MakeFacenetEmbedders(
        {.models_directory = directory, .model_id = "facenet-128", .precision = Precision::kI8}, 1);
    ASSERT_TRUE(made) << made.error().message;
    embedder_ = std::move(made->front());
  }

  std::unique_ptr<Embedder> embedder_;
};

// A box that the margin enlarges to the network's input size: each pixel of the crop is then one
// pixel of the frame. Luma is noise, so a frame scaled on the way would show at once.
TEST_F(FacenetCrop, IsTheDecodedPlanesAtFullResolution) {
  for (const PixelFormat format : {PixelFormat::kI420, PixelFormat::kNv12}) {
    const Frame frame = YuvTestFrame(1920, 1080, format, {true, false}, 3);
    const RgbImage whole = ToRgb(frame);
    const Detection face{.box = {1007, 507, 1153, 653}, .score = 1, .landmarks = {}};
    const RgbImage crop = embedder_->Crop(frame, face).image;
    ASSERT_EQ(crop.width, 160);
    ASSERT_EQ(crop.height, 160);
    int largest = 0;
    for (int y = 0; y < 160; ++y) {
      for (int i = 0; i < 160 * 3; ++i) {
        largest = std::max(largest, std::abs(crop.Row(y)[i] - whole.Row(500 + y)[1000 * 3 + i]));
      }
    }
    EXPECT_LE(largest, 1);
  }
}

}  // namespace
}  // namespace vigil::vision
