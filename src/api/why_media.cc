// See why_media.h.
#include "api/why_media.h"

#include <memory>
#include <utility>

#include "alerts/message_text.h"
#include "api/resources.h"
#include "base/log.h"
#include "database/person_repository.h"
#include "database/photo_repository.h"
#include "drawing/why_picture.h"
#include "media/photo.h"

namespace vigil::api {
namespace {

constexpr std::size_t kNameCharactersMax = 100;

// A stored picture; empty, with the reason for people, where there is none.
RgbImage StoredPicture(const ApiContext& context, const std::string& media_id,
                       std::string& missing) {
  if (media_id.empty()) {
    missing = "Not kept";
    return {};
  }
  const Result<Bytes> bytes = context.media.Get(media_id);
  if (!bytes.has_value()) {
    missing = bytes.error().code == ErrorCode::kNotFound ? "Not kept any more: its time has passed"
                                                         : "Cannot be read";
    return {};
  }
  Result<RgbImage> image = media::DecodePhoto(*bytes);
  if (!image.has_value()) {
    missing = "Cannot be decoded";
    LogWarning("api", "stored picture {}: {}", media_id, image.error().message);
    return {};
  }
  return *std::move(image);
}

// The enrolled face that was compared, cut out as the embedder saw it.
Status AddReference(const ApiContext& context, drawing::WhyPicture& why) {
  const auto& candidates = why.sighting.decision.candidates;
  if (candidates.empty()) {
    why.reference_missing = "Nobody was found";
    return {};
  }
  VIGIL_ASSIGN_OR_RETURN(
      const std::optional<Photo> photo,
      database::PhotoRepository(context.database).OfReference(candidates.front().reference_id));
  if (!photo.has_value()) {
    why.reference_missing = why.person_deleted ? "This person was deleted since, with the photos"
                                               : "This photo was deleted since";
    return {};
  }
  RgbImage image = StoredPicture(context, photo->media_id, why.reference_missing);
  if (image.Empty()) return {};
  const auto turn = context.EnterTurn();
  why.reference =
      context.photos.Crop(std::make_shared<const RgbImage>(std::move(image)), photo->face).image;
  return {};
}

Status AddNames(const ApiContext& context, const Incident& incident, drawing::WhyPicture& why) {
  database::PersonRepository persons(context.database);
  const auto name_of = [&](const std::string& id) -> Result<std::optional<std::string>> {
    const Result<Person> person = persons.Get(id);
    if (person.has_value()) return alerts::OneLine(person->name, kNameCharactersMax);
    if (person.error().code == ErrorCode::kNotFound) return std::nullopt;
    return std::unexpected(person.error());
  };
  VIGIL_ASSIGN_OR_RETURN(const auto name, name_of(incident.person_id));
  why.person_deleted = !name.has_value();
  // The name of the time is that of the incident.
  why.person_name = alerts::OneLine(incident.person_name, kNameCharactersMax);
  for (const Candidate& candidate : why.sighting.decision.candidates) {
    VIGIL_ASSIGN_OR_RETURN(auto candidate_name, name_of(candidate.person_id));
    why.candidate_names.push_back(candidate_name.value_or("deleted since"));
  }
  return {};
}

}  // namespace

Answer WhyPictureOf(const ApiContext& context, const Incident& incident, const Sighting& sighting) {
  drawing::WhyPicture why;
  why.incident_id = incident.id;
  why.sighting = sighting;
  why.rate_text = &alerts::OddsText;
  VIGIL_RETURN_IF_ERROR(AddNames(context, incident, why));
  why.frame = StoredPicture(context, sighting.frame_media_id, why.frame_missing);
  why.crop = StoredPicture(context, sighting.crop_media_id, why.crop_missing);
  VIGIL_RETURN_IF_ERROR(AddReference(context, why));
  VIGIL_ASSIGN_OR_RETURN(const Bytes png, drawing::DrawWhy(why).Png());
  return BodyResponse(200, "image/png", TextOf(png));
}

}  // namespace vigil::api
