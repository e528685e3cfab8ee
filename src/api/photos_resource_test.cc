// Upload of photos, good and bad, and search by image.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/api_fixture.h"

namespace vigil::api {
namespace {

constexpr Color kRed{220, 30, 30};
constexpr Color kBlue{30, 30, 220};
constexpr const char* kSearch = "/api/v1/criminals/search-by-image";

class PhotosTest : public ApiTest {
 protected:
  std::string UploadTarget(const std::string& person) {
    return "/api/v1/criminals/" + person + "/upload-photo";
  }
  std::string CodeOf(const HttpResponse& response) {
    return std::string(Json(response).at("code").get_string());
  }
};

TEST_F(PhotosTest, AnUploadedPhotoIsKeptSealedAndFoundAgain) {
  const std::string person = MakePerson("Jan");
  const std::string bytes = PhotoBytes(kRed);
  const HttpResponse made = Upload(UploadTarget(person), AdminToken(), bytes);
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(Json(made).at("box"), json::parse("[10.0, 10.0, 70.0, 70.0]"));
  EXPECT_EQ(Json(made).at("quality").at("face_px").as_double(), 60);
  EXPECT_EQ(Json(made).at("advice").get_array().size(), 1U);  // 60 px is small

  const std::string picture = HeaderOf(made, "Location");
  const HttpResponse read = Ask(Method::kGet, picture, OperatorToken());
  EXPECT_EQ(read.status, 200);
  EXPECT_EQ(read.body, bytes);
  EXPECT_EQ(HeaderOf(read, "Content-Type"), "image/jpeg");
  EXPECT_EQ(HeaderOf(read, "Cache-Control"), "no-store");

  EXPECT_EQ(gallery_->Info().references, 1U);
  EXPECT_EQ(Ask(Method::kDelete, picture, AdminToken()).status, 204);
  EXPECT_EQ(gallery_->Info().references, 0U);
  EXPECT_EQ(Ask(Method::kGet, picture, OperatorToken()).status, 404);
}

TEST_F(PhotosTest, APhotoIsReadOnlyUnderItsOwnPerson) {
  const std::string owner = MakePerson("Jan");
  const std::string other = MakePerson("Piet");
  const HttpResponse made = Upload(UploadTarget(owner), AdminToken(), PhotoBytes(kRed));
  const std::string photo(Json(made).at("id").get_string());
  EXPECT_EQ(
      Ask(Method::kGet, "/api/v1/criminals/" + other + "/photos/" + photo, AdminToken()).status,
      404);
}

TEST_F(PhotosTest, UnusablePhotosAre422WithTheReason) {
  const std::string target = UploadTarget(MakePerson("Jan"));
  const HttpResponse none = Upload(target, AdminToken(), PhotoBytes(kRed, PhotoKind::kNoFace));
  EXPECT_EQ(none.status, 422);
  EXPECT_EQ(CodeOf(none), "no_face");
  const HttpResponse three = Upload(target, AdminToken(), PhotoBytes(kRed, PhotoKind::kThreeFaces));
  EXPECT_EQ(three.status, 422);
  EXPECT_EQ(CodeOf(three), "several_faces");
  const HttpResponse poor = Upload(target, AdminToken(), PhotoBytes(kRed, PhotoKind::kPoorFace));
  EXPECT_EQ(poor.status, 422);
  EXPECT_EQ(CodeOf(poor), "too_poor");
  EXPECT_EQ(gallery_->Info().references, 0U);
}

TEST_F(PhotosTest, WhatIsNoImageIs415AndADamagedOne400) {
  const std::string target = UploadTarget(MakePerson("Jan"));
  EXPECT_EQ(Upload(target, AdminToken(), "hello, I am text").status, 415);
  EXPECT_EQ(Upload(target, AdminToken(), "").status, 415);
  const std::string whole = PhotoBytes(kRed);
  EXPECT_EQ(Upload(target, AdminToken(), whole.substr(0, whole.size() / 2)).status, 400);
  EXPECT_EQ(Ask(Method::kPost, target, AdminToken(), "{}").status, 415);
  EXPECT_EQ(
      Ask(Method::kPost, target, AdminToken(), "--b--", "multipart/form-data; boundary=b").status,
      400);
}

TEST_F(PhotosTest, PicturesOfOnePixelAndOfSixtyMegapixelsAre400) {
  const std::string target = UploadTarget(MakePerson("Jan"));
  const RgbImage dot{1, 1, {255, 255, 255}};
  EXPECT_EQ(Upload(target, AdminToken(), TextOf(media::EncodeJpeg(dot, 90).value())).status, 400);
  // The header alone claims the size: it is refused before anything is decoded.
  std::string huge = PhotoBytes(kRed);
  const std::size_t size_field = huge.find("\xFF\xC0") + 5;
  huge.replace(size_field, 4, std::string("\x1D\x4C\x1F\x40", 4));  // 7500 x 8000
  const HttpResponse response = Upload(target, AdminToken(), huge);
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(CodeOf(response), "unreadable");
}

TEST_F(PhotosTest, TooLargePhotosAre413) {
  const std::string target = UploadTarget(MakePerson("Jan"));
  EXPECT_EQ(Upload(target, AdminToken(), std::string(kPhotoBodyBytesMax + 1, 'x')).status, 413);
}

TEST_F(PhotosTest, APhotoForNobodyIs404) {
  EXPECT_EQ(Upload(UploadTarget("none"), AdminToken(), PhotoBytes(kRed)).status, 404);
}

TEST_F(PhotosTest, ResemblanceToSomebodyElseIsAdvice) {
  Upload(UploadTarget(MakePerson("Jan")), AdminToken(), PhotoBytes(kRed));
  const HttpResponse again =
      Upload(UploadTarget(MakePerson("Piet")), AdminToken(), PhotoBytes(kRed));
  ASSERT_EQ(again.status, 201);
  EXPECT_THAT(again.body, testing::HasSubstr("resembles Jan"));
}

TEST_F(PhotosTest, TheSameFileTwiceIs409) {
  const std::string target = UploadTarget(MakePerson("Jan"));
  EXPECT_EQ(Upload(target, AdminToken(), PhotoBytes(kRed)).status, 201);
  const HttpResponse again = Upload(target, AdminToken(), PhotoBytes(kRed));
  EXPECT_EQ(again.status, 409);
  EXPECT_EQ(CodeOf(again), "already_enrolled");
  EXPECT_EQ(gallery_->Info().references, 1U);
}

TEST_F(PhotosTest, AFileOfBeforeFingerprintsIsRecognisedToo) {
  const std::string target = UploadTarget(MakePerson("Jan"));
  EXPECT_EQ(Upload(target, AdminToken(), PhotoBytes(kRed)).status, 201);
  ASSERT_TRUE(database_
                  ->Write([](database::Connection& connection) -> Status {
                    VIGIL_RETURN_IF_ERROR(
                        connection.Execute("UPDATE photos SET fingerprint = NULL", {}));
                    return {};
                  })
                  .has_value());
  EXPECT_EQ(Upload(target, AdminToken(), PhotoBytes(kRed)).status, 409);
}

TEST_F(PhotosTest, SearchTellsWhoAndHowSure) {
  const std::string person = MakePerson("Jan");
  Upload(UploadTarget(person), AdminToken(), PhotoBytes(kRed));
  Upload(UploadTarget(MakePerson("Piet")), AdminToken(), PhotoBytes(kBlue));

  const HttpResponse response = Upload(kSearch, OperatorToken(), PhotoBytes(kRed));
  ASSERT_EQ(response.status, 200) << response.body;
  const json::value face = Json(response).at("faces").at(0);
  EXPECT_EQ(face.at("outcome"), "match");
  const json::value& best = face.at("candidates").at(0);
  EXPECT_EQ(best.at("name"), "Jan");
  EXPECT_EQ(best.at("person_id"), person.c_str());
  EXPECT_NEAR(best.at("similarity").as_double(), 1, 1e-4);
  EXPECT_TRUE(best.at("passes").get_bool());
  EXPECT_LT(best.at("stranger_odds").as_double(), 0.01);
  const json::value& second = face.at("candidates").at(1);
  EXPECT_FALSE(second.at("passes").get_bool());
  EXPECT_GE(face.at("threshold").as_double(), 0.42);
  EXPECT_EQ(Json(response).at("gallery").at("persons").as_int64(), 2);
}

TEST_F(PhotosTest, SearchListsEveryFaceAndObeysTopAndThreshold) {
  Upload(UploadTarget(MakePerson("Jan")), AdminToken(), PhotoBytes(kRed));
  Upload(UploadTarget(MakePerson("Piet")), AdminToken(), PhotoBytes(kBlue));
  const HttpResponse response =
      Upload(kSearch, OperatorToken(), PhotoBytes(kRed, PhotoKind::kThreeFaces),
             {{"top", "1"}, {"threshold", "1.0"}});
  ASSERT_EQ(response.status, 200) << response.body;
  const json::value found = Json(response);
  ASSERT_EQ(found.at("faces").get_array().size(), 3U);
  for (const json::value& face : found.at("faces").get_array()) {
    EXPECT_EQ(face.at("candidates").get_array().size(), 1U);
    EXPECT_EQ(face.at("threshold").as_double(), 1);
  }
}

TEST_F(PhotosTest, SearchKeepsToAWatchlist) {
  const std::string jan = MakePerson("Jan");
  Upload(UploadTarget(jan), AdminToken(), PhotoBytes(kRed));
  const std::string piet = MakePerson("Piet");
  Upload(UploadTarget(piet), AdminToken(), PhotoBytes(kBlue));
  const HttpResponse made =
      Ask(Method::kPost, "/api/v1/watchlists", AdminToken(), R"({"name": "banned"})");
  const std::string list(Json(made).at("id").as_string());
  Ask(Method::kPatch, "/api/v1/criminals/" + piet, AdminToken(),
      json::serialize(json::object{{"watchlists", json::array{list}}}));
  const auto search = [&](Color color) {
    return Json(Upload(kSearch, OperatorToken(), PhotoBytes(color), {{"watchlist", list}}))
        .at("faces")
        .at(0);
  };
  const json::value blue = search(kBlue);
  EXPECT_EQ(blue.at("outcome"), "match");
  ASSERT_EQ(blue.at("candidates").get_array().size(), 1U);
  EXPECT_EQ(blue.at("candidates").at(0).at("name"), "Piet");
  const json::value red = search(kRed);
  EXPECT_NE(red.at("outcome"), "match");
  ASSERT_EQ(red.at("candidates").get_array().size(), 1U);
  EXPECT_EQ(red.at("candidates").at(0).at("name"), "Piet");
  const json::value entry =
      Json(Ask(Method::kGet, "/api/v1/audit?limit=1", AdminToken())).at("items").at(0);
  EXPECT_EQ(entry.at("detail").at("watchlist"), list.c_str());
}

TEST_F(PhotosTest, SearchComparesNobodyWithAnUnrecognisableFace) {
  Upload(UploadTarget(MakePerson("Jan")), AdminToken(), PhotoBytes(kRed));
  const HttpResponse response =
      Upload(kSearch, OperatorToken(), PhotoBytes(kRed, PhotoKind::kPoorFace));
  const json::value face = Json(response).at("faces").at(0);
  EXPECT_EQ(face.at("outcome"), "unrecognisable");
  EXPECT_EQ(face.at("reason"), "blurred");
  EXPECT_EQ(face.at("candidates").get_array().size(), 0U);
}

TEST_F(PhotosTest, SearchIsRecordedWithoutThePicture) {
  const std::string person = MakePerson("Jan");
  Upload(UploadTarget(person), AdminToken(), PhotoBytes(kRed));
  Upload(kSearch, OperatorToken(), PhotoBytes(kRed));
  const json::value entry =
      Json(Ask(Method::kGet, "/api/v1/audit?limit=1", AdminToken())).at("items").at(0);
  EXPECT_EQ(entry.at("action"), "search_by_image");
  EXPECT_EQ(entry.at("user_name"), "otto");
  EXPECT_EQ(entry.at("detail").at("passed"), json::array{person.c_str()});
}

TEST_F(PhotosTest, SearchNamesWrongFields) {
  for (const auto& [name, value] : {std::pair<std::string, std::string>{"top", "0"},
                                    {"top", "many"},
                                    {"threshold", "2"},
                                    {"threshold", "nan"},
                                    {"watchlist", "nobody"},
                                    {"colour", "red"}}) {
    const HttpResponse response =
        Upload(kSearch, OperatorToken(), PhotoBytes(kRed), {{name, value}});
    EXPECT_EQ(response.status, 400) << name << value;
    EXPECT_EQ(Json(response).at("errors").at(0).at("field"), name.c_str());
  }
}

}  // namespace
}  // namespace vigil::api
