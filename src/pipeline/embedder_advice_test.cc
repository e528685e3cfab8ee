// Advice by gallery size, on both sides of each limit.
#include "pipeline/embedder_advice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vigil::pipeline {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

EmbedderInfo Calibrated(const char* id) {
  EmbedderInfo info;
  info.space.model_id = id;
  info.impostor_tail.points = {{1e-2, 0.3}, {1e-3, 0.4}};
  return info;
}

TEST(EmbedderAdvice, MissRatesAreTheMeasuredOnesWhereMeasured) {
  EXPECT_NEAR(*MeasuredMissRate("facenet-128", 100), 0.056, 1e-9);
  EXPECT_NEAR(*MeasuredMissRate("facenet-128", 500), 0.099, 1e-9);
  EXPECT_NEAR(*MeasuredMissRate("sface", 500), 0.025, 1e-9);
  EXPECT_GT(*MeasuredMissRate("facenet-128", 5000), 0.15);
  EXPECT_GE(*MeasuredMissRate("facenet-128", 0), 0);
  EXPECT_FALSE(MeasuredMissRate("facenet-casia", 100));
}

TEST(EmbedderAdvice, LargeGalleryOfFacenetIsToldToChange) {
  const EmbedderAdvice advice = AdviseEmbedder(Calibrated("facenet-128"), 500);
  EXPECT_TRUE(advice.change);
  EXPECT_THAT(advice.sentence, HasSubstr("misses about 10 in 100"));
  EXPECT_THAT(advice.mend, HasSubstr("vigil models install sface"));
}

TEST(EmbedderAdvice, SmallGalleryOfFacenetIsLeftAlone) {
  EXPECT_TRUE(AdviseEmbedder(Calibrated("facenet-128"), kAdviceFromPersons).change);
  const EmbedderAdvice advice = AdviseEmbedder(Calibrated("facenet-128"), kAdviceFromPersons - 1);
  EXPECT_FALSE(advice.change);
  EXPECT_THAT(advice.mend, IsEmpty());
}

TEST(EmbedderAdvice, SfaceIsLeftAlone) {
  EXPECT_FALSE(AdviseEmbedder(Calibrated("sface"), 500).change);
  EXPECT_FALSE(AdviseEmbedder(Calibrated("facenet-vggface2"), 500).change);
}

TEST(EmbedderAdvice, WithoutATailACalibrationIsCalledFor) {
  EmbedderInfo info = Calibrated("facenet-casia");
  info.impostor_tail.points.clear();
  const EmbedderAdvice advice = AdviseEmbedder(info, 1);
  EXPECT_TRUE(advice.change);
  EXPECT_THAT(advice.sentence, HasSubstr("only its floor of 0.42"));
  EXPECT_THAT(advice.mend, HasSubstr("vigil models calibrate"));
}

}  // namespace
}  // namespace vigil::pipeline
