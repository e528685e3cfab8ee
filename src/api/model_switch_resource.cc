// /models/switch: another embedder for everybody who is enrolled, while cameras go on.
#include "api/body_fields.h"
#include "api/resources.h"
#include "base/time_text.h"
#include "database/model_switch_repository.h"

namespace vigil::api {
namespace {

constexpr int kListedMax = 100;

Schema SwitchSchema() {
  const Schema person =
      Object("SwitchMissingPerson", {{"id", Id(), kRequired}, {"name", Text(), kRequired}});
  const Schema photo = Object("SwitchFailedPhoto", {{"photo_id", Id(), kRequired},
                                                    {"person_id", Id(), kRequired},
                                                    {"person_name", Text(), kRequired},
                                                    {"reason", Text(), kRequired}});
  return Object(
      "ModelSwitch",
      {{"id", Id(), kRequired},
       {"embedder", Described(Text(), "the one to serve"), kRequired},
       {"state", Word({"running", "in_use", "former", "cancelled"}), kRequired},
       {"accept_missing", Flag(), kRequired},
       {"requested_by", Text(), kRequired},
       {"requested_at", Time(), kRequired},
       {"ended_at", Described(Nullable(Time()), "when it came to serve, or was cancelled"),
        kRequired},
       {"photos", Described(Count(), "of everybody"), kRequired},
       {"embedded", Described(Count(), "photos with a reference of that embedder"), kRequired},
       {"failed", Described(Count(), "photos that cannot be embedded"), kRequired},
       {"failed_photos", Described(ListOf(photo), "the first hundred"), kRequired},
       {"missing_people",
        Described(ListOf(person), "not one of their photos can be embedded; the first hundred"),
        kRequired},
       {"trouble", Described(Text(), "why it does not get on; empty while it does"), kRequired}});
}

Schema SwitchAnswerSchema() {
  return Object(
      "ModelSwitchAnswer",
      {{"serving", Described(Text(), "the embedder in use"), kRequired},
       {"newest", Described(Nullable(SwitchSchema()), "the switch asked for last"), kRequired}});
}

std::expected<json::object, Problem> SwitchJson(const ApiContext& context,
                                                const database::ModelSwitch& found) {
  database::ModelSwitchRepository switches(context.database);
  VIGIL_ASSIGN_OR_RETURN(const auto progress, switches.Progress(found.space_key));
  VIGIL_ASSIGN_OR_RETURN(const auto failed, switches.Unembedded(found.space_key, kListedMax));
  VIGIL_ASSIGN_OR_RETURN(const auto missing, switches.Missing(found.space_key));
  json::array photos;
  for (const auto& photo : failed) {
    photos.push_back({{"photo_id", photo.photo_id},
                      {"person_id", photo.person_id},
                      {"person_name", photo.person_name},
                      {"reason", photo.reason}});
  }
  json::array people;
  for (const auto& person : missing) {
    if (people.size() == kListedMax) break;
    people.push_back({{"id", person.person_id}, {"name", person.name}});
  }
  const bool running = found.state == database::SwitchState::kRunning;
  return json::object{
      {"id", found.id},
      {"embedder", found.model_id},
      {"state", database::SwitchStateName(found.state)},
      {"accept_missing", found.accept_missing},
      {"requested_by", found.requested_by},
      {"requested_at", FormatTime(found.requested_at)},
      {"ended_at", TimeJson(found.ended_at)},
      {"photos", progress.photos},
      {"embedded", progress.embedded},
      {"failed", progress.failed},
      {"failed_photos", std::move(photos)},
      {"missing_people", std::move(people)},
      {"trouble", running && context.model_switching.trouble ? context.model_switching.trouble()
                                                             : std::string()}};
}

Answer Show(const ApiContext& context, int status = 200) {
  VIGIL_ASSIGN_OR_RETURN(const auto newest,
                         database::ModelSwitchRepository(context.database).Newest());
  VIGIL_ASSIGN_OR_RETURN(const auto in_use,
                         database::ModelSwitchRepository(context.database).InUse());
  json::object answer{{"serving", in_use ? in_use->model_id : context.model_switching.configured},
                      {"newest", nullptr}};
  if (newest) {
    VIGIL_ASSIGN_OR_RETURN(answer["newest"], SwitchJson(context, *newest));
  }
  return JsonResponse(answer, status);
}

Answer Ask(const ApiContext& context, const Call& call) {
  VIGIL_ASSIGN_OR_RETURN(BodyFields fields, BodyFields::Of(call));
  std::string embedder;
  bool accept_missing = false;
  fields.Text("embedder", embedder);
  fields.Flag("accept_missing", accept_missing);
  if (!embedder.empty() && context.model_switching.check) {
    if (const Status usable = context.model_switching.check(embedder); !usable) {
      fields.Wrong("embedder", usable.error().message);
    }
  }
  if (auto problem = fields.Finish()) return std::unexpected(*std::move(problem));
  VIGIL_ASSIGN_OR_RETURN(const auto asked,
                         database::ModelSwitchRepository(context.database)
                             .Request(embedder, accept_missing, call.who.user_name));
  if (context.model_switching.changed) context.model_switching.changed();
  VIGIL_RETURN_IF_ERROR(RecordAudit(context, call.who, "model_switch.request", asked.id,
                                    {{"embedder", embedder}, {"accept_missing", accept_missing}}));
  return Show(context, 202);
}

Answer Cancel(const ApiContext& context, const Call& call) {
  VIGIL_ASSIGN_OR_RETURN(const auto cancelled,
                         database::ModelSwitchRepository(context.database).Cancel());
  if (context.model_switching.changed) context.model_switching.changed();
  VIGIL_RETURN_IF_ERROR(RecordAudit(context, call.who, "model_switch.cancel", cancelled.id,
                                    {{"embedder", cancelled.model_id}}));
  return Show(context);
}

}  // namespace

std::vector<Route> ModelSwitchRoutes(const ApiContext& context) {
  const Schema body =
      Object("ModelSwitchRequest",
             {{"embedder", Described(Text(1, 200), "an installed one"), kRequired},
              {"accept_missing",
               Described(Flag(), "serve although people are lost whose photos all fail")}});
  return {
      {Method::kGet, "/api/v1/models/switch", Role::kOperator, Lane::kStore, kNoBody,
       Description("getModelSwitch", "system", "Which embedder serves, and how far a switch is.",
                   Gives(SwitchAnswerSchema())),
       [&](const Call&) { return Show(context); }},
      {Method::kPost, "/api/v1/models/switch", Role::kAdmin, Lane::kStore, kJsonBodyBytesMax,
       Description("requestModelSwitch", "system", "Asks for another embedder.",
                   Gives(SwitchAnswerSchema(), 202))
           .Notes("Everybody is embedded anew from the stored photos in the background; until that "
                  "is complete the old embedder serves. Asking again tries failed photos again.")
           .Takes(body)
           .Fails({409}),
       [&](const Call& call) { return Ask(context, call); }},
      {Method::kDelete, "/api/v1/models/switch", Role::kAdmin, Lane::kStore, kNoBody,
       Description("cancelModelSwitch", "system", "Cancels the running switch.",
                   Gives(SwitchAnswerSchema()))
           .Notes("What was embedded stays for the next time.")
           .Fails({404}),
       [&](const Call& call) { return Cancel(context, call); }},
  };
}

}  // namespace vigil::api
