// The report page: everybody in it, nothing from elsewhere, nothing dangerous, never too large.
#include "app/watch_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vigil::app {
namespace {

using pipeline::Occasion;
using pipeline::TrackOutcome;
using std::chrono::milliseconds;
using ::testing::HasSubstr;
using ::testing::Not;

TrackOutcome Seen(std::int64_t track, Outcome outcome, const std::string& name, int from_ms,
                  int to_ms, Occasion occasion = Occasion::kChanged) {
  TrackOutcome told;
  told.track_id = track;
  told.occasion = occasion;
  told.decision.outcome = outcome;
  told.decision.similarity = 0.71F;
  told.decision.threshold = 0.63F;
  told.decision.stranger_odds = 0.00025;
  told.decision.candidates = {{"id of " + name, "r", 0.71F}};
  told.person_name = name;
  told.first_pts = milliseconds{from_ms};
  told.last_pts = milliseconds{to_ms};
  told.best.crop.image = {160, 160, std::vector<std::uint8_t>(160 * 160 * 3, 90)};
  return told;
}

std::string Page(const WatchReport& report) {
  return report.Html({.source = "clip.mp4",
                      .models = "mtcnn and facenet-128.",
                      .people_enrolled = 3,
                      .written_at = {}});
}

std::size_t Count(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST(WatchReport, TellsWhoWhenAndHowSure) {
  WatchReport report;
  report.Take(Seen(1, Outcome::kMatch, "Ada", 1'000, 2'000));
  report.Take(Seen(1, Outcome::kMatch, "Ada", 1'000, 62'400, Occasion::kEnded));
  report.Take(Seen(2, Outcome::kPossibleMatch, "Bert", 70'000, 80'000));
  const std::string page = Page(report);
  EXPECT_THAT(page, HasSubstr("Who appeared in clip.mp4"));
  EXPECT_THAT(page, HasSubstr("<h3>Ada</h3>"));
  EXPECT_THAT(page, HasSubstr("0:01.0 to 1:02.4"));
  EXPECT_THAT(page, HasSubstr("<b>0.710</b>, needed 0.630"));
  EXPECT_THAT(page, HasSubstr("about 1 in 4,000"));
  EXPECT_THAT(page, HasSubstr("<b>1</b><span>of 3 enrolled recognised</span>"));
  EXPECT_THAT(page, HasSubstr("<b>1</b><span>perhaps recognised</span>"));
  EXPECT_EQ(Count(page, "data:image/jpeg;base64,/9j/"), 2U);
}

TEST(WatchReport, PlacesAppearancesOnTheTimeline) {
  WatchReport report;
  report.Take(Seen(1, Outcome::kMatch, "Ada", 25'000, 50'000, Occasion::kEnded));
  report.Take(Seen(2, Outcome::kStranger, "", 90'000, 100'000, Occasion::kEnded));
  EXPECT_THAT(Page(report), HasSubstr("class=\"match\" style=\"left:25.00%;width:25.00%\""));
  EXPECT_THAT(Page(report), HasSubstr("class=\"stranger\" style=\"left:90.00%;width:10.00%\""));
}

TEST(WatchReport, CountsStrangersWithoutPictures) {
  WatchReport report;
  report.Take(Seen(1, Outcome::kStranger, "", 0, 1'000));
  report.Take(Seen(1, Outcome::kStranger, "", 0, 2'000, Occasion::kEnded));
  report.Take(Seen(2, Outcome::kStranger, "", 0, 2'000, Occasion::kEnded));
  TrackOutcome poor = Seen(3, Outcome::kUnrecognisable, "", 0, 1, Occasion::kEnded);
  poor.decision.reason = UnrecognisableReason::kTooSmall;
  report.Take(poor);
  const std::string page = Page(report);
  EXPECT_THAT(page, HasSubstr("<b>2</b><span>strangers (tracks)</span>"));
  EXPECT_THAT(page, HasSubstr("<b>1</b><span>not recognisable: 1 too small</span>"));
  EXPECT_THAT(page, HasSubstr("Nobody who is enrolled was recognised."));
  EXPECT_THAT(page, Not(HasSubstr("data:image")));
}

TEST(WatchReport, EscapesEveryTextFromOutside) {
  WatchReport report;
  report.Take(Seen(1, Outcome::kMatch, "<script>alert(1)</script> & \"co\"", 0, 1));
  const std::string page = report.Html({.source = "<img src=x onerror=alert(1)>",
                                        .models = "<b>",
                                        .people_enrolled = 1,
                                        .written_at = {}});
  EXPECT_THAT(page, Not(HasSubstr("<script")));
  EXPECT_THAT(page, Not(HasSubstr("<img src=x")));
  EXPECT_THAT(page, HasSubstr("&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;co&quot;"));
}

TEST(WatchReport, LoadsNothingFromElsewhere) {
  WatchReport report;
  report.Take(Seen(1, Outcome::kMatch, "Ada", 0, 1));
  const std::string page = Page(report);
  EXPECT_THAT(page, HasSubstr("default-src 'none'; img-src data:"));
  EXPECT_THAT(page, Not(HasSubstr("http://")));
  EXPECT_THAT(page, Not(HasSubstr("https://")));
  EXPECT_THAT(page, Not(HasSubstr("<link")));
}

TEST(WatchReport, IsBounded) {
  WatchReport report;
  for (int track = 0; track < 1'500; ++track) {
    report.Take(Seen(track, Outcome::kMatch, "Ada", track * 10, track * 10 + 5, Occasion::kEnded));
  }
  const std::string page = Page(report);
  EXPECT_EQ(Count(page, "data:image/jpeg"), WatchReport::kPicturesMax);
  EXPECT_EQ(Count(page, "<article>"), WatchReport::kAppearancesMax);
  EXPECT_THAT(page, HasSubstr("500 further faces are not listed"));
  EXPECT_LT(page.size(), 4'000'000U);
}

}  // namespace
}  // namespace vigil::app
