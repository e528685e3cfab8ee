// Counter and log move together, in the transaction that changes the gallery.
#include "database/gallery_log.h"

#include "base/crypto.h"

namespace vigil::database {
namespace {

constexpr std::size_t kMarkBytes = 16;

}  // namespace

Status LogGalleryChanges(Connection& connection, std::span<const std::string> reference_ids) {
  for (const std::string& reference_id : reference_ids) {
    VIGIL_RETURN_IF_ERROR(
        connection.Execute("UPDATE gallery_counter SET sequence = sequence + 1 WHERE id = 1", {}));
    VIGIL_RETURN_IF_ERROR(
        connection.Execute("INSERT INTO gallery_log (sequence, reference_id, mark) "
                           "SELECT sequence, $1, $2 FROM gallery_counter WHERE id = 1",
                           {reference_id, RandomToken(kMarkBytes)}));
  }
  return {};
}

Result<std::vector<std::string>> ReferencesOfPerson(Connection& connection,
                                                    const std::string& person_id) {
  VIGIL_ASSIGN_OR_RETURN(
      const Answer answer,
      connection.Execute("SELECT id FROM reference_embeddings WHERE person_id = $1 ORDER BY id",
                         {person_id}));
  std::vector<std::string> ids;
  ids.reserve(answer.rows.size());
  for (const Row& row : answer.rows) ids.push_back(row.Text("id"));
  return ids;
}

}  // namespace vigil::database
