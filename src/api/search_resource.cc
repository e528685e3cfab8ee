// POST /criminals/search-by-image: who is this?
#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>

#include "api/body_fields.h"
#include "api/enrolment.h"
#include "api/resources.h"
#include "base/crypto.h"
#include "database/person_repository.h"
#include "database/watchlist_repository.h"

namespace vigil::api {
namespace {

constexpr int kTopMax = 10;

Schema SearchAnswerSchema() {
  const Schema candidate = Object("SearchCandidate", {{"person_id", Id(), kRequired},
                                                      {"name", Text(), kRequired},
                                                      {"severity", SeveritySchema(), kRequired},
                                                      {"reference_id", Id(), kRequired},
                                                      {"similarity", Number(-1, 1), kRequired},
                                                      {"stranger_odds", Number(0, 1), kRequired},
                                                      {"passes", Flag(), kRequired}});
  const Schema face = Object("SearchFace", {{"box", BoxSchema(), kRequired},
                                            {"score", Number(0, 1), kRequired},
                                            {"quality", QualitySchema(), kRequired},
                                            {"outcome", OutcomeSchema(), kRequired},
                                            {"reason", Nullable(ReasonSchema()), kRequired},
                                            {"threshold", Number(), kRequired},
                                            {"candidates", ListOf(candidate), kRequired}});
  return Object("SearchAnswer", {{"width", Count(), kRequired},
                                 {"height", Count(), kRequired},
                                 {"faces", ListOf(face), kRequired},
                                 {"gallery", GallerySchema(), kRequired}});
}

struct SearchRequest {
  std::string_view photo;
  int top = 5;
  std::optional<float> threshold;        // absent: what the gallery demands
  std::optional<std::string> watchlist;  // an id; absent: everybody
};

template <class Number>
bool ReadNumber(const std::string& text, Number& number, Number least, Number greatest) {
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  return failure == std::errc{} && end == text.data() + text.size() && number >= least &&
         number <= greatest;
}

std::expected<SearchRequest, Problem> ReadRequest(const HttpRequest& request) {
  VIGIL_ASSIGN_OR_RETURN(const UploadedFile upload, UploadedFileOf(request));
  SearchRequest search;
  search.photo = upload.bytes;
  std::vector<FieldError> errors;
  for (const auto& [name, value] : upload.fields) {
    if (value.empty()) continue;
    if (name == "top") {
      if (!ReadNumber(value, search.top, 1, kTopMax)) {
        errors.push_back({"top", "must be a whole number from 1 to 10"});
      }
    } else if (name == "threshold") {
      float threshold = 0;
      if (ReadNumber(value, threshold, 0.0F, 1.0F)) {
        search.threshold = threshold;
      } else {
        errors.push_back({"threshold", "must be a number from 0 to 1"});
      }
    } else if (name == "watchlist") {
      search.watchlist = value;
    } else {
      errors.push_back({name, "is not a known field"});
    }
  }
  if (!errors.empty()) return std::unexpected(InvalidFields(std::move(errors)));
  return search;
}

std::expected<json::array, Problem> CandidatesJson(const ApiContext& context,
                                                   const Decision& decision, int top,
                                                   float threshold) {
  database::PersonRepository persons(context.database);
  json::array items;
  for (const Candidate& candidate : decision.candidates) {
    if (static_cast<int>(items.size()) == top) break;
    const Result<Person> person = persons.Get(candidate.person_id);
    if (!person && person.error().code == ErrorCode::kNotFound) continue;  // deleted just now
    VIGIL_RETURN_IF_ERROR(person);
    items.push_back({{"person_id", candidate.person_id},
                     {"name", person->name},
                     {"severity", SeverityName(person->severity)},
                     {"reference_id", candidate.reference_id},
                     {"similarity", Rounded(candidate.similarity)},
                     {"stranger_odds", pipeline::StrangerOdds(context.policy, decision.gallery,
                                                              candidate.similarity)},
                     {"passes", candidate.similarity >= threshold}});
  }
  return items;
}

using People = std::unordered_set<std::string>;

// Who stands in the list that was asked for; nothing when everybody is searched.
std::expected<std::optional<People>, Problem> PeopleSearched(const ApiContext& context,
                                                             const SearchRequest& request) {
  if (!request.watchlist) return std::nullopt;
  database::WatchlistRepository lists(context.database);
  VIGIL_ASSIGN_OR_RETURN(const auto all, lists.LoadAll());
  if (std::ranges::find(all.lists, *request.watchlist, &Watchlist::id) == all.lists.end()) {
    return std::unexpected(InvalidFields({{"watchlist", "is no watch-list's id"}}));
  }
  People people;
  for (const auto& [person, lists_of] : all.lists_of) {
    if (std::ranges::find(lists_of, *request.watchlist) != lists_of.end()) people.insert(person);
  }
  return people;
}

Decision DecideOn(const ApiContext& context, const pipeline::PhotoFace& face,
                  const std::optional<People>& people) {
  // Decide keeps at most 10; asking for as many lets `top` skip people who were deleted meanwhile.
  constexpr int kCandidates = 10;
  Decision whole = pipeline::Decide(context.gallery.Search(face.embedding, kCandidates),
                                    face.quality, context.policy);
  if (!people || whole.outcome == Outcome::kUnrecognisable) return whole;
  GalleryQuery query{.probe = face.embedding, .candidates_max = kCandidates, .admits = {}};
  query.admits = [&](const std::string& person) { return people->contains(person); };
  Decision listed = pipeline::Decide(std::move(context.gallery.SearchMany({&query, 1}).front()),
                                     face.quality, context.policy);
  // How alike the others look is told by the whole gallery: a short list makes no name surer.
  listed.threshold = std::max(listed.threshold, whole.threshold);
  if (listed.outcome == Outcome::kMatch && listed.similarity < listed.threshold) {
    listed.outcome = Outcome::kPossibleMatch;
  }
  return listed;
}

std::expected<json::object, Problem> FaceJson(const ApiContext& context,
                                              const SearchRequest& request,
                                              const pipeline::PhotoFace& face,
                                              const std::optional<People>& people) {
  const Decision decision = DecideOn(context, face, people);
  const float threshold = request.threshold.value_or(decision.threshold);
  VIGIL_ASSIGN_OR_RETURN(json::array candidates,
                         CandidatesJson(context, decision, request.top, threshold));
  json::object object{{"box", BoxJson(face.detection.box)},
                      {"score", Rounded(face.detection.score)},
                      {"quality", QualityJson(face.quality)},
                      {"outcome", OutcomeName(decision.outcome)},
                      {"reason", nullptr},
                      {"threshold", Rounded(threshold)},
                      {"candidates", std::move(candidates)}};
  if (decision.reason) object["reason"] = ReasonName(*decision.reason);
  return object;
}

Answer Search(const ApiContext& context, const Call& call) {
  VIGIL_ASSIGN_OR_RETURN(const SearchRequest request, ReadRequest(call.request));
  VIGIL_ASSIGN_OR_RETURN(const std::optional<People> people, PeopleSearched(context, request));
  const auto turn = context.EnterTurn();
  const auto photo = AnalysePhoto(context.photos, std::as_bytes(std::span(request.photo)));
  if (!photo) return std::unexpected(ProblemOfPhoto(photo.error()));
  json::array faces;
  json::array found;  // for the audit: who was shown, never a picture
  for (const pipeline::PhotoFace& face : photo->faces) {
    VIGIL_ASSIGN_OR_RETURN(json::object item, FaceJson(context, request, face, people));
    for (const json::value& candidate : item.at("candidates").get_array()) {
      if (candidate.at("passes").get_bool()) found.push_back(candidate.at("person_id"));
    }
    faces.push_back(std::move(item));
  }
  const GalleryInfo gallery = context.gallery.Info();
  VIGIL_RETURN_IF_ERROR(RecordAudit(context, call.who, "search_by_image", "",
                                    {{"photo_sha256", Sha256Hex(request.photo)},
                                     {"faces", photo->faces.size()},
                                     {"passed", std::move(found)},
                                     {"watchlist", request.watchlist.value_or("")},
                                     {"gallery_sequence", gallery.sequence}}));
  return JsonResponse({{"width", photo->width},
                       {"height", photo->height},
                       {"faces", std::move(faces)},
                       {"gallery", GalleryJson(gallery)}});
}

}  // namespace

std::vector<Route> SearchRoutes(const ApiContext& context) {
  return {
      {Method::kPost, "/api/v1/criminals/search-by-image", Role::kOperator, Lane::kHeavy,
       kPhotoFormBytesMax,
       Description("searchByImage", "criminals", "Who is on this photo.",
                   Gives(SearchAnswerSchema()))
           .Notes("Every face that is found, largest first, with its candidates. The search goes "
                  "into the audit log, the photo does not.")
           .TakesPhoto({{"top", Described(Integer(1, kTopMax), "candidates a face; 5 when absent")},
                        {"threshold", Described(Number(0, 1),
                                                "the similarity to pass; when absent what the "
                                                "gallery demands")},
                        {"watchlist", Described(Id(), "look among the people of this list only")}})
           .Fails({422}),
       [&](const Call& call) { return Search(context, call); }},
  };
}

}  // namespace vigil::api
