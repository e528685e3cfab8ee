// Watch-lists at rest, and who stands in them.
#pragma once

#include <functional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/result.h"
#include "core/watchlist.h"
#include "database/database.h"

namespace vigil::database {

// Thread-safe.
class WatchlistRepository {
 public:
  explicit WatchlistRepository(Database& database) : database_(database) {}

  // Fills id, created_at and updated_at. kConflict when the name is taken; kInvalidArgument for
  // cameras or groups that do not exist.
  Result<Watchlist> Create(Watchlist list);
  Result<Watchlist> Get(const std::string& id);
  // By name; there are few.
  Result<std::vector<Watchlist>> List();
  // Replaces every field but id, created_at and person_count. kNotFound, else as Create.
  Result<Watchlist> Update(Watchlist list);
  // Finds one, lets `edit` change it and saves it as Update does, in one transaction: two changes
  // of different fields both hold. `edit` runs on the writer's thread and asks the database
  // nothing; its error changes nothing and is the answer.
  Result<Watchlist> Change(const std::string& id, const std::function<Status(Watchlist&)>& edit);
  // kConflict while people stand in it: without it they might be looked for everywhere. kNotFound.
  Status Delete(const std::string& id);

  // All lists, and for each person in any of them the ids of theirs, of one moment.
  struct Everything {
    std::vector<Watchlist> lists;
    std::unordered_map<std::string, std::vector<std::string>> lists_of;
  };
  Result<Everything> LoadAll();

 private:
  Database& database_;
};

// For PersonRepository, inside its transactions: makes `list_ids` the lists of a person.
// kInvalidArgument for an unknown list.
Status SetWatchlistsOf(Connection& connection, const std::string& person_id,
                       const std::vector<std::string>& list_ids);

// For CameraRepository, inside its transactions: kConflict while a watch-list names the camera or
// camera group. Taking it out silently could make the list apply everywhere.
Status RefuseWhileListed(Connection& connection, const std::string& place_id);
// For ChannelRepository: kConflict while a watch-list names the channel; it would tell nobody.
Status RefuseWhileTold(Connection& connection, const std::string& channel);

}  // namespace vigil::database
