// An index that can be compared with the database, and kept on the disk between two runs.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "core/gallery.h"

namespace vigil::gallery {

class FollowedIndex : public GalleryIndex {
 public:
  // Whether exactly this reference is indexed; false, too, where its embedding is known to be lost
  // on the disk. Apply's thread.
  virtual bool Holds(const GalleryReference& reference) = 0;
  // Of all references indexed. Apply's thread.
  virtual std::vector<std::string> ReferenceIds() = 0;

  // Whether there is a place to save it in.
  virtual bool IsSaved() const = 0;
  // Takes up what was saved last, before anything else was applied, and returns its sequence.
  // Searches see it with the next Apply, or Tend. Apply's thread. kNotFound when nothing was saved;
  // other errors say why it is not used. The index is empty then.
  virtual Result<std::uint64_t> Restore() = 0;
  // Lets searches see what other threads have prepared: a restored gallery, numbers that have moved
  // to or from the disk. Costs nothing when there is nothing. Apply's thread.
  virtual void Tend() = 0;
  // Saves what searches see. One thread at a time, beside Apply; searches go on. `given_up` is
  // asked now and then and ends it with kCancelled.
  virtual Status Save(const std::function<bool()>& given_up) = 0;
  // Brings numbers that a restored index reads from the disk into memory, when they belong there.
  // The thread of Save.
  virtual void Warm(const std::function<bool()>& given_up) = 0;
};

}  // namespace vigil::gallery
