// SQL of the gallery.
#include "database/gallery_repository.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/format.h"
#include "base/log.h"
#include "database/embedding_bytes.h"
#include "database/rows.h"

namespace vigil::database {
namespace {

constexpr std::string_view kSelectLiving =
    "SELECT reference_embeddings.id, person_id, dimension, embedding "
    "FROM reference_embeddings JOIN persons ON persons.id = person_id "
    "WHERE space_key = $1 AND persons.searched = 1 ";

constexpr int kPieceRows = 20'000;

Result<std::uint64_t> ReadSequence(Connection& connection) {
  VIGIL_ASSIGN_OR_RETURN(
      const Answer answer,
      connection.Execute("SELECT sequence FROM gallery_counter WHERE id = 1", {}));
  if (answer.rows.empty()) return Fail(ErrorCode::kDataLoss, "the gallery's counter is missing");
  return static_cast<std::uint64_t>(answer.rows.front().Integer("sequence"));
}

Result<std::vector<Row>> SelectAfter(Connection& connection, const std::string& space_key,
                                     const std::string& after_id, int limit) {
  VIGIL_ASSIGN_OR_RETURN(
      Answer answer, connection.Execute(std::string(kSelectLiving) +
                                            "AND reference_embeddings.id > $2 "
                                            "ORDER BY space_key, reference_embeddings.id LIMIT $3",
                                        {space_key, after_id, limit}));
  return std::move(answer.rows);
}

Result<GalleryReference> OpenReference(const Row& row, const Sealer& sealer) {
  const std::string& id = row.Text("id");
  VIGIL_ASSIGN_OR_RETURN(
      const Bytes plain,
      sealer.Open(row.Blob("embedding"), SealContext("reference_embeddings", id, "embedding")));
  VIGIL_ASSIGN_OR_RETURN(Embedding embedding, EmbeddingFromBytes(plain, row.Int("dimension")));
  return GalleryReference{id, row.Text("person_id"), std::move(embedding)};
}

Result<std::vector<GalleryReference>> OpenReferences(const std::vector<Row>& rows,
                                                     const Sealer& sealer) {
  std::vector<GalleryReference> references;
  references.reserve(rows.size());
  std::string last_failure;
  for (const Row& row : rows) {
    Result<GalleryReference> reference = OpenReference(row, sealer);
    if (reference.has_value()) {
      references.push_back(*std::move(reference));
      continue;
    }
    last_failure = reference.error().message;
    LogError("database",
             "reference {} of person {} is not searched: {}; delete its photo and upload it again",
             row.Text("id"), row.Text("person_id"), last_failure);
  }
  return references;
}

}  // namespace

Result<std::uint64_t> GalleryRepository::GallerySequence() { return database_.Read(ReadSequence); }

Result<std::vector<GalleryChange>> GalleryRepository::GalleryChangesAfter(std::uint64_t sequence,
                                                                          int limit) {
  return database_.Read([&](Connection& connection) -> Result<std::vector<GalleryChange>> {
    VIGIL_ASSIGN_OR_RETURN(
        const Answer answer,
        connection.Execute("SELECT sequence, reference_id FROM gallery_log WHERE sequence > $1 "
                           "ORDER BY sequence LIMIT $2",
                           {sequence, limit}));
    std::vector<GalleryChange> changes;
    changes.reserve(answer.rows.size());
    for (const Row& row : answer.rows) {
      changes.push_back(
          {static_cast<std::uint64_t>(row.Integer("sequence")), row.Text("reference_id")});
    }
    return changes;
  });
}

Result<std::vector<GalleryReference>> GalleryRepository::LoadReferences(
    std::span<const std::string> reference_ids, const std::string& space_key) {
  VIGIL_ASSIGN_OR_RETURN(
      const std::vector<Row> rows,
      database_.Read([&](Connection& connection) -> Result<std::vector<Row>> {
        std::vector<Row> found;
        for (const std::string& id : reference_ids) {
          VIGIL_ASSIGN_OR_RETURN(
              const Answer answer,
              connection.Execute(std::string(kSelectLiving) + "AND reference_embeddings.id = $2",
                                 {space_key, id}));
          found.insert(found.end(), answer.rows.begin(), answer.rows.end());
        }
        return found;
      }));
  return OpenReferences(rows, database_.GetSealer());
}

Result<std::pair<std::vector<GalleryReference>, std::uint64_t>>
GalleryRepository::LoadAllReferences(const std::string& space_key) {
  std::uint64_t sequence = 0;
  std::size_t rows = 0;
  std::vector<GalleryReference> references;
  // Piece by piece out of one snapshot: no statement takes longer than it may, and the rows of a
  // large gallery do not lie in memory twice.
  VIGIL_RETURN_IF_ERROR(database_.Read([&](Connection& connection) -> Status {
    VIGIL_ASSIGN_OR_RETURN(sequence, ReadSequence(connection));
    std::string last;
    while (true) {
      VIGIL_ASSIGN_OR_RETURN(const std::vector<Row> piece,
                             SelectAfter(connection, space_key, last, kPieceRows));
      VIGIL_ASSIGN_OR_RETURN(std::vector<GalleryReference> opened,
                             OpenReferences(piece, database_.GetSealer()));
      std::ranges::move(opened, std::back_inserter(references));
      rows += piece.size();
      if (std::cmp_less(piece.size(), kPieceRows)) return {};
      last = piece.back().Text("id");
    }
  }));
  if (references.empty() && rows > 0) {
    return Fail(ErrorCode::kDataLoss,
                format("none of the {} enrolled faces can be opened: the key file does not belong "
                       "to this database; put the right one back",
                       rows));
  }
  return std::pair{std::move(references), sequence};
}

Result<ReferencePage> GalleryRepository::LoadReferencesAfter(const std::string& space_key,
                                                             const std::string& after_id,
                                                             int limit) {
  ReferencePage page;
  VIGIL_ASSIGN_OR_RETURN(const std::vector<Row> rows,
                         database_.Read([&](Connection& connection) -> Result<std::vector<Row>> {
                           VIGIL_ASSIGN_OR_RETURN(page.sequence, ReadSequence(connection));
                           return SelectAfter(connection, space_key, after_id, limit);
                         }));
  if (std::cmp_equal(rows.size(), limit)) page.last_id = rows.back().Text("id");
  VIGIL_ASSIGN_OR_RETURN(page.references, OpenReferences(rows, database_.GetSealer()));
  return page;
}

Result<std::string> GalleryRepository::GalleryChangeName(std::uint64_t sequence) {
  return database_.Read([&](Connection& connection) -> Result<std::string> {
    VIGIL_ASSIGN_OR_RETURN(
        const Answer answer,
        connection.Execute("SELECT reference_id, mark FROM gallery_log WHERE sequence = $1",
                           {sequence}));
    if (answer.rows.empty()) return std::string();
    const Row& row = answer.rows.front();
    return format("{} {}", row.Text("reference_id"), row.Text("mark"));
  });
}

Result<std::vector<SpaceUse>> GalleryRepository::SpacesBeside(const std::string& space_key) {
  return database_.Read([&](Connection& connection) -> Result<std::vector<SpaceUse>> {
    VIGIL_ASSIGN_OR_RETURN(
        const Answer answer,
        connection.Execute(
            "SELECT model_id, COUNT(*) AS used, COUNT(DISTINCT person_id) AS people "
            "FROM reference_embeddings AS others WHERE space_key <> $1 AND NOT EXISTS "
            "(SELECT 1 FROM reference_embeddings AS own WHERE own.photo_id = others.photo_id "
            "AND own.space_key = $1) AND NOT EXISTS (SELECT 1 FROM unembedded_photos AS failed "
            "JOIN model_switches AS accepted ON accepted.space_key = failed.space_key "
            "WHERE accepted.state = 'in_use' AND failed.photo_id = others.photo_id "
            "AND failed.space_key = $1) GROUP BY model_id ORDER BY model_id",
            {space_key}));
    std::vector<SpaceUse> spaces;
    for (const Row& row : answer.rows) {
      spaces.push_back({.model_id = row.Text("model_id"),
                        .references = row.Integer("used"),
                        .persons = row.Integer("people")});
    }
    return spaces;
  });
}

}  // namespace vigil::database
