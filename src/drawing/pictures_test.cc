// The composed pictures: each part in its place, whatever is missing, whatever names hold.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <tuple>

#include "drawing/explain_picture.h"
#include "drawing/parts.h"
#include "drawing/why_picture.h"

namespace vigil::drawing {
namespace {

RgbImage Plain(int width, int height, std::uint8_t red, std::uint8_t green, std::uint8_t blue) {
  RgbImage image{width, height, {}};
  for (int i = 0; i < width * height; ++i) {
    image.pixels.insert(image.pixels.end(), {red, green, blue});
  }
  return image;
}

bool Has(const RgbImage& image, const Rect& rect, std::uint8_t red, std::uint8_t green,
         std::uint8_t blue) {
  for (int y = static_cast<int>(rect.y); y < static_cast<int>(rect.Bottom()); ++y) {
    for (int x = static_cast<int>(rect.x); x < static_cast<int>(rect.Right()); ++x) {
      const std::uint8_t* pixel = image.Row(y) + static_cast<std::ptrdiff_t>(x) * 3;
      if (pixel[0] == red && pixel[1] == green && pixel[2] == blue) return true;
    }
  }
  return false;
}

// How many different colours a region holds: text and shapes bring many, an empty panel one.
std::size_t Colors(const RgbImage& image, const Rect& rect) {
  std::set<std::tuple<int, int, int>> colors;
  for (int y = static_cast<int>(rect.y); y < static_cast<int>(rect.Bottom()); ++y) {
    for (int x = static_cast<int>(rect.x); x < static_cast<int>(rect.Right()); ++x) {
      const std::uint8_t* pixel = image.Row(y) + static_cast<std::ptrdiff_t>(x) * 3;
      colors.emplace(pixel[0], pixel[1], pixel[2]);
    }
  }
  return colors.size();
}

WhyPicture Why() {
  WhyPicture why;
  why.incident_id = "incident-1";
  why.person_name = "Ada Example";
  Sighting& sighting = why.sighting;
  sighting.id = "sighting-1";
  sighting.camera_name = "Front door";
  sighting.frame_width = 1280;
  sighting.frame_height = 720;
  sighting.box = {600, 200, 700, 330};
  sighting.face_count = 1;
  sighting.detector = "mtcnn f32";
  sighting.embedder = "facenet-128 i8";
  Decision& decision = sighting.decision;
  decision.outcome = Outcome::kMatch;
  decision.similarity = 0.81F;
  decision.threshold = 0.56F;
  decision.stranger_odds = 0.0003;
  decision.candidates = {{"p1", "r1", 0.81F}, {"p2", "r2", 0.31F}};
  decision.gallery = {17, 20, 5};
  decision.trace.shots.resize(3);
  for (ShotTrace& shot : decision.trace.shots) {
    shot.embedded = true;
    shot.weight = 1.0F / 3;
    shot.similarity = 0.9F;
    shot.score = 0.99F;
    shot.quality = {.score = 0.7F,
                    .face_px = 100,
                    .sharpness = 0.5F,
                    .frontal = 0.9F,
                    .brightness = 0.5F,
                    .unrecognisable = {}};
  }
  decision.trace.threshold = {.calibrated = true,
                              .floor = 0.42F,
                              .permitted_rate = 0.01,
                              .comparisons = 12.5,
                              .runner_up = 0.31F,
                              .crowding = 1,
                              .false_match_rate = 0.00002,
                              .lone_shot = false};
  decision.trace.times.detect = std::chrono::milliseconds{30};
  why.candidate_names = {"Ada Example", "Bert Example"};
  why.frame = Plain(1280, 720, 10, 120, 10);
  why.crop = Plain(160, 160, 120, 10, 10);
  why.reference = Plain(160, 160, 10, 10, 120);
  why.rate_text = [](double) { return std::string("about 1 in 3,300"); };
  return why;
}

// Where the frame, the two crops and the nine panels lie.
constexpr Rect kFrame{60, 160, 700, 440};
constexpr Rect kProbe{920, 160, 200, 200};
constexpr Rect kReference{1170, 160, 200, 200};
constexpr Rect kPanels[] = {{32, 104, 848, 551}, {900, 104, 508, 342}, {900, 466, 508, 189},
                            {32, 675, 445, 270}, {497, 675, 445, 270}, {962, 675, 445, 270},
                            {32, 965, 445, 242}, {497, 965, 445, 242}, {962, 965, 445, 242}};

TEST(DrawWhy, ShowsFrameCropsAndFilledPanels) {
  const RgbImage image = DrawWhy(Why()).Pixels();
  EXPECT_EQ(image.width, kWhyWidth);
  EXPECT_EQ(image.height, kWhyHeight);
  EXPECT_TRUE(Has(image, kFrame, 10, 120, 10));
  EXPECT_TRUE(Has(image, kFrame, 0xff, 0x8a, 0x80)) << "the box, in the colour of a match";
  EXPECT_TRUE(Has(image, kProbe, 120, 10, 10));
  EXPECT_TRUE(Has(image, kReference, 10, 10, 120));
  for (const Rect& panel : kPanels) EXPECT_GT(Colors(image, panel.Inset(4)), 20U);
  const Rect last_version{1000, 1169, 400, 20};
  EXPECT_GT(Colors(image, last_version), 10U) << "the last line of the versions has room";
}

TEST(DrawWhy, TellsOutcomesApart) {
  WhyPicture why = Why();
  why.sighting.decision.outcome = Outcome::kPossibleMatch;
  const RgbImage image = DrawWhy(why).Pixels();
  EXPECT_TRUE(Has(image, kFrame, 0xff, 0xc2, 0x66));
  EXPECT_FALSE(Has(image, kFrame, 0xff, 0x8a, 0x80)) << "red is for matches alone";
}

TEST(DrawWhy, SaysWhyAMatchWasLowered) {
  WhyPicture why = Why();
  EXPECT_FALSE(Has(DrawWhy(why).Pixels(), kPanels[5], 0xff, 0xc2, 0x66));
  why.sighting.decision.trace.threshold.lead_min = 0.05F;
  why.sighting.decision.trace.threshold.lone_shot = true;
  why.sighting.decision.trace.threshold.near_equal = true;
  why.sighting.decision.trace.threshold.disputed = true;
  EXPECT_TRUE(Has(DrawWhy(why).Pixels(), kPanels[5], 0xff, 0xc2, 0x66)) << "the last row has room";
}

TEST(DrawWhy, SaysHowMuchWasKnown) {
  WhyPicture why = Why();
  const Rect line{60, 1145, 400, 24};
  const RgbImage before = DrawWhy(why).Pixels();
  why.sighting.decision.trace.evidence = {.judgements = 2,
                                          .seen = std::chrono::milliseconds{1'200},
                                          .quality = 2.1F,
                                          .quality_min = 1.2F};
  EXPECT_GT(Colors(DrawWhy(why).Pixels(), line), Colors(before, line));
}

TEST(DrawWhy, SaysWhatIsMissing) {
  WhyPicture why = Why();
  why.frame = why.crop = why.reference = {};
  why.frame_missing = why.crop_missing = "Not kept any more";
  why.reference_missing = "This person was deleted since, with the photos and all that was theirs";
  why.person_deleted = true;
  why.candidate_names.clear();
  why.sighting.decision.candidates.clear();
  why.sighting.decision.trace = {};
  const RgbImage image = DrawWhy(why).Pixels();
  EXPECT_FALSE(Has(image, kFrame, 10, 120, 10));
  for (const Rect& place : {kFrame, kProbe, kReference}) {
    EXPECT_GT(Colors(image, place), 10U) << "words in its place";
  }
}

TEST(DrawWhy, StaysInShapeWithWildValues) {
  WhyPicture why = Why();
  why.person_name = std::string(5'000, 'W');
  why.candidate_names = {std::string("\xff\xfe"), "\nnew line"};
  why.sighting.camera_name = "محمد " + std::string(300, 'x');
  why.sighting.box = {-500, -500, 5'000, 5'000};
  why.sighting.decision.similarity = 3;
  why.sighting.decision.threshold = -1;
  why.sighting.decision.candidates.resize(10, {"p", "r", 0.5F});
  why.sighting.decision.trace.shots.resize(40);
  why.sighting.decision.trace.threshold.lone_shot = true;
  const RgbImage image = DrawWhy(why).Pixels();
  EXPECT_EQ(image.width, kWhyWidth);
  // The margins stay empty.
  EXPECT_EQ(Colors(image, {0, 0, 31, kWhyHeight}), 1U);
  EXPECT_EQ(Colors(image, {kWhyWidth - 31, 0, 31, kWhyHeight}), 1U);
}

ExplainPhoto Photo() {
  ExplainPhoto photo;
  photo.name = "ada.jpg";
  photo.image = Plain(300, 400, 10, 120, 10);
  photo.levels = {{90, 120, 31}, {64, 85, 12}, {45, 60, 3}};
  const Detection face{.box = {100, 100, 200, 230},
                       .score = 0.99F,
                       .landmarks = {{{130, 150}, {170, 150}, {150, 175}, {135, 200}, {165, 200}}}};
  photo.stages = {{"P-Net", {face, face}}, {"R-Net", {face}}, {"O-Net", {face}}};
  photo.face = face;
  photo.quality.score = 0.7F;
  photo.crop = Plain(160, 160, 120, 10, 10);
  photo.embedding.assign(128, 0.0884F);
  photo.embedding[0] = -0.0884F;
  return photo;
}

TEST(DrawExplain, GrowsWithTheSecondPhoto) {
  ExplainPicture explain;
  explain.photos = {Photo()};
  explain.models = "mtcnn, facenet-128";
  const RgbImage one = DrawExplain(explain).Pixels();
  EXPECT_EQ(one.width, 824);
  explain.photos.push_back(Photo());
  explain.floor = 0.42;
  explain.thresholds = {{"needed among 1 person", 0.42}, {"among 100 people", 0.63}};
  explain.similarity = 0.8;
  explain.verdict = "Alike enough.";
  const RgbImage two = DrawExplain(explain).Pixels();
  EXPECT_EQ(two.width, 1604);
  EXPECT_GT(two.height, one.height) << "the comparison stands below";
  const Rect comparison{40, one.height - 50.0, 1500, two.height - one.height - 10.0};
  EXPECT_TRUE(Has(two, comparison, 0x7d, 0xdc, 0x9a)) << "the similarity's bar";
}

TEST(DrawExplain, ShowsEveryStepInItsColour) {
  ExplainPicture explain;
  explain.photos = {Photo()};
  const RgbImage image = DrawExplain(explain).Pixels();
  const Rect stages{48, 104 + 280 + 20 + 50, 728, 262};
  EXPECT_TRUE(Has(image, stages, 10, 120, 10)) << "the photo";
  EXPECT_TRUE(Has(image, stages, 0x7d, 0xdc, 0x9a)) << "O-Net's box";
  EXPECT_TRUE(Has(image, {0, stages.Bottom(), 824, 300}, 120, 10, 10)) << "the crop";
  const Rect strip{48, image.height - 150.0, 728, 70};
  EXPECT_TRUE(Has(image, strip, 0xff, 0xc2, 0x66)) << "numbers above zero";
}

TEST(DrawExplain, TakesADetectorOfOneNetwork) {
  ExplainPhoto photo = Photo();
  photo.levels.clear();
  photo.stages = {{"yunet", {*photo.face}}};
  ExplainPicture explain;
  explain.photos = {photo};
  const RgbImage image = DrawExplain(explain).Pixels();
  const Rect first_place{48, 104 + 280 + 20 + 50, 233, 262};
  EXPECT_TRUE(Has(image, first_place, 0x7d, 0xdc, 0x9a)) << "its boxes are found faces";
  EXPECT_EQ(Colors(image, {300, first_place.y, 470, 262}), 1U) << "no further networks";
}

TEST(DrawExplain, ShowsHowFarAPhotoWithoutAFaceCame) {
  ExplainPhoto photo = Photo();
  photo.face.reset();
  photo.crop = {};
  photo.embedding.clear();
  photo.stages[2].candidates.clear();
  ExplainPicture explain;
  explain.photos = {photo, Photo()};
  const RgbImage image = DrawExplain(explain).Pixels();
  explain.photos = {Photo(), Photo()};
  EXPECT_LT(image.height, DrawExplain(explain).Pixels().height) << "nothing to compare";
}

TEST(Score, HasThreeDecimals) { EXPECT_EQ(Score(0.8F), "0.800"); }

}  // namespace
}  // namespace vigil::drawing
