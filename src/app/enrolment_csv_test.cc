// Lists as spreadsheets write them, and where they are wrong.
#include "app/enrolment_csv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vigil::app {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

Result<std::vector<PlannedPhoto>> Parse(std::string_view text) {
  return ParseEnrolmentCsv(text, "people.csv", "/photos");
}

std::string FaultOf(std::string_view text) {
  const auto parsed = Parse(text);
  return parsed ? "none" : parsed.error().message;
}

TEST(EnrolmentCsv, ReadsEveryColumnInAnyOrder) {
  const auto photos = Parse(
      "Photo,Lists,NAME,reason,notes\n"
      "ada/1.jpg,banned| guests |,Ada Lovelace,theft,tall\n"
      "/elsewhere/eve.png,,Eve,,\n");
  ASSERT_EQ(photos->size(), 2U);
  const PlannedPhoto& ada = photos->front();
  EXPECT_EQ(ada.path, "/photos/ada/1.jpg");
  EXPECT_EQ(ada.person, "Ada Lovelace");
  EXPECT_EQ(ada.reason, "theft");
  EXPECT_EQ(ada.notes, "tall");
  EXPECT_THAT(ada.lists, ElementsAre("banned", "guests"));
  EXPECT_EQ(photos->back().path, "/elsewhere/eve.png");
  EXPECT_EQ(photos->back().where, "people.csv:3:1");
}

TEST(EnrolmentCsv, WhatOneLineSaysOfAPersonHoldsForAllPhotos) {
  const auto photos = Parse(
      "name,photo,reason,notes\n"
      "Ada,1.jpg,,tall\n"
      "Ada,2.jpg,theft,\n"
      "Eve,3.jpg,,\n"
      "Ada,4.jpg,fraud,short\n");
  ASSERT_EQ(photos->size(), 4U);
  for (const std::size_t i : {0UZ, 1UZ, 3UZ}) {
    EXPECT_EQ((*photos)[i].reason, "theft") << "the first one said";
    EXPECT_EQ((*photos)[i].notes, "tall");
  }
  EXPECT_EQ((*photos)[2].reason, "");
}

TEST(EnrolmentCsv, UnderstandsQuotesLineEndsMarksAndSeparators) {
  const auto quoted = Parse("name,photo\r\n\"Roe, \"\"Jane\"\"\",\"a\nb.jpg\"\r\n\r\nJ,c.jpg");
  ASSERT_EQ(quoted->size(), 2U);
  EXPECT_EQ(quoted->front().person, "Roe, \"Jane\"");
  EXPECT_EQ(quoted->front().path, "/photos/a\nb.jpg");
  EXPECT_EQ(quoted->back().where, "people.csv:5:3");
  EXPECT_EQ(Parse("\xEF\xBB\xBFname;photo\nJosé;a.jpg\n")->front().person, "José");
  EXPECT_EQ(Parse("name\tphoto\nA, B\ta.jpg\n")->front().person, "A, B");
}

TEST(EnrolmentCsv, NamesLineAndColumnOfEveryFault) {
  EXPECT_THAT(FaultOf("name,photo\nAda\n,b.jpg\nÖdön,\nEve,e.jpg\n"),
              AllOf(HasSubstr("people.csv:2:1: this line has 1 columns, the first has 2"),
                    HasSubstr("people.csv:3:1: the name is empty"),
                    HasSubstr("people.csv:4:6: the photo is empty"), Not(HasSubstr(":5:"))));
  EXPECT_THAT(FaultOf("name,photo\nAda,\"a.jpg\nEve,e.jpg\n"),
              HasSubstr("people.csv:2:5: this quote is never closed"));
  EXPECT_THAT(FaultOf("name,photo\n\"Ada\"x,a.jpg\n,b.jpg\n"),
              AllOf(HasSubstr("people.csv:2:1: text follows the closing quote"),
                    HasSubstr("people.csv:3:1: the name is empty")));
  EXPECT_THAT(FaultOf("name,photo\nA\xE9,a.jpg\n"), HasSubstr("2:1: the name is not UTF-8"));
}

TEST(EnrolmentCsv, NamesWhatIsWrongWithTheColumns) {
  EXPECT_THAT(FaultOf("name,fhoto\nAda,a.jpg\n"),
              HasSubstr("people.csv:1:6: fhoto is no column; did you mean photo?"));
  EXPECT_THAT(FaultOf("name,photo,name\n"), HasSubstr("people.csv:1:12: the column name is there "
                                                      "twice"));
  EXPECT_THAT(FaultOf("name\nAda\n"), HasSubstr("people.csv:1:1: the first line names the columns, "
                                                "and photo is not among them"));
  EXPECT_THAT(FaultOf(""), HasSubstr("people.csv:1:1"));
}

TEST(EnrolmentCsv, TellsNotMoreThanTwentyFaults) {
  std::string text = "name,photo\n";
  for (int i = 0; i < 100; ++i) text += ",a.jpg\n";
  EXPECT_THAT(FaultOf(text), AllOf(HasSubstr("people.csv:21:1"), HasSubstr("and more"),
                                   Not(HasSubstr("people.csv:22:1"))));
}

}  // namespace
}  // namespace vigil::app
