// Enrolment by name, and mix-ups among what is enrolled, through the API.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/api_fixture.h"

namespace vigil::api {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kEnroll = "/api/v1/criminals/enroll";
constexpr const char* kResemblances = "/api/v1/criminals/resemblances";
constexpr Color kRed{220, 20, 20};
constexpr Color kBlue{20, 20, 220};
// Another picture of the same colour, and so of the same person.
constexpr Color kOtherRed{221, 21, 21};

class EnrolmentByNameTest : public ApiTest {
 protected:
  HttpResponse Enrol(const std::string& name, const std::string& photo,
                     std::vector<std::pair<std::string, std::string>> fields = {}) {
    fields.emplace_back("name", name);
    return Upload(kEnroll, AdminToken(), photo, fields);
  }
  json::value Resemblances(const std::vector<std::string>& persons) {
    const HttpResponse response = Ask(
        Method::kPost, kResemblances, OperatorToken(),
        json::serialize(json::object{{"persons", json::array(persons.begin(), persons.end())}}));
    EXPECT_EQ(response.status, 200) << response.body;
    return Json(response);
  }
  std::size_t People() {
    return Json(Ask(Method::kGet, "/api/v1/criminals", AdminToken()))
        .at("items")
        .get_array()
        .size();
  }
  std::size_t AuditLines() {
    return Json(Ask(Method::kGet, "/api/v1/audit?limit=200", AdminToken()))
        .at("items")
        .get_array()
        .size();
  }
};

TEST_F(EnrolmentByNameTest, MakesThePersonAndAddsToThem) {
  const HttpResponse first = Enrol("Jan", PhotoBytes(kRed), {{"reason", "theft"}});
  ASSERT_EQ(first.status, 201) << first.body;
  EXPECT_EQ(Json(first).at("person_created"), true);
  EXPECT_EQ(Json(first).at("already_enrolled"), false);
  EXPECT_EQ(Json(first).at("photo").at("id"), Json(first).at("photo_id"));
  const HttpResponse second = Enrol("Jan", PhotoBytes(kBlue), {{"reason", "other"}});
  EXPECT_EQ(Json(second).at("person_created"), false);
  EXPECT_EQ(Json(second).at("person_id"), Json(first).at("person_id"));
  const std::string person(Json(first).at("person_id").as_string());
  const json::value stored = Json(Ask(Method::kGet, "/api/v1/criminals/" + person, AdminToken()));
  EXPECT_EQ(stored.at("reason"), "theft");
  EXPECT_EQ(stored.at("photos").get_array().size(), 2U);
  EXPECT_EQ(gallery_->Info().references, 2U);
}

TEST_F(EnrolmentByNameTest, TheSameFileAgainChangesNothingAtAll) {
  const json::value first = Json(Enrol("Jan", PhotoBytes(kRed)));
  const auto sequence = gallery_->Info().sequence;
  const std::size_t lines = AuditLines();
  const HttpResponse again = Enrol("Jan", PhotoBytes(kRed));
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(Json(again).at("already_enrolled"), true);
  EXPECT_EQ(Json(again).at("photo_id"), first.at("photo_id"));
  EXPECT_TRUE(Json(again).at("photo").is_null());
  EXPECT_EQ(gallery_->Info().sequence, sequence);
  EXPECT_EQ(AuditLines(), lines);
}

TEST_F(EnrolmentByNameTest, ARefusedPhotoLeavesNobodyBehind) {
  const HttpResponse none = Enrol("Jan", PhotoBytes(kRed, PhotoKind::kNoFace));
  EXPECT_EQ(none.status, 422);
  EXPECT_EQ(Json(none).at("code"), "no_face");
  EXPECT_EQ(Enrol("Jan", "no picture").status, 415);
  EXPECT_EQ(People(), 0U);
}

TEST_F(EnrolmentByNameTest, FieldsAreCheckedAsForAPerson) {
  const HttpResponse wrong = Enrol(" ", PhotoBytes(kRed), {{"severity", "huge"}, {"nick", "x"}});
  EXPECT_EQ(wrong.status, 400);
  EXPECT_THAT(wrong.body, HasSubstr("severity"));
  EXPECT_THAT(wrong.body, HasSubstr("nick"));
  EXPECT_EQ(Upload(kEnroll, AdminToken(), PhotoBytes(kRed)).status, 400);
  EXPECT_EQ(Enrol("Jan", PhotoBytes(kRed), {{"watchlists", "nowhere"}}).status, 400);
  EXPECT_EQ(Upload(kEnroll, OperatorToken(), PhotoBytes(kRed), {{"name", "Jan"}}).status, 403);
  EXPECT_EQ(People(), 0U);
}

TEST_F(EnrolmentByNameTest, NamesakesAre409) {
  MakePerson("Jan");
  MakePerson("Jan");
  const HttpResponse refused = Enrol("Jan", PhotoBytes(kRed));
  EXPECT_EQ(refused.status, 409);
  EXPECT_THAT(refused.body, HasSubstr("several people are called Jan"));
}

TEST_F(EnrolmentByNameTest, AKnownPhotoStillEntersItsPersonIntoLists) {
  const HttpResponse list =
      Ask(Method::kPost, "/api/v1/watchlists", AdminToken(), R"({"name":"banned"})");
  ASSERT_EQ(list.status, 201) << list.body;
  const std::string id(Json(list).at("id").as_string());
  const json::value first = Json(Enrol("Jan", PhotoBytes(kRed)));
  const HttpResponse again = Enrol("Jan", PhotoBytes(kRed), {{"watchlists", " " + id}});
  EXPECT_EQ(again.status, 200) << again.body;
  const std::string person(first.at("person_id").as_string());
  const json::value stored = Json(Ask(Method::kGet, "/api/v1/criminals/" + person, AdminToken()));
  EXPECT_EQ(stored.at("watchlists"), (json::array{json::value(id)}));
}

TEST_F(EnrolmentByNameTest, LookAlikesAndDoublesAreTold) {
  const json::value jan = Json(Enrol("Jan", PhotoBytes(kRed)));
  EXPECT_TRUE(jan.at("photo").at("look_alikes").as_array().empty());
  EXPECT_TRUE(jan.at("photo").at("near_duplicate").is_null());
  const json::value piet = Json(Enrol("Piet", PhotoBytes(kRed)));
  const json::value& other = piet.at("photo").at("look_alikes").at(0);
  EXPECT_EQ(other.at("person_id"), jan.at("person_id"));
  EXPECT_EQ(other.at("photo_id"), jan.at("photo_id"));
  EXPECT_EQ(other.at("name"), "Jan");
  EXPECT_NEAR(other.at("similarity").as_double(), 1, 1e-4);
  const json::value again = Json(Enrol("Jan", PhotoBytes(kOtherRed)));
  EXPECT_EQ(again.at("photo").at("near_duplicate").at("photo_id"), jan.at("photo_id"));
  EXPECT_THAT(json::serialize(again.at("photo").at("advice")),
              HasSubstr("nearly the same picture"));
}

TEST_F(EnrolmentByNameTest, ResemblancesFindMixUpsOfThoseAskedFor) {
  const json::value jan = Json(Enrol("Jan", PhotoBytes(kRed)));
  const json::value more = Json(Enrol("Jan", PhotoBytes(kOtherRed)));
  const json::value piet = Json(Enrol("Piet", PhotoBytes(kRed)));
  const json::value kees = Json(Enrol("Kees", PhotoBytes(kBlue)));
  const auto id = [](const json::value& done) {
    return std::string(done.at("person_id").as_string());
  };
  const json::value all = Resemblances({id(jan), id(piet), id(kees)});
  ASSERT_EQ(all.at("look_alikes").as_array().size(), 1U);  // once, from whichever side
  const json::value& pair = all.at("look_alikes").at(0);
  EXPECT_EQ(pair.at("same_picture"), true);
  EXPECT_THAT((std::vector<std::string>{std::string(pair.at("person_id").as_string()),
                                        std::string(pair.at("other_person_id").as_string())}),
              testing::UnorderedElementsAre(id(jan), id(piet)));
  ASSERT_EQ(all.at("near_duplicates").as_array().size(), 1U);
  EXPECT_EQ(all.at("near_duplicates").at(0).at("person_id"), jan.at("person_id"));
  EXPECT_EQ(all.at("gallery_current"), true);
  EXPECT_EQ(all.at("gallery").at("persons"), 3);
  const json::value one = Resemblances({id(kees), "nobody"});
  EXPECT_TRUE(one.at("look_alikes").as_array().empty());
  EXPECT_TRUE(one.at("near_duplicates").as_array().empty());
  const json::value other_side = Resemblances({id(piet)});
  EXPECT_EQ(other_side.at("look_alikes").at(0).at("other_name"), "Jan");
}

TEST_F(EnrolmentByNameTest, ResemblancesSayWhenTheGalleryLagsBehind) {
  const json::value jan = Json(Enrol("Jan", PhotoBytes(kRed)));
  gallery_->Apply({}, {}, gallery_->Info().sequence - 1);
  EXPECT_EQ(Resemblances({std::string(jan.at("person_id").as_string())}).at("gallery_current"),
            false);
}

TEST_F(EnrolmentByNameTest, ResemblancesWantSomebodyToAskAbout) {
  EXPECT_EQ(Ask(Method::kPost, kResemblances, OperatorToken(), R"({"persons":[]})").status, 400);
  EXPECT_EQ(Ask(Method::kPost, kResemblances, OperatorToken(), "{}").status, 400);
}

}  // namespace
}  // namespace vigil::api
