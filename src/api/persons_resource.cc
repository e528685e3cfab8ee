// /criminals: the enrolled people.
#include <algorithm>

#include "api/body_fields.h"
#include "api/resources.h"
#include "api/stored_change.h"
#include "base/log.h"
#include "base/time_text.h"
#include "base/trimmed.h"
#include "database/person_repository.h"
#include "database/photo_repository.h"

namespace vigil::api {
namespace {

Schema PersonSchema() {
  return Object("Person", {{"id", Id(), kRequired},
                           {"name", Text(), kRequired},
                           {"reason", Text(), kRequired},
                           {"category", Text(), kRequired},
                           {"severity", SeveritySchema(), kRequired},
                           {"notes", Text(), kRequired},
                           {"expires_at", Nullable(Time()), kRequired},
                           {"watchlists", ListOf(Id()), kRequired},
                           {"created_at", Time(), kRequired},
                           {"updated_at", Time(), kRequired},
                           {"photo_count", Count(), kRequired}});
}

Schema PhotoSummarySchema() {
  return Object("PhotoSummary", {{"id", Id(), kRequired},
                                 {"width", Count(), kRequired},
                                 {"height", Count(), kRequired},
                                 {"media_type", Text(), kRequired},
                                 {"box", BoxSchema(), kRequired},
                                 {"quality", Number(0, 1), kRequired},
                                 {"created_at", Time(), kRequired}});
}

Schema PersonBody() {
  return Object("PersonCreate",
                {{"name", Text(1, 200), kRequired},
                 {"reason", Described(Text(0, 2000), "why this person is looked for")},
                 {"category", Text(0, 100)},
                 {"severity", SeveritySchema()},
                 {"notes", Text(0, 10'000)},
                 {"expires_at", Described(Nullable(Time()), "from then on nobody is alerted")},
                 {"watchlists", Described(ListOf(Id(), 0, 50), "ids; replaces all of them")}});
}

json::object PersonJson(const Person& person) {
  return {{"id", person.id},
          {"name", person.name},
          {"reason", person.reason},
          {"category", person.category},
          {"severity", SeverityName(person.severity)},
          {"notes", person.notes},
          {"expires_at", TimeJson(person.expires_at)},
          {"watchlists", json::array(person.watchlist_ids.begin(), person.watchlist_ids.end())},
          {"created_at", FormatTime(person.created_at)},
          {"updated_at", FormatTime(person.updated_at)},
          {"photo_count", person.photo_count}};
}

json::object PhotoSummaryJson(const Photo& photo) {
  return {{"id", photo.id},
          {"width", photo.width},
          {"height", photo.height},
          {"media_type", photo.mime_type},
          {"box", BoxJson(photo.face.box)},
          {"quality", Rounded(photo.quality)},
          {"created_at", FormatTime(photo.created_at)}};
}

void ReadPerson(BodyFields& fields, Person& person) {
  fields.Text("name", person.name);
  fields.Text("reason", person.reason);
  fields.Text("category", person.category);
  fields.Word("severity", person.severity, SeverityOf);
  fields.Text("notes", person.notes);
  fields.Time("expires_at", person.expires_at);
  fields.Texts("watchlists", person.watchlist_ids);
  if (fields.Present("name") && person.name.find_first_not_of(" \t\r\n") == std::string::npos &&
      !person.name.empty()) {
    fields.Wrong("name", "must not be blank");
  }
}

Answer List(const ApiContext& context, const Call& call) {
  VIGIL_ASSIGN_OR_RETURN(const Page page, PageOf(call.request));
  VIGIL_ASSIGN_OR_RETURN(
      const database::Page<Person> persons,
      database::PersonRepository(context.database)
          .List({page.limit, page.after}, call.request.Query("watchlist").value_or("")));
  json::array items;
  for (const Person& person : persons.items) items.push_back(PersonJson(person));
  return ListResponse(std::move(items), persons.next);
}

Answer Create(const ApiContext& context, const Call& call) {
  VIGIL_ASSIGN_OR_RETURN(BodyFields fields, BodyFields::Of(call));
  Person person;
  ReadPerson(fields, person);
  if (auto problem = fields.Finish()) return std::unexpected(*std::move(problem));
  VIGIL_ASSIGN_OR_RETURN(person, database::PersonRepository(context.database).Create(person));
  if (fields.Present("watchlists") && context.watch_rules_changed) context.watch_rules_changed();
  context.gallery_changed();
  VIGIL_RETURN_IF_ERROR(
      RecordAudit(context, call.who, "person.create", person.id, {{"name", person.name}}));
  return JsonResponse(PersonJson(person), 201);
}

Answer Get(const ApiContext& context, const Call& call) {
  const std::string& id = call.Parameter("id");
  VIGIL_ASSIGN_OR_RETURN(const Person person, database::PersonRepository(context.database).Get(id));
  VIGIL_ASSIGN_OR_RETURN(const std::vector<Photo> photos,
                         database::PhotoRepository(context.database).List(id));
  json::array summaries;
  for (const Photo& photo : photos) summaries.push_back(PhotoSummaryJson(photo));
  json::object object = PersonJson(person);
  object["photos"] = std::move(summaries);
  return JsonResponse(object);
}

Answer Change(const ApiContext& context, const Call& call) {
  VIGIL_ASSIGN_OR_RETURN(BodyFields fields, BodyFields::Of(call));
  const auto edit = [&](Person& stored) {
    ReadPerson(fields, stored);
    return fields.Finish();
  };
  VIGIL_ASSIGN_OR_RETURN(const Person person,
                         ChangeStored<Person>(database::PersonRepository(context.database),
                                              call.Parameter("id"), edit));
  if (fields.Present("watchlists") && context.watch_rules_changed) context.watch_rules_changed();
  context.gallery_changed();
  VIGIL_RETURN_IF_ERROR(
      RecordAudit(context, call.who, "person.change", person.id, {{"name", person.name}}));
  return JsonResponse(PersonJson(person));
}

Answer Delete(const ApiContext& context, const Call& call) {
  const std::string& id = call.Parameter("id");
  VIGIL_ASSIGN_OR_RETURN(const database::DeletedPerson deleted,
                         database::PersonRepository(context.database).Delete(id));
  context.gallery_changed();
  for (const std::string& media_id : deleted.media_ids) {
    if (const Status removed = context.media.Remove(media_id); !removed) {
      LogWarning("api", "a deleted person's photo stays for the sweep: {}",
                 removed.error().message);
    }
  }
  VIGIL_RETURN_IF_ERROR(RecordAudit(context, call.who, "person.delete", id));
  return NoContent();
}

}  // namespace

std::vector<Field> PersonFormFields() {
  std::vector<Field> fields = PersonBody().fields;
  for (Field& field : fields) {
    if (field.name == "watchlists") {
      field.schema = Described(Text(0, 2'000), "ids, separated by commas; added to the person's");
    }
  }
  return fields;
}

std::expected<Person, Problem> PersonOfForm(const NamedValues& fields) {
  json::object object;
  for (const auto& [name, value] : fields) {
    if (value.empty()) continue;
    if (name != "watchlists") {
      object[name] = value;
      continue;
    }
    json::array& ids = object["watchlists"].emplace_array();
    for (std::string_view rest = value; !rest.empty();) {
      const std::size_t comma = std::min(rest.find(','), rest.size());
      ids.push_back(json::value(Trimmed(rest.substr(0, comma))));
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
  }
  HttpRequest request;
  request.headers.emplace_back("content-type", "application/json");
  request.body = json::serialize(object);
  const Schema schema = PersonBody();
  VIGIL_ASSIGN_OR_RETURN(BodyFields body, BodyFields::Of(request, schema));
  Person person;
  ReadPerson(body, person);
  if (auto problem = body.Finish()) return std::unexpected(*std::move(problem));
  return person;
}

std::vector<Route> PersonRoutes(const ApiContext& context) {
  return {
      {Method::kGet, "/api/v1/criminals", Role::kOperator, Lane::kStore, kNoBody,
       Description("listPersons", "criminals", "Enrolled people.",
                   Gives(PageSchema(PersonSchema())))
           .Query(PageFields())
           .Query({{"watchlist", Described(Id(), "only people of that list")}}),
       [&](const Call& call) { return List(context, call); }},
      {Method::kPost, "/api/v1/criminals", Role::kAdmin, Lane::kStore, kJsonBodyBytesMax,
       Description("createPerson", "criminals", "Enrols a person, without photos yet.",
                   Gives(PersonSchema(), 201))
           .Takes(PersonBody())
           .Fails({409}),
       [&](const Call& call) { return Create(context, call); }},
      {Method::kGet, "/api/v1/criminals/{id}", Role::kOperator, Lane::kStore, kNoBody,
       Description("getPerson", "criminals", "One person with their photos.",
                   Gives(Extended("PersonWithPhotos", PersonSchema(),
                                  {{"photos", ListOf(PhotoSummarySchema()), kRequired}}))),
       [&](const Call& call) { return Get(context, call); }},
      {Method::kPatch, "/api/v1/criminals/{id}", Role::kAdmin, Lane::kStore, kJsonBodyBytesMax,
       Description("changePerson", "criminals", "Changes a person.", Gives(PersonSchema()))
           .Takes(Change("PersonChange", PersonBody()))
           .Fails({409}),
       [&](const Call& call) { return Change(context, call); }},
      {Method::kDelete, "/api/v1/criminals/{id}", Role::kAdmin, Lane::kStore, kNoBody,
       Description("deletePerson", "criminals", "Removes a person with all photos and references.",
                   GivesNothing()),
       [&](const Call& call) { return Delete(context, call); }},
  };
}

}  // namespace vigil::api
