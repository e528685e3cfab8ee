// How progress is worded.
#include "app/progress.h"

#include <gtest/gtest.h>

namespace vigil::app {
namespace {

using std::chrono::milliseconds;

TEST(ProgressText, TellsSpeedAndWhatIsLeft) {
  EXPECT_EQ(ProgressText(100, 400, "files", milliseconds(10'000)),
            "100 of 400 files, 10.0 a second, about 30 s left");
  EXPECT_EQ(ProgressText(100, 4000, "files", milliseconds(10'000)),
            "100 of 4000 files, 10.0 a second, about 6 min left");
  EXPECT_EQ(ProgressText(100, 400'000, "files", milliseconds(10'000)),
            "100 of 400000 files, 10.0 a second, about 11.1 h left");
}

TEST(ProgressText, PromisesNothingEarlyAndNothingAtTheEnd) {
  EXPECT_EQ(ProgressText(3, 400, "files", milliseconds(10'000)), "3 of 400 files");
  EXPECT_EQ(ProgressText(50, 400, "files", milliseconds(500)), "50 of 400 files");
  EXPECT_EQ(ProgressText(400, 400, "files", milliseconds(40'000)),
            "400 of 400 files, 10.0 a second");
}

}  // namespace
}  // namespace vigil::app
