// People, photos and the gallery that follows from them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "contract/gallery_store_contract.h"
#include "database/gallery_repository.h"
#include "database/person_repository.h"
#include "database/photo_repository.h"
#include "temporary_database.h"

namespace vigil::database {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

EmbeddingSpace SpaceOf(int number) {
  return {"model-" + std::to_string(number), std::string(64, 'a'), "r1", 4};
}

class People : public ::testing::Test {
 protected:
  Person Create(const std::string& name) {
    Person person;
    person.name = name;
    return *persons_.Create(person);
  }

  Photo AddPhoto(const std::string& person_id, Embedding embedding = {1, 0, 0, 0}) {
    Photo photo;
    photo.person_id = person_id;
    photo.media_id = "photo-of-" + person_id;
    photo.mime_type = "image/png";
    photo.width = 640;
    photo.height = 480;
    photo.face.box = {10.5F, 20, 110, 140};
    photo.face.score = 0.99F;
    photo.face.landmarks = {{{1, 2}, {3, 4}, {5, 6}, {7, 8.25F}, {9, 10}}};
    photo.quality = 0.75F;
    Reference reference;
    reference.space = SpaceOf(0);
    reference.embedding = std::move(embedding);
    return *photos_.AddWithReference(photo, reference);
  }

  std::vector<GalleryReference> Living() {
    return gallery_.LoadAllReferences(SpaceOf(0).Key())->first;
  }

  TemporaryDatabase database_;
  PersonRepository persons_{*database_};
  PhotoRepository photos_{*database_};
  GalleryRepository gallery_{*database_};
};

TEST_F(People, AreToldBrieflyHoweverMany) {
  constexpr int kPeople = 40'001;  // more than two pieces
  database_.Execute(
      "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < $1) "
      "INSERT INTO persons (id, name, reason, category, severity, notes, searched, created_at, "
      "updated_at) SELECT 'p' || n, 'Person ' || n, 'wanted', '', 3, '', 1, 0, 0 FROM numbers",
      {kPeople});
  std::set<std::string> names;
  int told = 0;
  ASSERT_TRUE(persons_
                  .ForEachBrief([&](const Person& person) {
                    ++told;
                    names.insert(person.name);
                    EXPECT_EQ(person.reason, "wanted");
                    EXPECT_EQ(person.severity, Severity::kCritical);
                  })
                  .has_value());
  EXPECT_EQ(told, kPeople);
  EXPECT_EQ(std::ssize(names), kPeople);
}

TEST_F(People, KeepsEveryField) {
  Person person;
  person.name = "Ada";
  person.reason = "test";
  person.category = "banned";
  person.severity = Severity::kHigh;
  person.notes = "tall";
  person.expires_at = database_.GetClock().WallNow() + std::chrono::hours{1};
  person = *persons_.Create(person);
  const Person stored = *persons_.Get(person.id);
  EXPECT_EQ(stored.name, "Ada");
  EXPECT_EQ(stored.reason, "test");
  EXPECT_EQ(stored.category, "banned");
  EXPECT_EQ(stored.severity, Severity::kHigh);
  EXPECT_EQ(stored.notes, "tall");
  EXPECT_EQ(stored.expires_at, person.expires_at);
  EXPECT_EQ(stored.created_at, database_.GetClock().WallNow());
  EXPECT_EQ(stored.photo_count, 0);
  AddPhoto(person.id);
  EXPECT_EQ(persons_.Get(person.id)->photo_count, 1);
}

TEST_F(People, ListsPageByPage) {
  std::vector<std::string> created;
  for (const char* name : {"a", "b", "c", "d", "e"}) created.push_back(Create(name).id);
  std::vector<std::string> listed;
  PageRequest request{.limit = 2};
  int pages = 0;
  do {
    const Page<Person> page = *persons_.List(request);
    for (const Person& person : page.items) listed.push_back(person.id);
    request.after = page.next;
    ++pages;
  } while (!request.after.empty());
  EXPECT_EQ(listed, created);
  EXPECT_EQ(pages, 3);
}

TEST_F(People, UpdatesAndSaysNotFound) {
  Person person = Create("Ada");
  person.name = "Ada L.";
  database_.GetClock().Advance(std::chrono::seconds{1});
  EXPECT_EQ(persons_.Update(person)->name, "Ada L.");
  EXPECT_GT(persons_.Get(person.id)->updated_at, person.created_at);
  person.id = "nobody";
  EXPECT_EQ(persons_.Update(person).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(persons_.Get("nobody").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(persons_.Delete("nobody").error().code, ErrorCode::kNotFound);
}

TEST_F(People, LeaveTheGalleryWithTheirPhotosWhenDeleted) {
  const Person ada = Create("Ada");
  const Photo first = AddPhoto(ada.id);
  AddPhoto(ada.id);
  AddPhoto(Create("Ben").id);
  EXPECT_EQ(Living().size(), 3U);
  const Result<DeletedPerson> deleted = persons_.Delete(ada.id);
  EXPECT_THAT(deleted->media_ids, ElementsAre(first.media_id, first.media_id));
  EXPECT_EQ(Living().size(), 1U);
  EXPECT_EQ(gallery_.GallerySequence(), 5U);
  EXPECT_EQ(photos_.Get(ada.id, first.id).error().code, ErrorCode::kNotFound);
}

TEST_F(People, AreSearchedUntilTheyExpire) {
  Person ada = Create("Ada");
  AddPhoto(ada.id);
  ada.expires_at = database_.GetClock().WallNow() + std::chrono::hours{1};
  ASSERT_TRUE(persons_.Update(ada).has_value());
  EXPECT_EQ(persons_.ExpireDue(), 0);
  EXPECT_EQ(Living().size(), 1U);
  database_.GetClock().Advance(std::chrono::hours{1});
  EXPECT_EQ(persons_.ExpireDue(), 1);
  EXPECT_EQ(persons_.ExpireDue(), 0);
  EXPECT_THAT(Living(), IsEmpty());
  EXPECT_EQ(gallery_.GallerySequence(), 2U);
  EXPECT_TRUE(persons_.Get(ada.id).has_value());
  ada.expires_at.reset();
  ASSERT_TRUE(persons_.Update(ada).has_value());
  EXPECT_EQ(Living().size(), 1U);
  EXPECT_EQ(gallery_.GallerySequence(), 3U);
}

TEST_F(People, PhotosKeepEveryField) {
  const Person ada = Create("Ada");
  const Photo photo = AddPhoto(ada.id);
  const Photo stored = *photos_.Get(ada.id, photo.id);
  EXPECT_EQ(stored.media_id, photo.media_id);
  EXPECT_EQ(stored.mime_type, "image/png");
  EXPECT_EQ(stored.width, 640);
  EXPECT_EQ(stored.face.box, photo.face.box);
  EXPECT_EQ(stored.face.landmarks, photo.face.landmarks);
  EXPECT_EQ(stored.face.score, 0.99F);
  EXPECT_EQ(stored.quality, 0.75F);
  EXPECT_EQ(photos_.List(ada.id)->size(), 1U);
  EXPECT_EQ(photos_.OfReference(Living().at(0).reference_id)->value().id, photo.id);
  EXPECT_EQ(photos_.OfReference("gone")->has_value(), false);
}

TEST_F(People, PhotosBelongToOnePerson) {
  const Person ada = Create("Ada");
  const Person ben = Create("Ben");
  const Photo photo = AddPhoto(ada.id);
  EXPECT_EQ(photos_.Get(ben.id, photo.id).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(photos_.Delete(ben.id, photo.id).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(photos_.Delete(ada.id, photo.id)->media_id, photo.media_id);
  EXPECT_THAT(Living(), IsEmpty());
}

TEST_F(People, PhotosOfNobodyLeaveNoTrace) {
  Reference reference;
  reference.space = SpaceOf(0);
  reference.embedding = {1, 0, 0, 0};
  Photo photo;
  photo.person_id = "nobody";
  EXPECT_EQ(photos_.AddWithReference(photo, reference).error().code, ErrorCode::kNotFound);
  reference.embedding = {1, 0};
  photo.person_id = Create("Ada").id;
  EXPECT_EQ(photos_.AddWithReference(photo, reference).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(gallery_.GallerySequence(), 0U);
}

TEST_F(People, EmbeddingsAreSealed) {
  AddPhoto(Create("Ada").id, {0.5F, 0.5F, 0.5F, 0.5F});
  const Answer answer = database_.Execute("SELECT embedding FROM reference_embeddings");
  const Bytes stored = answer.rows.at(0).Blob("embedding");
  const float half = 0.5F;
  const auto plain = std::as_bytes(std::span(&half, 1));
  EXPECT_TRUE(std::ranges::search(stored, plain).empty());
  EXPECT_EQ(stored.size(), 16U + 45U);
}

TEST_F(People, AnAlteredEmbeddingHurtsNobodyElse) {
  AddPhoto(Create("Ada").id);
  AddPhoto(Create("Ben").id);
  const std::string damaged = Living().at(0).reference_id;
  const std::string intact = Living().at(1).reference_id;
  // Another row's bytes are well sealed, but for another row.
  database_.Execute(
      "UPDATE reference_embeddings SET embedding = "
      "(SELECT embedding FROM reference_embeddings WHERE id = $2) WHERE id = $1",
      {damaged, intact});
  const auto living = Living();
  ASSERT_EQ(living.size(), 1U);
  EXPECT_EQ(living[0].reference_id, intact);
  database_.Execute("UPDATE reference_embeddings SET embedding = $1", {Bytes(61, std::byte{0})});
  const auto none = gallery_.LoadAllReferences(SpaceOf(0).Key());
  EXPECT_EQ(none.error().code, ErrorCode::kDataLoss);
  EXPECT_THAT(none.error().message, HasSubstr("key file"));
}

TEST_F(People, ReferencesOfOtherEmbeddersAreCounted) {
  const Person person = Create("Ada");
  AddPhoto(person.id);
  AddPhoto(person.id, {0, 1, 0, 0});
  EXPECT_THAT(*gallery_.SpacesBeside(SpaceOf(0).Key()), IsEmpty());
  const auto others = gallery_.SpacesBeside(SpaceOf(1).Key());
  ASSERT_TRUE(others) << others.error().message;
  ASSERT_EQ(others->size(), 1U);
  EXPECT_EQ(others->front().model_id, "model-0");
  EXPECT_EQ(others->front().references, 2);
  EXPECT_EQ(others->front().persons, 1);
  ASSERT_TRUE(persons_.Delete(person.id));
  EXPECT_THAT(*gallery_.SpacesBeside(SpaceOf(1).Key()), IsEmpty());
}

class DatabaseHarness final : public GalleryStoreHarness {
 public:
  GalleryStore& Store() override { return gallery_; }
  std::string SpaceKey(int space) override { return SpaceOf(space).Key(); }
  GalleryReference Add(int space, const Embedding& embedding) override {
    const Person person = *persons_.Create(Person{});
    Reference reference;
    reference.id = "reference-" + std::to_string(++count_);
    reference.space = SpaceOf(space);
    reference.embedding = embedding;
    Photo photo;
    photo.person_id = person.id;
    EXPECT_TRUE(photos_.AddWithReference(photo, reference).has_value());
    return {reference.id, person.id, embedding};
  }
  void Remove(const GalleryReference& reference) override {
    EXPECT_TRUE(persons_.Delete(reference.person_id).has_value());
  }

 private:
  TemporaryDatabase database_;
  PersonRepository persons_{*database_};
  PhotoRepository photos_{*database_};
  GalleryRepository gallery_{*database_};
  int count_ = 0;
};

INSTANTIATE_TEST_SUITE_P(Database, GalleryStoreContract,
                         ::testing::Values([] { return std::make_unique<DatabaseHarness>(); }));

}  // namespace
}  // namespace vigil::database
