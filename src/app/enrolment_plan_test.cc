// What a folder asks to enrol, by what it is.
#include "app/enrolment_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "fakes/temporary_folder.h"

namespace vigil::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

class PlanOfFolder : public testing::Test {
 protected:
  void Write(const std::string& path, const std::string& text = "x") {
    std::filesystem::create_directories((folder_.Path() / path).parent_path());
    std::ofstream(folder_.Path() / path) << text;
  }

  std::vector<std::pair<std::string, std::string>> People(const EnrolmentPlan& plan) {
    std::vector<std::pair<std::string, std::string>> people;
    for (const PlannedPhoto& photo : plan.photos) {
      people.emplace_back(photo.path.lexically_relative(folder_.Path()).string(), photo.person);
    }
    return people;
  }

  TemporaryFolder folder_;
};

TEST_F(PlanOfFolder, NamesPeopleAfterTheirFolders) {
  Write("Eve/b.PNG");
  Write("Ada/2.jpg");
  Write("Ada/more/1.webp");
  Write("Bob_0001.jpeg");
  Write("Ada/notes.txt");
  Write("Ada/old.heic");
  const auto plan = PlanEnrolment(folder_.Path() / "");
  EXPECT_THAT(People(*plan), ElementsAre(Pair("Ada/2.jpg", "Ada"), Pair("Ada/more/1.webp", "Ada"),
                                         Pair("Bob_0001.jpeg", "Bob"), Pair("Eve/b.PNG", "Eve")));
  ASSERT_EQ(plan->passed_over.size(), 2U);
  EXPECT_FALSE(plan->passed_over[0].a_picture);
  EXPECT_TRUE(plan->passed_over[1].a_picture);
  EXPECT_THAT(plan->passed_over[1].why, HasSubstr("save it as JPEG"));
}

TEST_F(PlanOfFolder, LeavesOutWhatFrigateHasNotNamed) {
  Write("clips/faces/ada/ada-k3j2.webp");
  Write("clips/faces/train/1712.123-abc-unknown-0.0.webp");
  Write("clips/front-door.jpg");
  const auto plan = PlanEnrolment(folder_.Path());
  EXPECT_THAT(People(*plan), ElementsAre(Pair("clips/faces/ada/ada-k3j2.webp", "ada")));
  ASSERT_EQ(plan->passed_over.size(), 1U);
  EXPECT_FALSE(plan->passed_over[0].a_picture);
  EXPECT_THAT(plan->passed_over[0].why, HasSubstr("nobody has named"));
  EXPECT_EQ(PlanEnrolment(folder_.Path() / "clips" / "faces")->photos.size(), 1U);
}

TEST_F(PlanOfFolder, FollowsLinksToFoldersOnce) {
  Write("Ada/1.jpg");
  std::filesystem::create_directory_symlink(folder_.Path(), folder_.Path() / "Ada" / "loop");
  TemporaryFolder elsewhere;
  std::ofstream(elsewhere.Path() / "2.jpg") << "photo";
  std::filesystem::create_directory_symlink(elsewhere.Path(), folder_.Path() / "Eve");
  EXPECT_THAT(People(*PlanEnrolment(folder_.Path())),
              ElementsAre(Pair("Ada/1.jpg", "Ada"), Pair("Eve/2.jpg", "Eve")));
}

TEST_F(PlanOfFolder, PutsCompreFacesAnswersAndPicturesTogether) {
  Write("faces-0.json",
        R"({"faces":[{"image_id":"11-22","subject":"Ada"},{"image_id":"33","subject":"Eve"}],
            "page_number":0,"page_size":2,"total_pages":2,"total_elements":3})");
  Write("faces-1.json", R"({"faces":[{"image_id":"44","subject":"Eve"}]})");
  Write("11-22.jpg");
  Write("33");
  Write("55.jpg");
  const auto plan = PlanEnrolment(folder_.Path() / "");
  EXPECT_THAT(People(*plan), ElementsAre(Pair("11-22.jpg", "Ada"), Pair("33", "Eve")));
  ASSERT_EQ(plan->passed_over.size(), 2U);
  EXPECT_THAT(plan->passed_over[0].why, HasSubstr("no image_id"));
  EXPECT_TRUE(plan->passed_over[1].a_picture);
  EXPECT_THAT(plan->passed_over[1].why, HasSubstr("/api/v1/recognition/faces/44/img"));
}

TEST_F(PlanOfFolder, TellsWhatIsNoAnswerOfCompreFace) {
  Write("faces.json", R"({"subjects":[]})");
  EXPECT_THAT(PlanEnrolment(folder_.Path()).error().message, HasSubstr("no answer of CompreFace"));
  Write("faces.json", R"({"faces":[{"image_id":3}]})");
  EXPECT_THAT(PlanEnrolment(folder_.Path()).error().message, HasSubstr("face 1 has no image_id"));
}

TEST_F(PlanOfFolder, ReadsListsBesideTheirPhotos) {
  Write("people.csv", "name,photo\nAda,ada.jpg\n");
  EXPECT_THAT(People(*PlanEnrolment(folder_.Path() / "people.csv")),
              ElementsAre(Pair("ada.jpg", "Ada")));
}

TEST_F(PlanOfFolder, SaysWhatToGiveInstead) {
  EXPECT_THAT(PlanEnrolment(folder_.Path()).error().message, HasSubstr("holds no photo"));
  EXPECT_THAT(PlanEnrolment(folder_.Path() / "none").error().message,
              HasSubstr("cannot be opened"));
  Write("ada.jpg");
  EXPECT_THAT(PlanEnrolment(folder_.Path() / "ada.jpg").error().message,
              HasSubstr("vigil enroll NAME"));
}

}  // namespace
}  // namespace vigil::app
