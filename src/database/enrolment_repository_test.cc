// Enrolment by name: one step, and the same again changes nothing.
#include "database/enrolment_repository.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/watchlist.h"
#include "database/gallery_repository.h"
#include "database/person_repository.h"
#include "database/photo_repository.h"
#include "database/watchlist_repository.h"
#include "temporary_database.h"

namespace vigil::database {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

const EmbeddingSpace kSpace{"model", std::string(64, 'a'), "r1", 4};

Person Called(const std::string& name, std::vector<std::string> lists = {}) {
  Person person;
  person.name = name;
  person.watchlist_ids = std::move(lists);
  return person;
}

Photo PhotoOf(const std::string& fingerprint) {
  Photo photo;
  photo.media_id = "photo-" + fingerprint;
  photo.mime_type = "image/png";
  photo.width = photo.height = 100;
  photo.quality = 0.75F;
  photo.fingerprint = fingerprint;
  return photo;
}

Reference ReferenceOf(Embedding embedding = {1, 0, 0, 0}) {
  Reference reference;
  reference.space = kSpace;
  reference.embedding = std::move(embedding);
  reference.quality = 0.75F;
  return reference;
}

class EnrolmentByName : public ::testing::Test {
 protected:
  std::string MakeList(const std::string& name) {
    Watchlist list;
    list.name = name;
    return WatchlistRepository(*database_).Create(list)->id;
  }

  TemporaryDatabase database_;
  EnrolmentRepository enrolments_{*database_};
  PersonRepository persons_{*database_};
  PhotoRepository photos_{*database_};
  GalleryRepository gallery_{*database_};
};

TEST_F(EnrolmentByName, MakesThePersonWithTheFirstPhotoOnly) {
  const auto first = enrolments_.Add(Called("Ada"), PhotoOf("f1"), ReferenceOf());
  EXPECT_TRUE(first->person_created);
  EXPECT_TRUE(first->photo_added);
  const auto second = enrolments_.Add(Called("Ada"), PhotoOf("f2"), ReferenceOf());
  EXPECT_FALSE(second->person_created);
  EXPECT_TRUE(second->photo_added);
  EXPECT_EQ(second->person.id, first->person.id);
  EXPECT_EQ(photos_.List(first->person.id)->size(), 2U);
  EXPECT_EQ(gallery_.GallerySequence(), 2U);
}

TEST_F(EnrolmentByName, TheSameFileAgainChangesNothing) {
  const auto first = enrolments_.Add(Called("Ada"), PhotoOf("f1"), ReferenceOf());
  database_.GetClock().Advance(std::chrono::hours{1});
  const auto again = enrolments_.Add(Called("Ada"), PhotoOf("f1"), ReferenceOf());
  EXPECT_FALSE(again->photo_added);
  EXPECT_EQ(again->photo.id, first->photo.id);
  EXPECT_EQ(gallery_.GallerySequence(), 1U);
  EXPECT_EQ(persons_.Get(first->person.id)->updated_at, first->person.updated_at);
}

TEST_F(EnrolmentByName, ThatFileUnderAnotherNameIsAnotherPhoto) {
  EXPECT_TRUE(enrolments_.Add(Called("Ada"), PhotoOf("f1"), ReferenceOf())->photo_added);
  EXPECT_TRUE(enrolments_.Add(Called("Eve"), PhotoOf("f1"), ReferenceOf())->photo_added);
}

TEST_F(EnrolmentByName, APhotoThatCannotBeStoredLeavesNobodyBehind) {
  Reference wrong = ReferenceOf();
  wrong.embedding = {1, 0};
  EXPECT_FALSE(enrolments_.Add(Called("Ada"), PhotoOf("f1"), wrong).has_value());
  EXPECT_THAT(persons_.List({})->items, IsEmpty());
}

TEST_F(EnrolmentByName, NamesakesAreRefused) {
  ASSERT_TRUE(persons_.Create(Called("Ada")).has_value());
  ASSERT_TRUE(persons_.Create(Called("Ada")).has_value());
  const auto refused = enrolments_.Add(Called("Ada"), PhotoOf("f1"), ReferenceOf());
  EXPECT_EQ(refused.error().code, ErrorCode::kConflict);
  EXPECT_THAT(refused.error().message, HasSubstr("several people are called Ada"));
  EXPECT_EQ(enrolments_.Find("Ada", "f1").error().code, ErrorCode::kConflict);
}

TEST_F(EnrolmentByName, FindTellsWhatIsKnown) {
  EXPECT_FALSE(enrolments_.Find("Ada", "f1")->person);
  const auto first = enrolments_.Add(Called("Ada"), PhotoOf("f1"), ReferenceOf());
  EXPECT_EQ(enrolments_.Find("Ada", "f1")->photo->id, first->photo.id);
  const auto other = enrolments_.Find("Ada", "f2");
  EXPECT_EQ(other->person->id, first->person.id);
  EXPECT_FALSE(other->photo);
  EXPECT_FALSE(enrolments_.Find("ada", "f1")->person);
}

TEST_F(EnrolmentByName, ListsAreAddedAndNeverTakenAway) {
  const std::string banned = MakeList("banned");
  const std::string guests = MakeList("guests");
  const auto first = enrolments_.Add(Called("Ada", {banned}), PhotoOf("f1"), ReferenceOf());
  EXPECT_TRUE(first->person_created);
  const auto second = enrolments_.Add(Called("Ada", {guests}), PhotoOf("f2"), ReferenceOf());
  EXPECT_TRUE(second->lists_changed);
  EXPECT_THAT(persons_.Get(first->person.id)->watchlist_ids, UnorderedElementsAre(banned, guests));

  Person ada = *persons_.Get(first->person.id);
  EXPECT_EQ(enrolments_.AddToLists(ada, Called("Ada", {banned})), false);
  const std::string staff = MakeList("staff");
  EXPECT_EQ(enrolments_.AddToLists(ada, Called("Ada", {staff})), true);
  EXPECT_EQ(ada.watchlist_ids.size(), 3U);
  EXPECT_EQ(enrolments_.AddToLists(ada, Called("Ada", {"nowhere"})).error().code,
            ErrorCode::kInvalidArgument);
}

TEST_F(EnrolmentByName, ReferencesComeWithTheirPhotos) {
  const auto ada = enrolments_.Add(Called("Ada"), PhotoOf("f1"), ReferenceOf({0, 1, 0, 0}));
  const auto eve = enrolments_.Add(Called("Eve"), PhotoOf("f2"), ReferenceOf());
  const std::vector<std::string> both = {ada->person.id, "nobody"};
  const auto found = enrolments_.ReferencesOf(both, kSpace.Key());
  ASSERT_EQ(found->size(), 1U);
  EXPECT_EQ(found->front().photo_id, ada->photo.id);
  EXPECT_EQ(found->front().reference.person_id, ada->person.id);
  EXPECT_THAT(found->front().reference.embedding, ElementsAre(0, 1, 0, 0));
  EXPECT_FLOAT_EQ(found->front().quality, 0.75F);
  EXPECT_THAT(*enrolments_.ReferencesOf(both, "another space"), IsEmpty());
}

TEST_F(EnrolmentByName, PhotosOfBeforeFingerprintsGetTheirs) {
  const Person ada = *persons_.Create(Called("Ada"));
  Photo old = PhotoOf("");
  old.person_id = ada.id;
  const auto first = photos_.AddWithReference(old, ReferenceOf());
  const auto second = photos_.AddWithReference(old, ReferenceOf());
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(photos_.WithoutFingerprint(ada.id)->size(), 2U);
  EXPECT_TRUE(photos_.SetFingerprint(first->id, "f1").has_value());
  EXPECT_EQ(photos_.SetFingerprint(second->id, "f1").error().code, ErrorCode::kConflict);
  EXPECT_EQ((*photos_.OfFingerprint(ada.id, "f1"))->id, first->id);
  EXPECT_EQ(photos_.WithoutFingerprint(ada.id)->size(), 1U);
  Photo again = PhotoOf("f1");
  again.person_id = ada.id;
  EXPECT_EQ(photos_.AddWithReference(again, ReferenceOf()).error().code, ErrorCode::kConflict);
}

}  // namespace
}  // namespace vigil::database
