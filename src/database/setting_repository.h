// Small sealed values of the installation, such as the key that signs access tokens.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/secret.h"
#include "database/database.h"

namespace vigil::database {

// For what has to happen inside a transaction; see SettingRepository.
Result<std::optional<Secret>> ReadSetting(Connection& connection, const Sealer& sealer,
                                          const std::string& key);
Status WriteSetting(Connection& connection, const Sealer& sealer, const std::string& key,
                    const Secret& value);

// Thread-safe.
class SettingRepository {
 public:
  explicit SettingRepository(Database& database) : database_(database) {}

  // Nothing when it was never set. kDataLoss when the stored value was altered.
  Result<std::optional<Secret>> Get(const std::string& key);
  Status Set(const std::string& key, const Secret& value);
  // The stored value, or, in the same transaction, that of `make` which is then stored.
  Result<Secret> GetOrMake(const std::string& key, const std::function<Result<Secret>()>& make);

 private:
  Database& database_;
};

}  // namespace vigil::database
