// What an incident keeps of why it was decided, as the database gives it back.
#include <gtest/gtest.h>

#include "database/gallery_repository.h"
#include "database/incident_repository.h"
#include "database/person_repository.h"
#include "database/photo_repository.h"
#include "temporary_database.h"

namespace vigil::database {
namespace {

class IncidentTraces : public ::testing::Test {
 protected:
  IncidentTraces() {
    person_.name = "Ada";
    person_ = *PersonRepository(*database_).Create(person_);
  }

  NewSighting Seen(const std::string& reference_id = "r1") {
    NewSighting seen;
    seen.person = person_;
    seen.camera_group_id = "entrance";
    seen.sighting.camera_id = "camera-1";
    seen.sighting.seen_at = database_.GetClock().WallNow();
    seen.sighting.decision.outcome = Outcome::kMatch;
    seen.sighting.decision.similarity = 0.7F;
    seen.sighting.decision.candidates = {{person_.id, reference_id, 0.7F}};
    return seen;
  }

  SightingResult Record(const NewSighting& seen) {
    return *incidents_.RecordSighting(seen, std::chrono::minutes{1}, {});
  }

  TemporaryDatabase database_;
  IncidentRepository incidents_{*database_};
  Person person_;
};

TEST_F(IncidentTraces, AreKeptWithEachSighting) {
  NewSighting seen = Seen();
  ShotTrace& shot = seen.sighting.decision.trace.shots.emplace_back();
  shot.embedded = true;
  shot.weight = 1;
  seen.sighting.decision.trace.threshold.comparisons = 3.5;
  const SightingResult result = Record(seen);
  EXPECT_EQ(incidents_.Get(result.incident.id)->best.decision.trace, seen.sighting.decision.trace);
  EXPECT_EQ(incidents_.Sightings(result.incident.id)->front().decision.trace,
            seen.sighting.decision.trace);
}

TEST_F(IncidentTraces, NameThePhotoThatMatchedAlsoWhenItIsDeleted) {
  Photo photo;
  photo.person_id = person_.id;
  photo.media_id = "photo-1";
  photo.mime_type = "image/jpeg";
  Reference reference;
  reference.space = {"model", std::string(64, 'a'), "r1", 2};
  reference.embedding = {1, 0};
  PhotoRepository photos(*database_);
  photo = *photos.AddWithReference(photo, reference);
  const auto references =
      GalleryRepository(*database_).LoadAllReferences(reference.space.Key())->first;
  const NewSighting seen = Seen(references.front().reference_id);
  const SightingResult result = Record(seen);
  EXPECT_EQ(result.incident.best.reference_photo_id, photo.id);
  ASSERT_TRUE(photos.Delete(person_.id, photo.id).has_value());
  EXPECT_EQ(incidents_.Get(result.incident.id)->best.reference_photo_id, photo.id);
  Record(seen);
  EXPECT_EQ(incidents_.Sightings(result.incident.id)->back().reference_photo_id, "")
      << "it was deleted before";
}

}  // namespace
}  // namespace vigil::database
