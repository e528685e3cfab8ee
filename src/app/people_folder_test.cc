// Tests of how a folder names its people.
#include "app/people_folder.h"

#include <gtest/gtest.h>

namespace vigil::app {
namespace {

TEST(PersonOfPath, IsTheFolderOfThePhoto) {
  EXPECT_EQ(PersonOfPath("people", "people/Jane Roe/1.jpg"), "Jane Roe");
  EXPECT_EQ(PersonOfPath("people", "people/Jane Roe/2024/1.jpg"), "Jane Roe");
}

TEST(PersonOfPath, OrTheFileNameWithoutItsNumber) {
  EXPECT_EQ(PersonOfPath("people", "people/obama2.jpg"), "obama");
  EXPECT_EQ(PersonOfPath("people", "people/Jane_Roe_0001.jpg"), "Jane_Roe");
  EXPECT_EQ(PersonOfPath("people/", "people/alex-lacamoire.png"), "alex-lacamoire");
}

TEST(PersonOfPath, ANumberAloneIsAName) {
  EXPECT_EQ(PersonOfPath("people", "people/007.jpg"), "007");
}

}  // namespace
}  // namespace vigil::app
