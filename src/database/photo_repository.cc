// SQL of photos and references.
#include "database/photo_repository.h"

#include <array>

#include "base/format.h"
#include "base/json.h"
#include "base/uuid.h"
#include "database/embedding_bytes.h"
#include "database/gallery_log.h"
#include "database/rows.h"

namespace vigil::database {
namespace {

constexpr std::string_view kSelect =
    "SELECT photos.id, photos.person_id, media_id, mime_type, width, height, face_x1, face_y1, "
    "face_x2, face_y2, face_score, landmarks, photos.quality, photos.fingerprint, "
    "photos.created_at "
    "FROM photos ";

std::string LandmarksToJson(const Landmarks& landmarks) {
  json::array points;
  for (const Point& point : landmarks) points.push_back(json::array{point.x, point.y});
  return json::serialize(points);
}

Landmarks LandmarksFromJson(const std::string& text) {
  const Result<json::value> parsed = ParseJson(text);
  Landmarks landmarks{};
  if (!parsed.has_value() || !parsed->is_array() ||
      parsed->get_array().size() != landmarks.size()) {
    throw RowError("landmarks are not five points");
  }
  for (std::size_t i = 0; i < landmarks.size(); ++i) {
    const json::value& point = parsed->get_array()[i];
    landmarks[i] = {point.at(0).to_number<float>(), point.at(1).to_number<float>()};
  }
  return landmarks;
}

Photo PhotoOf(const Row& row) {
  return {.id = row.Text("id"),
          .person_id = row.Text("person_id"),
          .media_id = row.Text("media_id"),
          .mime_type = row.Text("mime_type"),
          .width = row.Int("width"),
          .height = row.Int("height"),
          .face = {.box = {row.Float("face_x1"), row.Float("face_y1"), row.Float("face_x2"),
                           row.Float("face_y2")},
                   .score = row.Float("face_score"),
                   .landmarks = LandmarksFromJson(row.Text("landmarks"))},
          .quality = row.Float("quality"),
          .fingerprint = row.Text("fingerprint"),
          .created_at = row.Time("created_at")};
}

Result<Photo> Find(Connection& connection, const std::string& person_id,
                   const std::string& photo_id) {
  VIGIL_ASSIGN_OR_RETURN(
      const Answer answer,
      connection.Execute(std::string(kSelect) + "WHERE photos.id = $1 AND photos.person_id = $2",
                         {photo_id, person_id}));
  if (answer.rows.empty()) {
    return Fail(ErrorCode::kNotFound, format("person {} has no photo {}", person_id, photo_id));
  }
  return PhotoOf(answer.rows.front());
}

Status InsertPhoto(Connection& connection, const Photo& photo) {
  const Box& box = photo.face.box;
  VIGIL_RETURN_IF_ERROR(connection.Execute(
      "INSERT INTO photos (id, person_id, media_id, mime_type, width, height, face_x1, face_y1, "
      "face_x2, face_y2, face_score, landmarks, quality, fingerprint, created_at) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
      {photo.id, photo.person_id, photo.media_id, photo.mime_type, photo.width, photo.height,
       box.x1, box.y1, box.x2, box.y2, photo.face.score, LandmarksToJson(photo.face.landmarks),
       photo.quality, photo.fingerprint.empty() ? Value() : Value(photo.fingerprint),
       photo.created_at}));
  return {};
}

Status InsertReference(Connection& connection, const Sealer& sealer, const Reference& reference,
                       WallTime created_at) {
  Bytes sealed = sealer.Seal(EmbeddingToBytes(reference.embedding),
                             SealContext("reference_embeddings", reference.id, "embedding"));
  VIGIL_RETURN_IF_ERROR(connection.Execute(
      "INSERT INTO reference_embeddings (id, person_id, photo_id, space_key, model_id, model_hash, "
      "preprocessing, dimension, embedding, quality, created_at) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
      {reference.id, reference.person_id, reference.photo_id, reference.space.Key(),
       reference.space.model_id, reference.space.model_hash, reference.space.preprocessing,
       reference.space.dimension, std::move(sealed), reference.quality, created_at}));
  return {};
}

}  // namespace

Result<Photo> InsertWithReference(Connection& connection, Database& database, Photo photo,
                                  Reference reference) {
  const Clock& clock = database.GetClock();
  if (reference.space.dimension <= 0 ||
      reference.embedding.size() != static_cast<std::size_t>(reference.space.dimension)) {
    return Fail(ErrorCode::kInvalidArgument,
                format("an embedding of {} numbers is no reference of a space of {}",
                       reference.embedding.size(), reference.space.dimension));
  }
  photo.id = MakeUuid(clock);
  photo.created_at = clock.WallNow();
  if (reference.id.empty()) reference.id = MakeUuid(clock);
  reference.person_id = photo.person_id;
  reference.photo_id = photo.id;
  VIGIL_RETURN_IF_ERROR(InsertPhoto(connection, photo));
  VIGIL_RETURN_IF_ERROR(
      InsertReference(connection, database.GetSealer(), reference, photo.created_at));
  VIGIL_RETURN_IF_ERROR(LogGalleryChanges(connection, std::array{reference.id}));
  return photo;
}

Result<std::optional<Photo>> FindByFingerprint(Connection& connection, const std::string& person_id,
                                               const std::string& fingerprint) {
  VIGIL_ASSIGN_OR_RETURN(
      const Answer answer,
      connection.Execute(std::string(kSelect) + "WHERE photos.person_id = $1 AND fingerprint = $2",
                         {person_id, fingerprint}));
  if (answer.rows.empty()) return std::nullopt;
  return PhotoOf(answer.rows.front());
}

Result<Photo> PhotoRepository::AddWithReference(Photo photo, Reference reference) {
  return database_.Write([&](Connection& connection) -> Result<Photo> {
    VIGIL_ASSIGN_OR_RETURN(
        const Answer person,
        connection.Execute("SELECT id FROM persons WHERE id = $1", {photo.person_id}));
    if (person.rows.empty()) {
      return Fail(ErrorCode::kNotFound, format("there is no person {}", photo.person_id));
    }
    return InsertWithReference(connection, database_, photo, reference);
  });
}

Result<std::optional<Photo>> PhotoRepository::OfFingerprint(const std::string& person_id,
                                                            const std::string& fingerprint) {
  return database_.Read([&](Connection& connection) {
    return FindByFingerprint(connection, person_id, fingerprint);
  });
}

Result<std::vector<Photo>> PhotoRepository::WithoutFingerprint(const std::string& person_id) {
  return database_.Read([&](Connection& connection) -> Result<std::vector<Photo>> {
    VIGIL_ASSIGN_OR_RETURN(
        const Answer answer,
        connection.Execute(
            std::string(kSelect) + "WHERE photos.person_id = $1 AND fingerprint IS NULL",
            {person_id}));
    std::vector<Photo> photos;
    for (const Row& row : answer.rows) photos.push_back(PhotoOf(row));
    return photos;
  });
}

Status PhotoRepository::SetFingerprint(const std::string& photo_id,
                                       const std::string& fingerprint) {
  return database_.Write([&](Connection& connection) -> Status {
    VIGIL_RETURN_IF_ERROR(connection.Execute("UPDATE photos SET fingerprint = $2 WHERE id = $1",
                                             {photo_id, fingerprint}));
    return {};
  });
}

Result<std::vector<Photo>> PhotoRepository::List(const std::string& person_id) {
  return database_.Read([&](Connection& connection) -> Result<std::vector<Photo>> {
    VIGIL_ASSIGN_OR_RETURN(
        const Answer answer,
        connection.Execute(std::string(kSelect) + "WHERE photos.person_id = $1 ORDER BY photos.id",
                           {person_id}));
    std::vector<Photo> photos;
    photos.reserve(answer.rows.size());
    for (const Row& row : answer.rows) photos.push_back(PhotoOf(row));
    return photos;
  });
}

Result<Photo> PhotoRepository::Get(const std::string& person_id, const std::string& photo_id) {
  return database_.Read(
      [&](Connection& connection) { return Find(connection, person_id, photo_id); });
}

Result<Photo> PhotoRepository::Delete(const std::string& person_id, const std::string& photo_id) {
  return database_.Write([&](Connection& connection) -> Result<Photo> {
    VIGIL_ASSIGN_OR_RETURN(Photo photo, Find(connection, person_id, photo_id));
    VIGIL_ASSIGN_OR_RETURN(
        const Answer references,
        connection.Execute("SELECT id FROM reference_embeddings WHERE photo_id = $1 ORDER BY id",
                           {photo_id}));
    std::vector<std::string> ids;
    ids.reserve(references.rows.size());
    for (const Row& row : references.rows) ids.push_back(row.Text("id"));
    VIGIL_RETURN_IF_ERROR(LogGalleryChanges(connection, ids));
    VIGIL_RETURN_IF_ERROR(connection.Execute("DELETE FROM photos WHERE id = $1", {photo_id}));
    return photo;
  });
}

Result<std::optional<Photo>> PhotoRepository::OfReference(const std::string& reference_id) {
  return database_.Read([&](Connection& connection) -> Result<std::optional<Photo>> {
    VIGIL_ASSIGN_OR_RETURN(
        const Answer answer,
        connection.Execute(std::string(kSelect) +
                               "JOIN reference_embeddings ON reference_embeddings.photo_id = "
                               "photos.id WHERE reference_embeddings.id = $1",
                           {reference_id}));
    if (answer.rows.empty()) return std::nullopt;
    return PhotoOf(answer.rows.front());
  });
}

Result<std::vector<Photo>> PhotoRepository::WithoutReference(const std::string& space_key,
                                                             const std::string& after, int limit) {
  return database_.Read([&](Connection& connection) -> Result<std::vector<Photo>> {
    VIGIL_ASSIGN_OR_RETURN(
        const Answer answer,
        connection.Execute(
            std::string(kSelect) +
                "WHERE photos.id > $2 AND NOT EXISTS (SELECT 1 FROM reference_embeddings "
                "WHERE photo_id = photos.id AND space_key = $1) AND NOT EXISTS "
                "(SELECT 1 FROM unembedded_photos WHERE photo_id = photos.id AND space_key = $1) "
                "ORDER BY photos.id LIMIT $3",
            {space_key, after, limit}));
    std::vector<Photo> photos;
    photos.reserve(answer.rows.size());
    for (const Row& row : answer.rows) photos.push_back(PhotoOf(row));
    return photos;
  });
}

Status PhotoRepository::AddReferences(std::vector<Reference> references) {
  const Clock& clock = database_.GetClock();
  for (Reference& reference : references) {
    if (reference.id.empty()) reference.id = MakeUuid(clock);
  }
  return database_.Write([&](Connection& connection) -> Status {
    std::vector<std::string> added;
    for (const Reference& reference : references) {
      const std::string key = reference.space.Key();
      VIGIL_ASSIGN_OR_RETURN(
          const Answer wanting,
          connection.Execute("SELECT id FROM photos WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM "
                             "reference_embeddings WHERE photo_id = $1 AND space_key = $2)",
                             {reference.photo_id, key}));
      if (wanting.rows.empty()) continue;
      VIGIL_RETURN_IF_ERROR(
          InsertReference(connection, database_.GetSealer(), reference, clock.WallNow()));
      VIGIL_RETURN_IF_ERROR(
          connection.Execute("DELETE FROM unembedded_photos WHERE photo_id = $1 AND space_key = $2",
                             {reference.photo_id, key}));
      added.push_back(reference.id);
    }
    return LogGalleryChanges(connection, added);
  });
}

}  // namespace vigil::database
