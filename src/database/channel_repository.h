// Channels that are kept through the API, and the tests people make of any channel.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"
#include "database/database.h"

namespace vigil::database {

struct StoredChannel {
  std::string id;
  std::string name;
  std::string kind;  // "webhook", "email" or "http"
  Secret settings;   // JSON, with its secrets
  bool include_snapshot = true;
  std::optional<int> cooldown_s;
  bool enabled = true;
  WallTime created_at{};
  WallTime updated_at{};
};

// One test message.
struct ChannelTest {
  std::string channel;  // its name
  WallTime at{};
  std::string user_name;
  bool delivered = false;
  std::string answer;
};

// Thread-safe.
class ChannelRepository {
 public:
  explicit ChannelRepository(Database& database) : database_(database) {}

  // Fills id, created_at and updated_at. kConflict: the name is taken.
  Result<StoredChannel> Create(StoredChannel channel);
  // kNotFound; kDataLoss when the sealed settings were altered.
  Result<StoredChannel> Get(const std::string& id);
  // All, by name. One whose settings cannot be opened has empty ones, and the log says so.
  Result<std::vector<StoredChannel>> List();
  // Replaces every field but id, name, kind and created_at. kNotFound.
  Result<StoredChannel> Update(StoredChannel channel);
  // Finds one, lets `edit` change it and saves it as Update does, in one transaction: two changes
  // of different fields both hold. `edit` runs on the writer's thread and asks the database
  // nothing; its error changes nothing and is the answer.
  Result<StoredChannel> Change(const std::string& id,
                               const std::function<Status(StoredChannel&)>& edit);
  // Alerts that wait for it are given up, with the reason on record. kNotFound.
  Status Delete(const std::string& id);

  Status RecordTest(const ChannelTest& test);
  // The last test of each channel that was ever tested, by the channel's name.
  Result<std::map<std::string, ChannelTest>> LastTests();
  // How many alerts wait, by the channel's name; channels without any are left out.
  Result<std::map<std::string, std::int64_t>> Waiting();

 private:
  Database& database_;
};

}  // namespace vigil::database
