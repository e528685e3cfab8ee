// Tests of the log files: one line a message, valid JSON, repeats held back.
#include "base/log.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <vector>

#include "base/json.h"

namespace vigil {
namespace {

using namespace std::chrono_literals;

class LogTest : public ::testing::Test {
 protected:
  void Open(bool as_json, LogLevel level = LogLevel::kInfo) {
    std::string name = (std::filesystem::temp_directory_path() / "vigil-log-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
    ASSERT_TRUE(
        OpenLog(
            {.directory = folder_, .level = level, .json = as_json, .stderr_level = LogLevel::kOff})
            .has_value());
  }
  std::vector<std::string> Lines() const {
    std::ifstream file(folder_ / "vigil.log");
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
  }
  std::filesystem::path folder_;
};

TEST_F(LogTest, JsonSurvivesQuotesAndLineEnds) {
  Open(true);
  LogInfo("camera", "said \"{}\"\nand more", "hello");
  const auto lines = Lines();
  ASSERT_EQ(lines.size(), 1U);
  const auto parsed = ParseJson(lines[0]);
  EXPECT_TRUE(parsed.has_value()) << lines[0];
}

TEST_F(LogTest, TextKeepsForeignLineEndsOnOneLine) {
  Open(false);
  LogInfo("camera", "first\nsecond");
  EXPECT_EQ(Lines().size(), 1U);
}

TEST_F(LogTest, HonoursTheLevel) {
  Open(false, LogLevel::kWarning);
  LogInfo("camera", "quiet");
  LogError("camera", "loud");
  EXPECT_EQ(Lines().size(), 1U);
}

TEST_F(LogTest, LimiterCountsWhatItHeldBack) {
  Open(false);
  ManualClock clock;
  LogLimiter limiter(clock);
  for (int i = 0; i < 5; ++i) limiter.Write(LogLevel::kError, "camera", "refused");
  clock.Advance(1s);
  limiter.Write(LogLevel::kError, "camera", "refused");
  const auto lines = Lines();
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_NE(lines[1].find("4 like it"), std::string::npos);
}

TEST(Log, NamesAFolderItCannotWrite) {
  const auto opened = OpenLog({.directory = "/proc/vigil-logs", .stderr_level = LogLevel::kOff});
  ASSERT_FALSE(opened.has_value());
  EXPECT_NE(opened.error().message.find("/proc/vigil-logs"), std::string::npos);
}

}  // namespace
}  // namespace vigil
