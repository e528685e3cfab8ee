// Switching to another embedder, as the database sees it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "database/gallery_repository.h"
#include "database/model_switch_repository.h"
#include "database/person_repository.h"
#include "database/photo_repository.h"
#include "fakes/temporary_database.h"

namespace vigil::database {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

EmbeddingSpace SpaceOf(const std::string& model) { return {model, std::string(64, '0'), "r1", 4}; }

class ModelSwitchTest : public testing::Test {
 protected:
  Person Create(const std::string& name) {
    Person person;
    person.name = name;
    return persons_.Create(person).value();
  }
  Photo AddPhoto(const std::string& person_id, const std::string& model = "old") {
    Photo photo;
    photo.person_id = person_id;
    photo.media_id = "photo-1";
    photo.mime_type = "image/jpeg";
    photo.face.landmarks = {};
    return photos_.AddWithReference(photo, ReferenceOf(model, photo)).value();
  }
  static Reference ReferenceOf(const std::string& model, const Photo& photo) {
    Reference reference;
    reference.person_id = photo.person_id;
    reference.photo_id = photo.id;
    reference.space = SpaceOf(model);
    reference.embedding = {1, 0, 0, 0};
    return reference;
  }
  // A running switch to "new", whose space is known.
  ModelSwitch Start(bool accept_missing = false) {
    ModelSwitch started = switches_.Request("new", accept_missing, "chief").value();
    EXPECT_TRUE(switches_.SetSpace(started.id, key_));
    return started;
  }
  std::vector<std::string> Pending() {
    std::vector<std::string> ids;
    const auto photos = photos_.WithoutReference(key_, "", 100).value();
    for (const Photo& photo : photos) ids.push_back(photo.id);
    return ids;
  }
  std::size_t Living(const std::string& model) {
    return gallery_.LoadAllReferences(SpaceOf(model).Key())->first.size();
  }

  TemporaryDatabase database_;
  PersonRepository persons_{*database_};
  PhotoRepository photos_{*database_};
  GalleryRepository gallery_{*database_};
  ModelSwitchRepository switches_{*database_};
  const std::string key_ = SpaceOf("new").Key();
};

TEST_F(ModelSwitchTest, AskingAgainGoesOnAndAskingForAnotherIsRefused) {
  const ModelSwitch first = Start();
  const auto again = switches_.Request("new", true, "chief");
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->id, first.id);
  EXPECT_TRUE(switches_.Running()->value().accept_missing);
  const auto other = switches_.Request("third", false, "chief");
  EXPECT_EQ(other.error().code, ErrorCode::kConflict);
  EXPECT_THAT(other.error().message, HasSubstr("switch to new"));
  EXPECT_EQ(switches_.Cancel()->id, first.id);
  EXPECT_EQ(switches_.Cancel().error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(switches_.Request("third", false, "chief"));
  EXPECT_EQ(switches_.Newest()->value().model_id, "third");
}

TEST_F(ModelSwitchTest, PhotosWantAReferenceUntilTheyHaveOneOrCannot) {
  const Photo one = AddPhoto(Create("Ada").id);
  const Photo two = AddPhoto(Create("Ben").id);
  Start();
  EXPECT_THAT(Pending(), ElementsAre(one.id, two.id));
  EXPECT_THAT(photos_.WithoutReference(key_, one.id, 100).value(), SizeIs(1));
  ASSERT_TRUE(photos_.AddReferences({ReferenceOf("new", one), ReferenceOf("new", one)}));
  ASSERT_TRUE(switches_.NoteUnembedded(key_, two.id, "the picture is gone"));
  EXPECT_THAT(Pending(), IsEmpty());
  EXPECT_EQ(Living("new"), 1U);
  EXPECT_EQ(Living("old"), 2U);
  const SwitchProgress progress = switches_.Progress(key_).value();
  EXPECT_EQ(progress.photos, 2);
  EXPECT_EQ(progress.embedded, 1);
  EXPECT_EQ(progress.failed, 1);
  const auto unembedded = switches_.Unembedded(key_, 10).value();
  ASSERT_THAT(unembedded, SizeIs(1));
  EXPECT_EQ(unembedded[0].person_name, "Ben");
  EXPECT_EQ(unembedded[0].reason, "the picture is gone");
  // Who asks again has them tried again.
  Start();
  EXPECT_THAT(Pending(), ElementsAre(two.id));
}

TEST_F(ModelSwitchTest, APhotoDeletedMeanwhileIsNeitherEmbeddedNorMissed) {
  const Photo photo = AddPhoto(Create("Ada").id);
  const ModelSwitch started = Start();
  ASSERT_TRUE(photos_.Delete(photo.person_id, photo.id));
  ASSERT_TRUE(photos_.AddReferences({ReferenceOf("new", photo)}));
  ASSERT_TRUE(switches_.NoteUnembedded(key_, photo.id, "the picture is gone"));
  EXPECT_EQ(Living("new"), 0U);
  EXPECT_EQ(switches_.Progress(key_)->failed, 0);
  EXPECT_EQ(switches_.Complete(started.id), SwitchEnd::kInUse);
}

TEST_F(ModelSwitchTest, ServesOnlyWhenEveryPhotoWasTriedAndNobodyIsLost) {
  const Person ada = Create("Ada");
  const Photo one = AddPhoto(ada.id);
  const Photo two = AddPhoto(ada.id);
  const ModelSwitch started = Start();
  EXPECT_EQ(switches_.Complete(started.id), SwitchEnd::kPhotosPending);
  ASSERT_TRUE(switches_.NoteUnembedded(key_, one.id, "the picture is gone"));
  EXPECT_THAT(switches_.Missing(key_).value(), IsEmpty());
  ASSERT_TRUE(switches_.NoteUnembedded(key_, two.id, "the picture is gone"));
  ASSERT_THAT(switches_.Missing(key_).value(), SizeIs(1));
  EXPECT_EQ(switches_.Missing(key_)->front().name, "Ada");
  EXPECT_EQ(switches_.Complete(started.id), SwitchEnd::kPeopleMissing);
  EXPECT_FALSE(switches_.InUse()->has_value());
  // One reference is enough to be found.
  ASSERT_TRUE(photos_.AddReferences({ReferenceOf("new", two)}));
  EXPECT_THAT(switches_.Missing(key_).value(), IsEmpty());
  EXPECT_EQ(switches_.Complete(started.id), SwitchEnd::kInUse);
  EXPECT_EQ(switches_.InUse()->value().model_id, "new");
  EXPECT_EQ(SwitchedEmbedder(database_.Options()), "new");
  EXPECT_EQ(switches_.Complete(started.id), SwitchEnd::kWithdrawn);
}

TEST_F(ModelSwitchTest, PeopleAreLostOnlyOnRequest) {
  const Photo photo = AddPhoto(Create("Ada").id);
  const ModelSwitch started = Start(true);
  ASSERT_TRUE(switches_.NoteUnembedded(key_, photo.id, "the picture is gone"));
  // Until it serves, the new embedder would miss her.
  EXPECT_THAT(gallery_.SpacesBeside(key_).value(), SizeIs(1));
  EXPECT_EQ(switches_.Complete(started.id), SwitchEnd::kInUse);
  EXPECT_THAT(gallery_.SpacesBeside(key_).value(), IsEmpty());
}

TEST_F(ModelSwitchTest, SwitchingBackNeedsOnlyWhoCameSince) {
  const Photo one = AddPhoto(Create("Ada").id);
  ModelSwitch started = Start();
  ASSERT_TRUE(photos_.AddReferences({ReferenceOf("new", one)}));
  ASSERT_EQ(switches_.Complete(started.id), SwitchEnd::kInUse);
  const Photo two = AddPhoto(Create("Ben").id, "new");
  started = switches_.Request("old", false, "chief").value();
  const std::string old_key = SpaceOf("old").Key();
  ASSERT_TRUE(switches_.SetSpace(started.id, old_key));
  const auto pending = photos_.WithoutReference(old_key, "", 10).value();
  ASSERT_THAT(pending, SizeIs(1));
  EXPECT_EQ(pending[0].id, two.id);
  EXPECT_THAT(gallery_.SpacesBeside(old_key).value(), SizeIs(1));
  ASSERT_TRUE(photos_.AddReferences({ReferenceOf("old", two)}));
  EXPECT_EQ(switches_.Complete(started.id), SwitchEnd::kInUse);
  EXPECT_EQ(switches_.InUse()->value().model_id, "old");
  EXPECT_THAT(gallery_.SpacesBeside(old_key).value(), IsEmpty());
}

TEST_F(ModelSwitchTest, ForgettingLeavesOneSpaceAndTellsTheLog) {
  const Photo photo = AddPhoto(Create("Ada").id);
  ModelSwitch started = Start();
  ASSERT_TRUE(photos_.AddReferences({ReferenceOf("new", photo)}));
  EXPECT_EQ(switches_.ForgetOtherSpaces(key_).error().code, ErrorCode::kConflict);
  ASSERT_EQ(switches_.Complete(started.id), SwitchEnd::kInUse);
  const std::uint64_t before = gallery_.GallerySequence().value();
  EXPECT_EQ(switches_.ForgetOtherSpaces(key_), 1);
  EXPECT_EQ(Living("old"), 0U);
  EXPECT_EQ(Living("new"), 1U);
  EXPECT_EQ(gallery_.GallerySequence(), before + 1);
  EXPECT_EQ(switches_.ForgetOtherSpaces(key_), 0);
}

TEST_F(ModelSwitchTest, ErasingAPersonRemovesThemFromEverySpace) {
  const Person ada = Create("Ada");
  const Photo photo = AddPhoto(ada.id);
  Start();
  ASSERT_TRUE(photos_.AddReferences({ReferenceOf("new", photo)}));
  ASSERT_TRUE(persons_.Delete(ada.id));
  EXPECT_EQ(Living("old"), 0U);
  EXPECT_EQ(Living("new"), 0U);
  const auto rows = database_.Execute("SELECT id FROM reference_embeddings").rows;
  EXPECT_THAT(rows, IsEmpty());
}

TEST_F(ModelSwitchTest, NoDatabaseIsNoSwitch) {
  EXPECT_EQ(SwitchedEmbedder(database_.Options()), std::nullopt);
  EXPECT_EQ(SwitchedEmbedder({.path = "/nonexistent/vigil.db"}), std::nullopt);
}

}  // namespace
}  // namespace vigil::database
