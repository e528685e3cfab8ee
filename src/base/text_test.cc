// Tests of the small text forms: times, identifiers, masked URLs, JSON, errors.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <regex>
#include <set>

#include "base/json.h"
#include "base/result.h"
#include "base/secret.h"
#include "base/time_text.h"
#include "base/trimmed.h"
#include "base/utf8.h"
#include "base/uuid.h"

namespace vigil {
namespace {

using namespace std::chrono_literals;

TEST(TimeText, WritesMilliseconds) {
  EXPECT_EQ(FormatTime(WallTime{1'700'000'000'123ms}), "2023-11-14T22:13:20.123Z");
}

TEST(TimeText, ReadsOffsetsAndFractions) {
  EXPECT_EQ(ParseTime("2023-11-14T22:13:20Z"), WallTime{1'700'000'000'000ms});
  EXPECT_EQ(ParseTime("2023-11-14T23:13:20.5+01:00"), WallTime{1'700'000'000'500ms});
  EXPECT_EQ(ParseTime("2023-11-14t22:13:20.123456789z"), WallTime{1'700'000'000'123ms});
  // What people write for "never"; nanoseconds would end in 2262.
  EXPECT_EQ(ParseTime("9999-12-31T23:59:59Z"), WallTime{253'402'300'799'000ms});
}

TEST(TimeText, RefusesWhatIsNoTime) {
  for (const auto* text :
       {"", "yesterday", "2023-11-14", "2023-13-14T22:13:20Z", "2023-11-14T22:13:20",
        "2023-11-14T22:13:20Zx", "2023-11-14 22:13:20Z"}) {
    EXPECT_FALSE(ParseTime(text).has_value()) << text;
  }
}

RC_GTEST_PROP(TimeText, RoundTrips, ()) {
  const WallTime time{
      std::chrono::milliseconds{*rc::gen::inRange<std::int64_t>(0, 4'102'444'800'000)}};
  RC_ASSERT(ParseTime(FormatTime(time)).value() == time);
}

TEST(Trimmed, TakesBlanksFromBothEndsOnly) {
  EXPECT_EQ(Trimmed(" \t a b\t "), "a b");
  EXPECT_EQ(Trimmed("\ta ", " "), "\ta");
  EXPECT_EQ(Trimmed(" \t "), "");
  EXPECT_EQ(Trimmed(""), "");
}

TEST(Uuid, HasVersionAndVariant) {
  const ManualClock clock;
  const std::regex form("[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");
  EXPECT_TRUE(std::regex_match(MakeUuid(clock), form));
}

TEST(Uuid, DerivedFromAnotherIsAlwaysTheSame) {
  const ManualClock clock;
  const std::string id = MakeUuid(clock);
  const std::string next = MakeUuid(clock);
  const std::string derived = DeriveUuid(id, "incident");
  const std::regex form("[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");
  EXPECT_TRUE(std::regex_match(derived, form)) << derived;
  EXPECT_EQ(derived, DeriveUuid(id, "incident"));
  EXPECT_NE(derived, id);
  EXPECT_NE(derived, DeriveUuid(id, "alert/phone"));
  EXPECT_LT(derived, DeriveUuid(next, "incident"));
}

TEST(Uuid, RisesWithinAMillisecondAndWhenTheClockIsSetBack) {
  const ManualClock late(WallTime{2'000'000'000'000ms});
  const ManualClock early(WallTime{1'000'000'000'000ms});
  std::string last;
  for (int i = 0; i < 10'000; ++i) {
    const std::string id = MakeUuid(i % 2 == 0 ? static_cast<const Clock&>(late) : early);
    EXPECT_LT(last, id);
    last = id;
  }
}

TEST(MaskUrl, HidesCredentialsAndQueries) {
  EXPECT_EQ(MaskUrl("rtsp://admin:p%40ss@10.0.0.1:554/ch1?token=abc"),
            "rtsp://***@10.0.0.1:554/ch1?***");
  EXPECT_EQ(MaskUrl("rtsp://10.0.0.1/a@b"), "rtsp://10.0.0.1/a@b");
  EXPECT_EQ(MaskUrl("rtsp://us@er:pw@host/"), "rtsp://***@host/");
  EXPECT_EQ(MaskUrl("/videos/clip.mp4"), "/videos/clip.mp4");
}

TEST(MaskUrl, HidesPasswordsWithRawDelimiters) {
  for (const auto* password : {"12/34", "p?w", "p#w", "p@s/s", "p@s?s"}) {
    const std::string login = std::string("admin:") + password;
    EXPECT_EQ(MaskUrl("rtsp://" + login + "@host/x"), "rtsp://***@host/x") << password;
    EXPECT_EQ(MaskUrl(login + "@host/x"), "***@host/x") << password;
  }
}

TEST(Json, RefusesRubbishAfterTheEnd) {
  EXPECT_TRUE(ParseJson(R"({"a":[1,2]})").has_value());
  for (const auto* text : {"", "{", "{} x", "\xff", "nul"}) {
    const auto parsed = ParseJson(text);
    ASSERT_FALSE(parsed.has_value()) << text;
    EXPECT_EQ(parsed.error().code, ErrorCode::kInvalidArgument);
  }
}

TEST(Json, RefusesDeepNesting) {
  EXPECT_FALSE(ParseJson(std::string(100, '[') + std::string(100, ']')).has_value());
}

TEST(Json, WritesNumbersAsPeopleDo) {
  const json::value value = {{"a", {0.25, 1e-7, 3, ShortDecimal(0.1F)}}, {"b\"", nullptr}};
  EXPECT_EQ(WriteJson(value), R"({"a":[0.25,1e-07,3,0.1],"b\"":null})");
  EXPECT_EQ(WriteJson(json::value(std::nan(""))), "null");
}

RC_GTEST_PROP(Json, WrittenTextReadsBack, (const std::vector<double>& numbers)) {
  const auto text = WriteJson(json::value_from(numbers));
  const auto read = json::value_to<std::vector<double>>(ParseJson(text).value());
  RC_ASSERT(read.size() == numbers.size());
  for (std::size_t i = 0; i < read.size(); ++i) {
    // Boost.JSON may read the last binary digit wrong.
    RC_ASSERT(std::abs(read[i] - numbers[i]) <= 1e-14 * std::abs(numbers[i]));
  }
}

TEST(Utf8, TellsTextFromOtherBytes) {
  EXPECT_TRUE(IsUtf8(""));
  EXPECT_TRUE(IsUtf8("J\xC3\xB6rg \xE2\x82\xAC \xF0\x9F\x99\x82 \xF4\x8F\xBF\xBF"));
  for (const char* wrong : {"J\xF6rg",           // Latin-1
                            "\xC0\xAF",          // overlong
                            "\xE0\x9F\xBF",      // overlong
                            "\xF0\x8F\xBF\xBF",  // overlong
                            "\xED\xA0\x80",      // a surrogate
                            "\xF4\x90\x80\x80",  // beyond the last character
                            "\x80", "\xE2\x82", "\xFF"}) {
    EXPECT_FALSE(IsUtf8(wrong)) << testing::PrintToString(std::string(wrong));
  }
}

Result<int> Half(int value) {
  if (value % 2 != 0) return Fail(ErrorCode::kInvalidArgument, "odd");
  return value / 2;
}

Result<int> Quarter(int value) {
  VIGIL_ASSIGN_OR_RETURN(const int half, Half(value));
  auto quarter = Half(half);
  if (!quarter) return Annotate(quarter.error(), "second half");
  return *quarter;
}

TEST(Result, PassesErrorsOnWithContext) {
  EXPECT_EQ(Quarter(8), 2);
  EXPECT_EQ(Quarter(3).error().message, "odd");
  EXPECT_EQ(Quarter(6).error().message, "second half: odd");
}

TEST(Result, CopyOfABoolKeepsTheValue) {
  Result<bool> no = false;
  Result<bool> copy = no;
  EXPECT_FALSE(*copy);
}

}  // namespace
}  // namespace vigil
