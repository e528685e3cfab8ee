// /channels: where alerts go. Secrets go in and never come out; channels of the file are shown
// only.
#include <algorithm>
#include <cstdlib>

#include "alerts/channel_settings.h"
#include "api/body_fields.h"
#include "api/resources.h"
#include "api/stored_change.h"
#include "base/format.h"
#include "base/time_text.h"
#include "database/channel_repository.h"
#include "media/photo.h"

namespace vigil::api {
namespace {

using alerts::ChannelOptions;
using database::ChannelRepository;
using database::StoredChannel;

constexpr std::string_view kFilePrefix = "file:";

// What the list adds to a channel's settings.
struct ChannelFacts {
  std::vector<alerts::ChannelState> states;
  std::map<std::string, std::int64_t> waiting;
  std::map<std::string, database::ChannelTest> tests;
};

Result<ChannelFacts> FactsOf(const ApiContext& context) {
  ChannelFacts facts;
  if (context.channel_states) facts.states = context.channel_states();
  ChannelRepository channels(context.database);
  VIGIL_ASSIGN_OR_RETURN(facts.waiting, channels.Waiting());
  VIGIL_ASSIGN_OR_RETURN(facts.tests, channels.LastTests());
  return facts;
}

json::object StateJson(const std::string& name, const ChannelFacts& facts) {
  alerts::ChannelState state;
  const auto found = std::ranges::find(facts.states, name, &alerts::ChannelState::name);
  if (found != facts.states.end()) state = *found;
  const auto waiting = facts.waiting.find(name);
  return {{"failing_since", TimeJson(state.failing_since)},
          {"last_error",
           state.last_error.empty() ? json::value(nullptr) : json::value(state.last_error)},
          {"last_error_at", TimeJson(state.last_error_at)},
          {"last_sent_at", TimeJson(state.last_sent_at)},
          {"waiting", waiting == facts.waiting.end() ? 0 : waiting->second}};
}

json::value TestJson(const std::string& name, const ChannelFacts& facts) {
  const auto found = facts.tests.find(name);
  if (found == facts.tests.end()) return nullptr;
  return {{"at", FormatTime(found->second.at)},
          {"by", found->second.user_name},
          {"delivered", found->second.delivered},
          {"answer", found->second.answer}};
}

json::object FileChannelJson(const ChannelOptions& channel, const ChannelFacts& facts,
                             alerts::Viewer viewer) {
  return {{"id", std::string(kFilePrefix) + channel.name},
          {"name", channel.name},
          {"kind", alerts::KindOf(channel.receiver)},
          {"from_file", true},
          {"enabled", true},
          {"include_snapshot", channel.include_snapshot},
          {"cooldown_s", channel.cooldown.duration.count()},
          {"settings", alerts::ShownSettings(channel.receiver, viewer)},
          {"created_at", nullptr},
          {"updated_at", nullptr},
          {"state", StateJson(channel.name, facts)},
          {"last_test", TestJson(channel.name, facts)}};
}

// The stored settings; empty when they cannot be read any more.
json::object SettingsOf(const StoredChannel& channel) {
  const Result<json::value> parsed = ParseJson(channel.settings.Reveal());
  return parsed && parsed->is_object() ? parsed->get_object() : json::object();
}

alerts::SharedSettings SharedOf(const ApiContext& context) { return {context.public_url}; }

json::object ShownOf(const ApiContext& context, const StoredChannel& channel,
                     alerts::Viewer viewer = alerts::Viewer::kAdmin) {
  const auto receiver =
      alerts::ReadReceiver(channel.kind, SettingsOf(channel), SharedOf(context), context.clock);
  return receiver ? alerts::ShownSettings(*receiver, viewer) : json::object();
}

json::object ChannelJson(const ApiContext& context, const StoredChannel& channel,
                         const ChannelFacts& facts,
                         alerts::Viewer viewer = alerts::Viewer::kAdmin) {
  json::object object{{"id", channel.id},
                      {"name", channel.name},
                      {"kind", channel.kind},
                      {"from_file", false},
                      {"enabled", channel.enabled},
                      {"include_snapshot", channel.include_snapshot},
                      {"cooldown_s", nullptr},
                      {"settings", ShownOf(context, channel, viewer)},
                      {"created_at", FormatTime(channel.created_at)},
                      {"updated_at", FormatTime(channel.updated_at)},
                      {"state", StateJson(channel.name, facts)},
                      {"last_test", TestJson(channel.name, facts)}};
  if (channel.cooldown_s) object["cooldown_s"] = *channel.cooldown_s;
  return object;
}

const ChannelOptions* FileChannel(const ApiContext& context, std::string_view name) {
  const auto found =
      std::ranges::find(context.file_channels, std::string(name), &ChannelOptions::name);
  return found == context.file_channels.end() ? nullptr : &*found;
}

const ChannelOptions* FileChannelOfId(const ApiContext& context, std::string_view id) {
  if (!id.starts_with(kFilePrefix)) return nullptr;
  return FileChannel(context, id.substr(kFilePrefix.size()));
}

std::unexpected<Problem> KeptInFile(const ChannelOptions& channel) {
  return Refuse(409, "conflict",
                format("the channel {} is kept in the configuration file ([[alerts.channels]] of "
                       "vigil.toml): change it there and restart vigil",
                       channel.name));
}

Answer List(const ApiContext& context, const Call& call) {
  VIGIL_ASSIGN_OR_RETURN(const ChannelFacts facts, FactsOf(context));
  VIGIL_ASSIGN_OR_RETURN(const std::vector<StoredChannel> stored,
                         ChannelRepository(context.database).List());
  const alerts::Viewer viewer =
      call.who.role == Role::kAdmin ? alerts::Viewer::kAdmin : alerts::Viewer::kOperator;
  json::array items;
  for (const ChannelOptions& channel : context.file_channels) {
    items.push_back(FileChannelJson(channel, facts, viewer));
  }
  for (const StoredChannel& channel : stored) {
    items.push_back(ChannelJson(context, channel, facts, viewer));
  }
  return ListResponse(std::move(items), "");
}

// The fields that all kinds share.
void ReadShared(BodyFields& fields, StoredChannel& channel) {
  fields.Flag("enabled", channel.enabled);
  fields.Flag("include_snapshot", channel.include_snapshot);
  fields.Integer("cooldown_s", channel.cooldown_s);
}

// Merges the settings of the body into those of the channel and tries them.
void ReadSettings(const ApiContext& context, BodyFields& fields, StoredChannel& channel) {
  const json::object* change = fields.Object("settings");
  if (change == nullptr) return;
  json::object merged =
      alerts::MergeSettings(SettingsOf(channel), *change, ShownOf(context, channel));
  // Otherwise whoever may change an address could have the secrets sent there.
  for (const std::string& name : alerts::SecretsToGiveAgain(SettingsOf(channel), merged, *change)) {
    fields.Wrong("settings." + name, "must be given again: the address changed");
  }
  const auto receiver =
      alerts::ReadReceiver(channel.kind, merged, SharedOf(context), context.clock);
  if (!receiver) {
    for (const alerts::SettingError& error : receiver.error()) {
      fields.Wrong("settings." + error.field, error.message);
    }
    return;
  }
  channel.settings = Secret(json::serialize(merged));
}

void Changed(const ApiContext& context) {
  if (context.channels_changed) context.channels_changed();
}

Answer Create(const ApiContext& context, const Call& call) {
  VIGIL_ASSIGN_OR_RETURN(BodyFields fields, BodyFields::Of(call));
  StoredChannel channel;
  fields.Text("name", channel.name);
  const auto kind = [](const std::string& word) -> std::optional<std::string> {
    if (word == "webhook" || word == "email" || word == "http") return word;
    return std::nullopt;
  };
  fields.Word("kind", channel.kind, kind);
  ReadShared(fields, channel);
  if (!channel.kind.empty()) ReadSettings(context, fields, channel);
  if (auto problem = fields.Finish()) return std::unexpected(*std::move(problem));
  if (const ChannelOptions* same = FileChannel(context, channel.name)) return KeptInFile(*same);
  VIGIL_ASSIGN_OR_RETURN(channel, ChannelRepository(context.database).Create(channel));
  Changed(context);
  VIGIL_RETURN_IF_ERROR(RecordAudit(context, call.who, "channel.create", channel.id,
                                    {{"name", channel.name}, {"kind", channel.kind}}));
  return JsonResponse(ChannelJson(context, channel, {}), 201);
}

Answer Change(const ApiContext& context, const Call& call) {
  const std::string& id = call.Parameter("id");
  if (const ChannelOptions* channel = FileChannelOfId(context, id)) return KeptInFile(*channel);
  VIGIL_ASSIGN_OR_RETURN(BodyFields fields, BodyFields::Of(call));
  const auto edit = [&](StoredChannel& stored) {
    ReadShared(fields, stored);
    ReadSettings(context, fields, stored);
    return fields.Finish();
  };
  VIGIL_ASSIGN_OR_RETURN(
      const StoredChannel channel,
      ChangeStored<StoredChannel>(ChannelRepository(context.database), id, edit));
  Changed(context);
  VIGIL_RETURN_IF_ERROR(
      RecordAudit(context, call.who, "channel.change", channel.id, {{"name", channel.name}}));
  VIGIL_ASSIGN_OR_RETURN(const ChannelFacts facts, FactsOf(context));
  return JsonResponse(ChannelJson(context, channel, facts));
}

Answer Delete(const ApiContext& context, const Call& call) {
  const std::string& id = call.Parameter("id");
  if (const ChannelOptions* channel = FileChannelOfId(context, id)) return KeptInFile(*channel);
  VIGIL_RETURN_IF_ERROR(ChannelRepository(context.database).Delete(id));
  Changed(context);
  VIGIL_RETURN_IF_ERROR(RecordAudit(context, call.who, "channel.delete", id));
  return NoContent();
}

// A round face of one line and two dots on a plain ground: it is plain that nobody was seen.
Bytes TestPicture() {
  constexpr int kSide = 96;
  RgbImage image{kSide, kSide, std::vector<std::uint8_t>(std::size_t{kSide} * kSide * 3, 225)};
  for (int y = 0; y < kSide; ++y) {
    for (int x = 0; x < kSide; ++x) {
      const int dx = x - kSide / 2;
      const int dy = y - kSide / 2;
      const int square = dx * dx + dy * dy;
      const bool outline = square > 36 * 36 && square < 40 * 40;
      const bool eye = std::abs(std::abs(dx) - 13) < 4 && std::abs(dy + 10) < 4;
      const bool mouth = dy == 16 && std::abs(dx) < 14;
      if (outline || eye || mouth) std::fill_n(image.Row(y) + std::ptrdiff_t{x} * 3, 3, 40);
    }
  }
  return media::EncodeJpeg(image, 90).value_or(Bytes());
}

struct Tested {
  std::string name;
  alerts::Receiver receiver;
  bool include_snapshot = true;
};

std::expected<Tested, Problem> TestedOf(const ApiContext& context, const std::string& id) {
  if (const ChannelOptions* channel = FileChannelOfId(context, id)) {
    return Tested{channel->name, channel->receiver, channel->include_snapshot};
  }
  VIGIL_ASSIGN_OR_RETURN(const StoredChannel channel, ChannelRepository(context.database).Get(id));
  auto receiver =
      alerts::ReadReceiver(channel.kind, SettingsOf(channel), SharedOf(context), context.clock);
  if (!receiver) {
    return Refuse(409, "conflict", "the channel's settings are not valid any more: change them");
  }
  return Tested{channel.name, *std::move(receiver), channel.include_snapshot};
}

// Somebody waits for the answer: shorter than a delivery may take.
void Hasten(alerts::Receiver& receiver) {
  constexpr std::chrono::milliseconds kConnectMax{4'000};
  constexpr std::chrono::milliseconds kWholeMax{8'000};
  std::visit(
      [&](auto& options) {
        options.connect_timeout = std::min(options.connect_timeout, kConnectMax);
        options.timeout = std::min(options.timeout, kWholeMax);
      },
      receiver);
}

Answer Test(const ApiContext& context, const Call& call) {
  const std::string& id = call.Parameter("id");
  VIGIL_ASSIGN_OR_RETURN(Tested tested, TestedOf(context, id));
  Hasten(tested.receiver);
  VIGIL_ASSIGN_OR_RETURN(const auto notifier, alerts::MakeNotifier(tested.receiver, context.clock));
  const Bytes picture = tested.include_snapshot ? TestPicture() : Bytes();
  const SteadyTime begin = context.clock.Now();
  const auto answer =
      notifier->Deliver(alerts::TestMessage(tested.name, context.clock), picture, context.stopping);
  if (!answer && answer.error().code == ErrorCode::kCancelled)
    return std::unexpected(answer.error());
  const auto taken =
      std::chrono::duration_cast<std::chrono::milliseconds>(context.clock.Now() - begin);
  const database::ChannelTest test{.channel = tested.name,
                                   .at = context.clock.WallNow(),
                                   .user_name = call.who.user_name,
                                   .delivered = answer.has_value(),
                                   .answer = answer ? *answer : answer.error().message};
  VIGIL_RETURN_IF_ERROR(ChannelRepository(context.database).RecordTest(test));
  VIGIL_RETURN_IF_ERROR(RecordAudit(context, call.who, "channel.test", id,
                                    {{"name", tested.name}, {"delivered", test.delivered}}));
  return JsonResponse({{"delivered", test.delivered},
                       {"answer", test.answer},
                       {"duration_ms", taken.count()},
                       {"at", FormatTime(test.at)}});
}

Schema KindSchema() { return Word({"webhook", "email", "http"}); }

Schema ChannelBody() {
  return Object(
      "ChannelCreate",
      {{"name", Text(1, 100), kRequired},
       {"kind", KindSchema(), kRequired},
       {"settings",
        Described(Anything(), "an object; docs/channels.md tells the fields of each kind"),
        kRequired},
       {"enabled", Flag()},
       {"include_snapshot", Flag()},
       {"cooldown_s", Nullable(Integer(0, 31'536'000))}});
}

Schema ChannelChange() {
  return Object("ChannelChange",
                {{"settings", Described(Anything(), "the fields to change; null removes one")},
                 {"enabled", Flag()},
                 {"include_snapshot", Flag()},
                 {"cooldown_s", Nullable(Integer(0, 31'536'000))}});
}

Schema ChannelSchema() {
  const Schema state = Object("ChannelDeliveries", {{"failing_since", Nullable(Time()), kRequired},
                                                    {"last_error", Nullable(Text()), kRequired},
                                                    {"last_error_at", Nullable(Time()), kRequired},
                                                    {"last_sent_at", Nullable(Time()), kRequired},
                                                    {"waiting", Count(), kRequired}});
  const Schema test = Object("ChannelLastTest", {{"at", Time(), kRequired},
                                                 {"by", Text(), kRequired},
                                                 {"delivered", Flag(), kRequired},
                                                 {"answer", Text(), kRequired}});
  return Object(
      "Channel",
      {{"id", Id(), kRequired},
       {"name", Text(), kRequired},
       {"kind", KindSchema(), kRequired},
       {"from_file", Described(Flag(), "kept in the configuration file: changed there"), kRequired},
       {"enabled", Flag(), kRequired},
       {"include_snapshot", Flag(), kRequired},
       {"cooldown_s", Nullable(Count()), kRequired},
       {"settings", Described(Anything(), "without its secrets"), kRequired},
       {"created_at", Nullable(Time()), kRequired},
       {"updated_at", Nullable(Time()), kRequired},
       {"state", state, kRequired},
       {"last_test", Nullable(test), kRequired}});
}

Schema TestSchema() {
  return Object("ChannelTest", {{"delivered", Flag(), kRequired},
                                {"answer", Text(), kRequired},
                                {"duration_ms", Count(), kRequired},
                                {"at", Time(), kRequired}});
}

}  // namespace

Result<std::vector<std::string>> ChannelNames(const ApiContext& context) {
  VIGIL_ASSIGN_OR_RETURN(const std::vector<StoredChannel> stored,
                         ChannelRepository(context.database).List());
  std::vector<std::string> names;
  names.reserve(context.file_channels.size() + stored.size());
  for (const ChannelOptions& channel : context.file_channels) names.push_back(channel.name);
  for (const StoredChannel& channel : stored) names.push_back(channel.name);
  return names;
}

std::vector<Route> ChannelRoutes(const ApiContext& context) {
  return {
      {Method::kGet, "/api/v1/channels", Role::kOperator, Lane::kStore, kNoBody,
       Description("listChannels", "channels", "Where alerts go, and how each channel fares.",
                   Gives(PageSchema(ChannelSchema())))
           .Notes("Operators see of an address only where it is, and of templates only the names: "
                  "the rest may hold tokens."),
       [&](const Call& call) { return List(context, call); }},
      {Method::kPost, "/api/v1/channels", Role::kAdmin, Lane::kStore, kJsonBodyBytesMax,
       Description("createChannel", "channels", "Makes a channel; alerts go there at once.",
                   Gives(ChannelSchema(), 201))
           .Takes(ChannelBody())
           .Fails({409}),
       [&](const Call& call) { return Create(context, call); }},
      {Method::kPatch, "/api/v1/channels/{id}", Role::kAdmin, Lane::kStore, kJsonBodyBytesMax,
       Description("changeChannel", "channels", "Changes the fields that are given.",
                   Gives(ChannelSchema()))
           .Takes(ChannelChange())
           .Fails({409}),
       [&](const Call& call) { return Change(context, call); }},
      {Method::kDelete, "/api/v1/channels/{id}", Role::kAdmin, Lane::kStore, kNoBody,
       Description("deleteChannel", "channels", "Deletes a channel; what waits for it is not sent.",
                   GivesNothing())
           .Fails({409}),
       [&](const Call& call) { return Delete(context, call); }},
      {Method::kPost, "/api/v1/channels/{id}/test", Role::kAdmin, Lane::kRemote,
       kIgnoredBodyBytesMax,
       Description("testChannel", "channels", "Sends a marked test message and tells the answer.",
                   Gives(TestSchema()))
           .Notes("Really sent, within 8 seconds; no cooldown is used.")
           .Fails({409}),
       [&](const Call& call) { return Test(context, call); }},
  };
}

}  // namespace vigil::api
