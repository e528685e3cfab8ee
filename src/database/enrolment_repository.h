// Enrolment by name: the person and the photo in one transaction, so that nobody is ever enrolled
// without a face.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "core/gallery.h"
#include "core/person.h"
#include "database/database.h"

namespace vigil::database {

// What is known under a name before a photo is looked at.
struct KnownByName {
  std::optional<Person> person;  // who is called that
  std::optional<Photo> photo;    // theirs, of that fingerprint
};

struct EnrolledByName {
  Person person;
  bool person_created = false;
  Photo photo;
  bool photo_added = false;    // false: it was there, and `photo` is the one that was
  bool lists_changed = false;  // the person stands in more watch-lists than before
};

// A reference together with the photo that it was made from.
struct PhotoReference {
  GalleryReference reference;
  std::string photo_id;
  float quality = 0;  // of the photo's face, 0..1
};

// Thread-safe.
class EnrolmentRepository {
 public:
  explicit EnrolmentRepository(Database& database) : database_(database) {}

  // kConflict, naming the mend, when several people are called that: a photo must not go to the
  // wrong one of them.
  Result<KnownByName> Find(const std::string& name, const std::string& fingerprint);
  // Adds the photo to the person called `person.name`, who is made from `person` when there is
  // none; one who exists keeps every field and enters the watch-lists of `person` beside their
  // own. The picture must be in the media store already, and the fingerprint be set. Errors as for
  // Find and PhotoRepository::AddWithReference.
  Result<EnrolledByName> Add(const Person& person, const Photo& photo, const Reference& reference);

  // Enters an existing person into the watch-lists of `wanted` where they do not stand yet; whether
  // there was one. Writes nothing otherwise. kNotFound, kInvalidArgument for an unknown list.
  Result<bool> AddToLists(Person& person, const Person& wanted);

  // The references of these people in the embedding space, in no order.
  Result<std::vector<PhotoReference>> ReferencesOf(std::span<const std::string> person_ids,
                                                   const std::string& space_key);

 private:
  Database& database_;
};

}  // namespace vigil::database
