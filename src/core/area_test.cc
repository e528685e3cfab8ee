// (1) A face belongs to the watched area when its centre lies in one of the areas and in none of
// the excluded ones. (2) What is no area is refused with its reason. (3) Text survives a round
// trip.
#include "core/area.h"

#include <gtest/gtest.h>

#include <limits>

namespace vigil {
namespace {

Polygon Rectangle(float x1, float y1, float x2, float y2) {
  return {{x1, y1}, {x2, y1}, {x2, y2}, {x1, y2}};
}

TEST(WatchedArea, IsTheWholePictureWithoutAreas) {
  const WatchedArea area;
  EXPECT_TRUE(area.IsWhole());
  EXPECT_TRUE(area.Contains({0.5F, 0.5F}));
  EXPECT_TRUE(area.Contains({0, 0}));
  EXPECT_TRUE(area.Contains({1.2F, -0.3F})) << "a face half outside belongs to the edge";
  EXPECT_EQ(area.Bounds(), (Box{0, 0, 1, 1}));
}

TEST(WatchedArea, HoldsItsAreasLessTheExcludedOnes) {
  const WatchedArea area{.areas = {Rectangle(0, 0.5F, 0.5F, 1), Rectangle(0.6F, 0.5F, 1, 1)},
                         .excluded = {Rectangle(0.1F, 0.6F, 0.2F, 0.7F)}};
  EXPECT_FALSE(area.IsWhole());
  EXPECT_TRUE(area.Contains({0.3F, 0.8F}));
  EXPECT_TRUE(area.Contains({0.8F, 0.8F}));
  EXPECT_TRUE(area.Contains({1, 1})) << "edges belong to the picture";
  EXPECT_FALSE(area.Contains({0.55F, 0.8F})) << "between the two";
  EXPECT_FALSE(area.Contains({0.3F, 0.2F})) << "above both";
  EXPECT_FALSE(area.Contains({0.15F, 0.65F})) << "excluded";
  EXPECT_EQ(area.Bounds(), (Box{0, 0.5F, 1, 1}));
}

TEST(WatchedArea, KnowsDentsOfAPolygon) {
  const WatchedArea area{.areas = {{{0, 0}, {1, 0}, {1, 1}, {0.5F, 0.2F}, {0, 1}}}, .excluded = {}};
  EXPECT_TRUE(area.Contains({0.1F, 0.5F}));
  EXPECT_TRUE(area.Contains({0.9F, 0.5F}));
  EXPECT_FALSE(area.Contains({0.5F, 0.5F}));
}

TEST(WatchedArea, LeavesOutOnlyWhatIsExcluded) {
  const WatchedArea area{.areas = {}, .excluded = {Rectangle(0, 0, 0.5F, 0.5F)}};
  EXPECT_FALSE(area.Contains({0.2F, 0.2F}));
  EXPECT_TRUE(area.Contains({0.7F, 0.2F}));
  EXPECT_EQ(area.Bounds(), (Box{0, 0, 1, 1}));
}

TEST(Polygon, IsReadFromTextAndWrittenBack) {
  const auto polygon = ParsePolygon("0 0.5; 1 0.5;1 1 ; 0   1");
  ASSERT_TRUE(polygon) << polygon.error().message;
  EXPECT_EQ(*polygon, Rectangle(0, 0.5F, 1, 1));
  EXPECT_EQ(PolygonText(*polygon), "0 0.5; 1 0.5; 1 1; 0 1");
  EXPECT_EQ(*ParsePolygon(PolygonText({{0.12344F, 0}, {1, 0}, {1, 1}})),
            (Polygon{{0.1234F, 0}, {1, 0}, {1, 1}}));
}

TEST(Polygon, IsRefusedWhenItIsNone) {
  for (const auto& [text, why] : {std::pair{"", "0 corners"},
                                  {"0 0; 1 1", "2 corners"},
                                  {"0 0; 1 0; 2 1", "shares of width and height"},
                                  {"0 0; 1 0; nan 1", "shares of width and height"},
                                  {"0 0; 0.5 0.5; 1 1", "covers nothing"},
                                  {"0 0; 1; 1 1", "is no corner"},
                                  {"0 0; 1 x; 1 1", "is no corner"}}) {
    const auto polygon = ParsePolygon(text);
    ASSERT_FALSE(polygon) << text;
    EXPECT_NE(polygon.error().message.find(why), std::string::npos) << polygon.error().message;
  }
  EXPECT_FALSE(CheckPolygon(Polygon(65, Point{0.5F, 0.5F})));
}

}  // namespace
}  // namespace vigil
