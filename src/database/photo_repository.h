// Enrolled photos and the references made from them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "core/person.h"
#include "database/database.h"

namespace vigil::database {

// Thread-safe.
class PhotoRepository {
 public:
  explicit PhotoRepository(Database& database) : database_(database) {}

  // Photo row, sealed reference and gallery_log entry in one transaction; the picture must be in
  // the media store already. Fills the ids, created_at and reference.photo_id. kNotFound when the
  // person does not exist; kConflict when this person has a photo of the same fingerprint.
  Result<Photo> AddWithReference(Photo photo, Reference reference);
  Result<std::vector<Photo>> List(const std::string& person_id);
  // kNotFound also when the photo belongs to another person.
  Result<Photo> Get(const std::string& person_id, const std::string& photo_id);
  // Removes photo and references from the gallery and returns the photo, so that the caller removes
  // its media.
  Result<Photo> Delete(const std::string& person_id, const std::string& photo_id);
  // The photo that a reference was made from; nothing when it is gone. For "why was this a match?".
  Result<std::optional<Photo>> OfReference(const std::string& reference_id);
  // The person's photo of that fingerprint, if there is one.
  Result<std::optional<Photo>> OfFingerprint(const std::string& person_id,
                                             const std::string& fingerprint);
  // The person's photos of before fingerprints were kept, and how they get theirs. kConflict when
  // the person has the same picture twice.
  Result<std::vector<Photo>> WithoutFingerprint(const std::string& person_id);
  Status SetFingerprint(const std::string& photo_id, const std::string& fingerprint);

  // Photos with neither a reference in `space_key` nor a note that they cannot have one: at most
  // `limit`, the oldest first, only those behind the id `after`.
  Result<std::vector<Photo>> WithoutReference(const std::string& space_key,
                                              const std::string& after, int limit);
  // Further references of photos, in one transaction with their gallery_log entries. Those of
  // photos that are gone, or that have one in that space, are left out.
  Status AddReferences(std::vector<Reference> references);

 private:
  Database& database_;
};

// For EnrolmentRepository, inside its transactions; as AddWithReference, for a person who exists.
Result<Photo> InsertWithReference(Connection& connection, Database& database, Photo photo,
                                  Reference reference);
Result<std::optional<Photo>> FindByFingerprint(Connection& connection, const std::string& person_id,
                                               const std::string& fingerprint);

}  // namespace vigil::database
