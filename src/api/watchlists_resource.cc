// /watchlists: lists of people with rules of their own.
#include <algorithm>

#include "api/body_fields.h"
#include "api/resources.h"
#include "api/stored_change.h"
#include "base/time_text.h"
#include "database/schedule_json.h"
#include "database/watchlist_repository.h"

namespace vigil::api {
namespace {

using database::WatchlistRepository;

// `suffix` tells the shapes of requests, which refuse other fields, from those of answers.
Schema ScheduleSchema(const std::string& suffix, Presence presence) {
  const Schema period =
      Object("SchedulePeriod" + suffix,
             {{"days", ListOf(Word({"mon", "tue", "wed", "thu", "fri", "sat", "sun"})), kRequired},
              {"from", Described(Text(5, 5), "06:30"), kRequired},
              {"to", Described(Text(5, 5), "exclusive; at or before `from`: passes midnight"),
               kRequired}});
  return Object("Schedule" + suffix,
                {{"time_zone", Described(Text(1, 64), "Europe/Berlin"), presence},
                 {"periods", Described(ListOf(period, 0, 50), "none: always"), presence}});
}

std::vector<Field> WatchlistFields(const Schema& schedule, Presence presence) {
  return {
      {"name", Text(1, 100), kRequired},
      {"named_strangers_max",
       Described(Nullable(Number(1e-6, 0.5)), "permitted share of strangers who get a name"),
       presence},
      {"threshold",
       Described(Nullable(Number(0, 1)),
                 "fixed cosine in place of a rate; the model's floor holds below"),
       presence},
      {"severity", Described(Nullable(SeveritySchema()), "raises that of its people"), presence},
      {"channels", Described(ListOf(Text(1, 100), 0, 50), "names; none: all channels"), presence},
      {"cooldown_s", Described(Nullable(Integer(0, 86'400)), "null: the channel's"), presence},
      {"mask",
       Described(Word({"any", "required", "forbidden"}),
                 "required: tells only of people seen uncovered; forbidden: only of covered ones"),
       presence},
      {"schedule", Described(schedule, "when it alerts; incidents are always recorded"), presence},
      {"cameras", Described(ListOf(Id(), 0, 1000), "ids; without cameras and groups: everywhere"),
       presence},
      {"camera_groups", ListOf(Id(), 0, 200), presence}};
}

Schema WatchlistBody() {
  return Object("WatchlistCreate", WatchlistFields(ScheduleSchema("Create", kOptional), kOptional));
}

Schema WatchlistSchema() {
  return Extended("Watchlist",
                  Object("", WatchlistFields(ScheduleSchema("", kRequired), kRequired)),
                  {{"id", Id(), kRequired},
                   {"person_count", Count(), kRequired},
                   {"created_at", Time(), kRequired},
                   {"updated_at", Time(), kRequired}});
}

json::array TextsJson(const std::vector<std::string>& texts) {
  return json::array(texts.begin(), texts.end());
}

template <class Number>
json::value OrNull(const std::optional<Number>& number) {
  return number ? json::value(*number) : json::value(nullptr);
}

json::object WatchlistJson(const Watchlist& list) {
  json::object object{{"id", list.id},
                      {"name", list.name},
                      {"named_strangers_max", OrNull(list.named_strangers_max)},
                      {"threshold", OrNull(list.threshold)},
                      {"severity", nullptr},
                      {"channels", TextsJson(list.channels)},
                      {"cooldown_s", OrNull(list.cooldown_s)},
                      {"mask", MaskRuleName(list.mask)},
                      {"schedule", database::ScheduleJson(list.schedule)},
                      {"cameras", TextsJson(list.camera_ids)},
                      {"camera_groups", TextsJson(list.camera_group_ids)},
                      {"person_count", list.person_count},
                      {"created_at", FormatTime(list.created_at)},
                      {"updated_at", FormatTime(list.updated_at)}};
  if (list.severity) object["severity"] = SeverityName(*list.severity);
  return object;
}

void CheckChannels(const std::vector<std::string>& known, BodyFields& fields,
                   const Watchlist& list) {
  if (!fields.Present("channels")) return;
  for (const std::string& channel : list.channels) {
    if (std::ranges::find(known, channel) != known.end()) continue;
    std::string names;
    for (const std::string& name : known) names += (names.empty() ? "" : ", ") + name;
    fields.Wrong("channels", format("there is no channel {}; there are: {}", channel,
                                    names.empty() ? "none" : names));
  }
}

void ReadWatchlist(BodyFields& fields, Watchlist& list) {
  fields.Text("name", list.name);
  fields.Number("named_strangers_max", list.named_strangers_max);
  fields.Number("threshold", list.threshold);
  if (list.named_strangers_max && list.threshold) {
    fields.Wrong("threshold", "a list has a permitted rate or a fixed cosine: set one to null");
  }
  Severity severity = Severity::kMedium;
  if (fields.Null("severity")) {
    list.severity.reset();
  } else if (fields.Present("severity")) {
    fields.Word("severity", severity, SeverityOf);
    list.severity = severity;
  }
  fields.Texts("channels", list.channels);
  fields.Integer("cooldown_s", list.cooldown_s);
  fields.Word("mask", list.mask, MaskRuleOf);
  if (const json::value* schedule = fields.Find("schedule")) {
    if (Result<Schedule> read = database::ScheduleOf(*schedule)) {
      // What a change does not speak of stays: times without a zone are in the one of before.
      const json::object& given = schedule->get_object();
      if (!given.contains("time_zone")) read->time_zone = list.schedule.time_zone;
      if (!given.contains("periods")) read->periods = std::move(list.schedule.periods);
      list.schedule = *std::move(read);
    } else {
      fields.Wrong("schedule", read.error().message);
    }
  }
  fields.Texts("cameras", list.camera_ids);
  fields.Texts("camera_groups", list.camera_group_ids);
}

Answer List(const ApiContext& context) {
  VIGIL_ASSIGN_OR_RETURN(const std::vector<Watchlist> lists,
                         WatchlistRepository(context.database).List());
  json::array items;
  for (const Watchlist& list : lists) items.push_back(WatchlistJson(list));
  return ListResponse(std::move(items), "");
}

Answer Create(const ApiContext& context, const Call& call) {
  VIGIL_ASSIGN_OR_RETURN(BodyFields fields, BodyFields::Of(call));
  VIGIL_ASSIGN_OR_RETURN(const std::vector<std::string> channels, ChannelNames(context));
  Watchlist list;
  ReadWatchlist(fields, list);
  CheckChannels(channels, fields, list);
  if (auto problem = fields.Finish()) return std::unexpected(*std::move(problem));
  VIGIL_ASSIGN_OR_RETURN(list, WatchlistRepository(context.database).Create(list));
  if (context.watch_rules_changed) context.watch_rules_changed();
  VIGIL_RETURN_IF_ERROR(
      RecordAudit(context, call.who, "watchlist.create", list.id, WatchlistJson(list)));
  return JsonResponse(WatchlistJson(list), 201);
}

Answer Get(const ApiContext& context, const Call& call) {
  VIGIL_ASSIGN_OR_RETURN(const Watchlist list,
                         WatchlistRepository(context.database).Get(call.Parameter("id")));
  return JsonResponse(WatchlistJson(list));
}

Answer Change(const ApiContext& context, const Call& call) {
  VIGIL_ASSIGN_OR_RETURN(BodyFields fields, BodyFields::Of(call));
  VIGIL_ASSIGN_OR_RETURN(const std::vector<std::string> channels, ChannelNames(context));
  const auto edit = [&](Watchlist& stored) {
    ReadWatchlist(fields, stored);
    CheckChannels(channels, fields, stored);
    return fields.Finish();
  };
  VIGIL_ASSIGN_OR_RETURN(
      const Watchlist list,
      ChangeStored<Watchlist>(WatchlistRepository(context.database), call.Parameter("id"), edit));
  if (context.watch_rules_changed) context.watch_rules_changed();
  VIGIL_RETURN_IF_ERROR(
      RecordAudit(context, call.who, "watchlist.change", list.id, WatchlistJson(list)));
  return JsonResponse(WatchlistJson(list));
}

Answer Delete(const ApiContext& context, const Call& call) {
  const std::string& id = call.Parameter("id");
  VIGIL_RETURN_IF_ERROR(WatchlistRepository(context.database).Delete(id));
  if (context.watch_rules_changed) context.watch_rules_changed();
  VIGIL_RETURN_IF_ERROR(RecordAudit(context, call.who, "watchlist.delete", id));
  return NoContent();
}

}  // namespace

std::vector<Route> WatchlistRoutes(const ApiContext& context) {
  return {
      {Method::kGet, "/api/v1/watchlists", Role::kOperator, Lane::kStore, kNoBody,
       Description("listWatchlists", "watchlists", "All watch-lists, by name.",
                   Gives(PageSchema(WatchlistSchema()))),
       [&](const Call&) { return List(context); }},
      {Method::kPost, "/api/v1/watchlists", Role::kAdmin, Lane::kStore, kJsonBodyBytesMax,
       Description("createWatchlist", "watchlists", "Makes a watch-list.",
                   Gives(WatchlistSchema(), 201))
           .Takes(WatchlistBody())
           .Fails({409}),
       [&](const Call& call) { return Create(context, call); }},
      {Method::kGet, "/api/v1/watchlists/{id}", Role::kOperator, Lane::kStore, kNoBody,
       Description("getWatchlist", "watchlists", "One watch-list.", Gives(WatchlistSchema())),
       [&](const Call& call) { return Get(context, call); }},
      {Method::kPatch, "/api/v1/watchlists/{id}", Role::kAdmin, Lane::kStore, kJsonBodyBytesMax,
       Description("changeWatchlist", "watchlists", "Changes the fields that are given.",
                   Gives(WatchlistSchema()))
           .Takes(api::Change("WatchlistChange", WatchlistBody()))
           .Fails({409}),
       [&](const Call& call) { return Change(context, call); }},
      {Method::kDelete, "/api/v1/watchlists/{id}", Role::kAdmin, Lane::kStore, kNoBody,
       Description("deleteWatchlist", "watchlists", "Deletes a list in which nobody stands.",
                   GivesNothing())
           .Fails({409}),
       [&](const Call& call) { return Delete(context, call); }},
  };
}

}  // namespace vigil::api
