// What the writer of an index knows: where each reference is, and how many each person has.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "gallery/handle_table.h"
#include "gallery/person_pool.h"
#include "gallery/snapshot.h"

namespace vigil::gallery {

// Rows are named by handles: place of the chunk times kChunkRows, plus row. The snapshot passed is
// the one being made; it must hold every row that a handle names. One thread.
class IndexTables {
 public:
  // Forgets all it knew but the numbers of people, and learns all living rows of `snapshot`.
  void Fill(const Snapshot& snapshot);

  // HandleTable::kNone when nobody has this id.
  std::uint32_t FindRow(const Snapshot& snapshot, const std::string& reference_id) const;
  std::uint32_t EraseRow(const Snapshot& snapshot, const std::string& reference_id);
  void InsertRow(const Snapshot& snapshot, std::uint32_t handle);

  // The number of the person, who has one reference more now. A number keeps its person for ever:
  // old snapshots may still be read.
  std::uint32_t JoinPerson(const std::string& person_id);
  // One reference fewer.
  void LeavePerson(std::uint32_t number);

  std::size_t Rows() const { return rows_.Size(); }
  std::size_t Persons() const { return persons_.Size(); }
  const std::shared_ptr<PersonPool>& People() const { return people_; }

 private:
  std::shared_ptr<PersonPool> people_ = std::make_shared<PersonPool>();
  HandleTable rows_;
  HandleTable persons_;                // numbers of those with a reference
  std::vector<std::uint32_t> counts_;  // references by number
};

}  // namespace vigil::gallery
