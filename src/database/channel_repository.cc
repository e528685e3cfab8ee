// SQL of channels and their tests.
#include "database/channel_repository.h"

#include "base/format.h"
#include "base/log.h"
#include "base/uuid.h"
#include "database/given_up_alerts.h"
#include "database/rows.h"
#include "database/watchlist_repository.h"

namespace vigil::database {
namespace {

constexpr std::string_view kSelectChannel =
    "SELECT id, name, kind, settings, include_snapshot, cooldown_s, enabled, created_at, "
    "updated_at FROM channels ";

std::string SettingsContext(const std::string& id) {
  return SealContext("channels", id, "settings");
}

std::unexpected<Error> NoSuchChannel(const std::string& id) {
  return Fail(ErrorCode::kNotFound, format("there is no channel {}", id));
}

StoredChannel ChannelOf(const Row& row) {
  return {.id = row.Text("id"),
          .name = row.Text("name"),
          .kind = row.Text("kind"),
          .settings = {},
          .include_snapshot = row.Flag("include_snapshot"),
          .cooldown_s = row.OptionalInt("cooldown_s"),
          .enabled = row.Flag("enabled"),
          .created_at = row.Time("created_at"),
          .updated_at = row.Time("updated_at")};
}

Status OpenSettings(StoredChannel& channel, const Row& row, const Sealer& sealer) {
  auto settings = sealer.OpenText(row.Blob("settings"), SettingsContext(channel.id));
  if (!settings) {
    return Annotate(settings.error(), format("the settings of channel {}", channel.name));
  }
  channel.settings = Secret(*std::move(settings));
  return {};
}

Result<StoredChannel> FindChannel(Connection& connection, const Sealer& sealer,
                                  const std::string& id) {
  VIGIL_ASSIGN_OR_RETURN(const Answer answer,
                         connection.Execute(std::string(kSelectChannel) + "WHERE id = $1", {id}));
  if (answer.rows.empty()) return NoSuchChannel(id);
  StoredChannel channel = ChannelOf(answer.rows.front());
  VIGIL_RETURN_IF_ERROR(OpenSettings(channel, answer.rows.front(), sealer));
  return channel;
}

// What waits for `channel` will never be sent.
Status GiveUpWaiting(Connection& connection, Database& database, const std::string& channel) {
  VIGIL_ASSIGN_OR_RETURN(const Answer waiting,
                         connection.Execute("SELECT id, incident_id, channel, attempts FROM outbox "
                                            "WHERE channel = $1 AND state = 'pending'",
                                            {channel}));
  return GiveUpAlerts(connection, database, waiting.rows, "the channel was deleted");
}

Result<StoredChannel> Save(Connection& connection, const Database& database,
                           StoredChannel channel) {
  const Sealer& sealer = database.GetSealer();
  VIGIL_RETURN_IF_ERROR(connection.Execute(
      "UPDATE channels SET settings = $2, include_snapshot = $3, cooldown_s = $4, enabled = $5, "
      "updated_at = $6 WHERE id = $1",
      {channel.id, sealer.SealText(channel.settings.Reveal(), SettingsContext(channel.id)),
       channel.include_snapshot, channel.cooldown_s, channel.enabled,
       database.GetClock().WallNow()}));
  return FindChannel(connection, sealer, channel.id);
}

}  // namespace

Result<StoredChannel> ChannelRepository::Create(StoredChannel channel) {
  const Clock& clock = database_.GetClock();
  if (channel.id.empty()) channel.id = MakeUuid(clock);
  channel.created_at = channel.updated_at = clock.WallNow();
  return database_.Write([&](Connection& connection) -> Result<StoredChannel> {
    VIGIL_ASSIGN_OR_RETURN(
        const Answer same_name,
        connection.Execute("SELECT id FROM channels WHERE name = $1", {channel.name}));
    if (!same_name.rows.empty()) {
      return Fail(ErrorCode::kConflict,
                  format("a channel named {} exists already: choose another name", channel.name));
    }
    VIGIL_RETURN_IF_ERROR(connection.Execute(
        "INSERT INTO channels (id, name, kind, settings, include_snapshot, cooldown_s, enabled, "
        "created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)",
        {channel.id, channel.name, channel.kind,
         database_.GetSealer().SealText(channel.settings.Reveal(), SettingsContext(channel.id)),
         channel.include_snapshot, channel.cooldown_s, channel.enabled, channel.created_at}));
    return channel;
  });
}

Result<StoredChannel> ChannelRepository::Get(const std::string& id) {
  return database_.Read(
      [&](Connection& connection) { return FindChannel(connection, database_.GetSealer(), id); });
}

Result<std::vector<StoredChannel>> ChannelRepository::List() {
  return database_.Read([&](Connection& connection) -> Result<std::vector<StoredChannel>> {
    VIGIL_ASSIGN_OR_RETURN(
        const Answer answer,
        connection.Execute(std::string(kSelectChannel) + "ORDER BY name LIMIT 1000", {}));
    std::vector<StoredChannel> channels;
    for (const Row& row : answer.rows) {
      StoredChannel channel = ChannelOf(row);
      if (const Status opened = OpenSettings(channel, row, database_.GetSealer()); !opened) {
        LogError("database", "{}; delete this channel and make it again", opened.error().message);
      }
      channels.push_back(std::move(channel));
    }
    return channels;
  });
}

Result<StoredChannel> ChannelRepository::Update(StoredChannel channel) {
  return database_.Write(
      [&](Connection& connection) { return Save(connection, database_, channel); });
}

Result<StoredChannel> ChannelRepository::Change(const std::string& id,
                                                const std::function<Status(StoredChannel&)>& edit) {
  return database_.Write([&](Connection& connection) -> Result<StoredChannel> {
    VIGIL_ASSIGN_OR_RETURN(StoredChannel channel,
                           FindChannel(connection, database_.GetSealer(), id));
    VIGIL_RETURN_IF_ERROR(edit(channel));
    return Save(connection, database_, std::move(channel));
  });
}

Status ChannelRepository::Delete(const std::string& id) {
  return database_.Write([&](Connection& connection) -> Status {
    VIGIL_ASSIGN_OR_RETURN(const Answer found,
                           connection.Execute("SELECT name FROM channels WHERE id = $1", {id}));
    if (found.rows.empty()) return NoSuchChannel(id);
    const std::string name = found.rows.front().Text("name");
    VIGIL_RETURN_IF_ERROR(RefuseWhileTold(connection, name));
    VIGIL_RETURN_IF_ERROR(connection.Execute("DELETE FROM channels WHERE id = $1", {id}));
    VIGIL_RETURN_IF_ERROR(
        connection.Execute("DELETE FROM channel_tests WHERE channel = $1", {name}));
    VIGIL_RETURN_IF_ERROR(connection.Execute("DELETE FROM cooldowns WHERE channel = $1", {name}));
    return GiveUpWaiting(connection, database_, name);
  });
}

Status ChannelRepository::RecordTest(const ChannelTest& test) {
  return database_.Write([&](Connection& connection) -> Status {
    VIGIL_RETURN_IF_ERROR(connection.Execute(
        "INSERT INTO channel_tests (id, channel, at, user_name, delivered, answer) "
        "VALUES ($1, $2, $3, $4, $5, $6)",
        {MakeUuid(database_.GetClock()), test.channel, test.at, test.user_name, test.delivered,
         test.answer}));
    // Ids rise with time.
    VIGIL_RETURN_IF_ERROR(connection.Execute(
        "DELETE FROM channel_tests WHERE channel = $1 AND id NOT IN "
        "(SELECT id FROM channel_tests WHERE channel = $1 ORDER BY id DESC LIMIT 20)",
        {test.channel}));
    return {};
  });
}

Result<std::map<std::string, ChannelTest>> ChannelRepository::LastTests() {
  return database_.Read([&](Connection& connection) -> Result<std::map<std::string, ChannelTest>> {
    VIGIL_ASSIGN_OR_RETURN(
        const Answer answer,
        connection.Execute("SELECT channel, at, user_name, delivered, answer FROM channel_tests "
                           "WHERE id IN (SELECT MAX(id) FROM channel_tests GROUP BY channel)",
                           {}));
    std::map<std::string, ChannelTest> tests;
    for (const Row& row : answer.rows) {
      tests[row.Text("channel")] = {row.Text("channel"), row.Time("at"), row.Text("user_name"),
                                    row.Flag("delivered"), row.Text("answer")};
    }
    return tests;
  });
}

Result<std::map<std::string, std::int64_t>> ChannelRepository::Waiting() {
  return database_.Read([](Connection& connection) -> Result<std::map<std::string, std::int64_t>> {
    VIGIL_ASSIGN_OR_RETURN(const Answer answer,
                           connection.Execute("SELECT channel, COUNT(*) AS waiting FROM outbox "
                                              "WHERE state = 'pending' GROUP BY channel",
                                              {}));
    std::map<std::string, std::int64_t> waiting;
    for (const Row& row : answer.rows) waiting[row.Text("channel")] = row.Integer("waiting");
    return waiting;
  });
}

}  // namespace vigil::database
