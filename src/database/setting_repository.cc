// SQL of settings.
#include "database/setting_repository.h"

#include "base/format.h"
#include "database/rows.h"

namespace vigil::database {
namespace {

std::string ValueContext(const std::string& key) { return SealContext("settings", key, "value"); }

}  // namespace

Result<std::optional<Secret>> ReadSetting(Connection& connection, const Sealer& sealer,
                                          const std::string& key) {
  VIGIL_ASSIGN_OR_RETURN(const Answer answer,
                         connection.Execute("SELECT value FROM settings WHERE key = $1", {key}));
  if (answer.rows.empty()) return std::nullopt;
  Result<std::string> value = sealer.OpenText(answer.rows.front().Blob("value"), ValueContext(key));
  if (!value.has_value()) return Annotate(value.error(), format("setting {}", key));
  return Secret(*std::move(value));
}

Status WriteSetting(Connection& connection, const Sealer& sealer, const std::string& key,
                    const Secret& value) {
  VIGIL_RETURN_IF_ERROR(
      connection.Execute("INSERT INTO settings (key, value) VALUES ($1, $2) "
                         "ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                         {key, sealer.SealText(value.Reveal(), ValueContext(key))}));
  return {};
}

Result<std::optional<Secret>> SettingRepository::Get(const std::string& key) {
  return database_.Read(
      [&](Connection& connection) { return ReadSetting(connection, database_.GetSealer(), key); });
}

Status SettingRepository::Set(const std::string& key, const Secret& value) {
  return database_.Write([&](Connection& connection) {
    return WriteSetting(connection, database_.GetSealer(), key, value);
  });
}

Result<Secret> SettingRepository::GetOrMake(const std::string& key,
                                            const std::function<Result<Secret>()>& make) {
  return database_.Write([&](Connection& connection) -> Result<Secret> {
    const Sealer& sealer = database_.GetSealer();
    VIGIL_ASSIGN_OR_RETURN(std::optional<Secret> known, ReadSetting(connection, sealer, key));
    if (known.has_value()) return *std::move(known);
    VIGIL_ASSIGN_OR_RETURN(Secret made, make());
    VIGIL_RETURN_IF_ERROR(WriteSetting(connection, sealer, key, made));
    return made;
  });
}

}  // namespace vigil::database
