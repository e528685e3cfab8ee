// What every Embedder must do, whichever it is. Each adapter and fake instantiates EmbedderContract
// with a factory.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "core/embedder.h"

namespace vigil {

struct EmbedderContractCase {
  std::string name;
  // A fresh embedder, or null when what it needs is not installed: the suite is then skipped.
  std::function<std::unique_ptr<Embedder>()> make;
};
inline void PrintTo(const EmbedderContractCase& one, std::ostream* out) { *out << one.name; }

class EmbedderContract : public ::testing::TestWithParam<EmbedderContractCase> {
 protected:
  void SetUp() override {
    embedder_ = GetParam().make();
    if (embedder_ == nullptr)
      GTEST_SKIP() << "the models are not installed: run `vigil models install`";
  }

  // A picture in one colour with a darker square in its middle.
  static Frame Picture(std::uint8_t red, std::uint8_t green, std::uint8_t blue) {
    auto image = std::make_shared<RgbImage>(RgbImage{120, 90, {}});
    for (int i = 0; i < 120 * 90; ++i) {
      const bool inside = i % 120 > 40 && i % 120 < 80 && i / 120 > 30 && i / 120 < 60;
      const int share = inside ? 2 : 1;
      for (const int value : {red, green, blue})
        image->pixels.push_back(static_cast<std::uint8_t>(value / share));
    }
    return FrameOfImage(std::move(image));
  }

  static Detection FaceAt(const Box& box) { return {.box = box, .score = 0.9F, .landmarks = {}}; }

  std::vector<FaceCrop> SomeCrops(int count) const {
    std::vector<FaceCrop> crops;
    for (int i = 0; i < count; ++i) {
      const auto level = static_cast<std::uint8_t>(40 + 10 * i);
      crops.push_back(embedder_->Crop(Picture(level, 90, 200), FaceAt({20, 10, 100, 80})));
    }
    return crops;
  }

  std::unique_ptr<Embedder> embedder_;
};

TEST_P(EmbedderContract, UnitLengthInTheStatedDimension) {
  const auto embeddings = embedder_->Embed(SomeCrops(3));
  ASSERT_TRUE(embeddings) << embeddings.error().message;
  ASSERT_EQ(embeddings->size(), 3U);
  for (const auto& [embedding, covered] : *embeddings) {
    EXPECT_TRUE(!covered || (*covered >= 0 && *covered <= 1));
    EXPECT_EQ(covered.has_value(), embeddings->front().covered.has_value());
    EXPECT_EQ(static_cast<int>(embedding.size()), embedder_->Info().space.dimension);
    EXPECT_NEAR(Similarity(embedding, embedding), 1, 1e-5);
  }
}

TEST_P(EmbedderContract, AnyNumberOfCropsInTheirOrder) {
  const std::vector<FaceCrop> crops = SomeCrops(11);
  const auto together = embedder_->Embed(crops);
  ASSERT_TRUE(together) << together.error().message;
  ASSERT_EQ(together->size(), crops.size());
  for (std::size_t i = 0; i < crops.size(); ++i) {
    const auto alone = embedder_->Embed(std::span(&crops[i], 1));
    ASSERT_TRUE(alone);
    EXPECT_GT(Similarity((*alone)[0].embedding, (*together)[i].embedding), 0.999F) << "crop " << i;
    EXPECT_NEAR((*alone)[0].covered.value_or(-1), (*together)[i].covered.value_or(-1), 0.01F);
  }
}

TEST_P(EmbedderContract, NoCropsNoEmbeddings) {
  const auto embeddings = embedder_->Embed({});
  ASSERT_TRUE(embeddings);
  EXPECT_TRUE(embeddings->empty());
}

TEST_P(EmbedderContract, CropOfTheWrongSizeIsRefused) {
  FaceCrop crop{{3, 3, std::vector<std::uint8_t>(27, 100)}};
  const auto embeddings = embedder_->Embed(std::span(&crop, 1));
  ASSERT_FALSE(embeddings);
  EXPECT_EQ(embeddings.error().code, ErrorCode::kInvalidArgument);
  FaceCrop empty;
  EXPECT_FALSE(embedder_->Embed(std::span(&empty, 1)));
}

TEST_P(EmbedderContract, BoxesBeyondThePictureStillGiveACrop) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const Frame frame = Picture(200, 100, 50);
  for (const Box& box :
       {Box{-50, -50, 40, 40}, Box{100, 70, 300, 300}, Box{500, 500, 600, 600}, Box{10, 10, 10, 10},
        Box{kNan, 0, kNan, 0}, Box{-kInfinity, 0, kInfinity, 50}}) {
    const FaceCrop crop = embedder_->Crop(frame, FaceAt(box));
    EXPECT_TRUE(embedder_->Embed(std::span(&crop, 1))) << box.x1 << "," << box.y1;
  }
}

TEST_P(EmbedderContract, SaysWhatItIs) {
  const EmbedderInfo& info = embedder_->Info();
  EXPECT_FALSE(info.space.model_id.empty());
  EXPECT_EQ(info.space.model_hash.size(), 64U);
  EXPECT_FALSE(info.space.preprocessing.empty());
  EXPECT_GT(info.space.dimension, 0);
  EXPECT_FALSE(info.precision.empty());
  for (std::size_t i = 1; i < info.impostor_tail.points.size(); ++i) {
    EXPECT_GT(info.impostor_tail.points[i].similarity, info.impostor_tail.points[i - 1].similarity);
    EXPECT_LT(info.impostor_tail.points[i].false_match_rate,
              info.impostor_tail.points[i - 1].false_match_rate);
  }
}

}  // namespace vigil
