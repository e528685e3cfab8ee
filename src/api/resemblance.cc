// Searching the gallery with what is in it.
#include "api/resemblance.h"

#include <algorithm>
#include <map>
#include <utility>

#include "database/enrolment_repository.h"
#include "database/gallery_repository.h"
#include "database/person_repository.h"
#include "database/photo_repository.h"

namespace vigil::api {
namespace {

// One pass over the gallery serves as many probes.
constexpr std::size_t kProbesOfOnePass = 64;
// Of one person; all pairs of them are compared.
constexpr std::size_t kPhotosComparedMax = 2000;

// Nothing when the other person was deleted just now.
std::optional<LookAlike> Named(const EnrolmentContext& context, const Candidate& candidate) {
  const Result<Person> other =
      database::PersonRepository(context.database).Get(candidate.person_id);
  if (!other) return std::nullopt;
  const auto photo =
      database::PhotoRepository(context.database).OfReference(candidate.reference_id);
  return LookAlike{.person_id = other->id,
                   .name = other->name,
                   .photo_id = photo && *photo ? (*photo)->id : std::string(),
                   .similarity = candidate.similarity};
}

GalleryQuery QueryBeside(const std::string& person_id, std::span<const float> probe,
                         int candidates_max) {
  return {.probe = probe,
          .candidates_max = candidates_max,
          .admits = [&person_id](const std::string& id) { return id != person_id; }};
}

// The most similar photos of each pair of people.
using PairsOfPeople = std::map<std::pair<std::string, std::string>,
                               std::pair<const database::PhotoReference*, Candidate>>;

void NoteLookAlikes(const database::PhotoReference& reference, const GallerySearch& search,
                    float threshold, PairsOfPeople& pairs) {
  const std::string& person = reference.reference.person_id;
  for (const Candidate& candidate : search.candidates) {
    if (candidate.similarity < threshold) break;
    auto& best = pairs[std::minmax(person, candidate.person_id)];
    if (best.first == nullptr || best.second.similarity < candidate.similarity) {
      best = {&reference, candidate};
    }
  }
}

void NoteNearDuplicates(std::span<const database::PhotoReference> of_person,
                        std::vector<NearDuplicatePair>& pairs) {
  of_person = of_person.first(std::min(of_person.size(), kPhotosComparedMax));
  for (std::size_t i = 0; i < of_person.size(); ++i) {
    for (std::size_t k = 0; k < i; ++k) {
      const float similarity =
          Similarity(of_person[k].reference.embedding, of_person[i].reference.embedding);
      if (similarity < kSamePictureSimilarity) continue;
      pairs.push_back({.person_id = of_person[i].reference.person_id,
                       .photo_id = of_person[i].photo_id,
                       .other = {of_person[k].photo_id, similarity}});
    }
  }
}

}  // namespace

std::vector<LookAlike> LookAlikesOf(const EnrolmentContext& context, const std::string& person_id,
                                    const Embedding& embedding) {
  const GalleryQuery query = QueryBeside(person_id, embedding, kLookAlikesMax);
  const GallerySearch search = context.gallery.SearchMany({&query, 1}).front();
  const float threshold = pipeline::MatchThreshold(context.policy, search.gallery);
  std::vector<LookAlike> found;
  for (const Candidate& candidate : search.candidates) {
    if (candidate.similarity < threshold) break;
    if (auto named = Named(context, candidate)) found.push_back(*std::move(named));
  }
  return found;
}

std::optional<NearDuplicate> NearDuplicateOf(const EnrolmentContext& context,
                                             const std::string& person_id,
                                             const Embedding& embedding) {
  const GalleryQuery query{.probe = embedding,
                           .candidates_max = 1,
                           .admits = [&](const std::string& id) { return id == person_id; }};
  const GallerySearch search = context.gallery.SearchMany({&query, 1}).front();
  if (search.candidates.empty()) return std::nullopt;
  const Candidate& nearest = search.candidates.front();
  if (nearest.similarity < kSamePictureSimilarity) return std::nullopt;
  const auto photo = database::PhotoRepository(context.database).OfReference(nearest.reference_id);
  if (!photo || !*photo) return std::nullopt;
  return NearDuplicate{(*photo)->id, nearest.similarity};
}

Result<Resemblances> FindResemblances(const EnrolmentContext& context,
                                      std::span<const std::string> person_ids) {
  VIGIL_ASSIGN_OR_RETURN(const std::uint64_t sequence,
                         database::GalleryRepository(context.database).GallerySequence());
  VIGIL_ASSIGN_OR_RETURN(
      auto references, database::EnrolmentRepository(context.database)
                           .ReferencesOf(person_ids, context.analyser.EmbedderFacts().space.Key()));
  std::ranges::sort(references, {}, [](const database::PhotoReference& one) {
    return std::tie(one.reference.person_id, one.photo_id);
  });
  Resemblances found;
  found.gallery = context.gallery.Info();
  found.current = found.gallery.sequence >= sequence;
  found.threshold = pipeline::MatchThreshold(context.policy, found.gallery);

  PairsOfPeople pairs;
  for (std::size_t start = 0; start < references.size(); start += kProbesOfOnePass) {
    const auto pass =
        std::span(references).subspan(start, std::min(kProbesOfOnePass, references.size() - start));
    std::vector<GalleryQuery> queries;
    for (const auto& one : pass) {
      queries.push_back(
          QueryBeside(one.reference.person_id, one.reference.embedding, kLookAlikesReportedMax));
    }
    const auto answers = context.gallery.SearchMany(queries);
    for (std::size_t i = 0; i < pass.size(); ++i) {
      NoteLookAlikes(pass[i], answers[i], found.threshold, pairs);
    }
  }
  for (const auto& [people, best] : pairs) {
    const auto& [reference, candidate] = best;
    if (auto other = Named(context, candidate)) {
      found.look_alikes.push_back(
          {reference->reference.person_id, reference->photo_id, *std::move(other)});
    }
  }
  std::ranges::sort(found.look_alikes, std::ranges::greater(),
                    [](const LookAlikePair& pair) { return pair.other.similarity; });
  for (auto begin = references.begin(); begin != references.end();) {
    const auto end = std::find_if(begin, references.end(), [&](const auto& one) {
      return one.reference.person_id != begin->reference.person_id;
    });
    NoteNearDuplicates({begin, end}, found.near_duplicates);
    begin = end;
  }
  for (const auto& one : references) {
    if (one.quality < kPoorPhotoQuality) {
      found.poor_photos.push_back({one.reference.person_id, one.photo_id, one.quality});
    }
  }
  return found;
}

}  // namespace vigil::api
