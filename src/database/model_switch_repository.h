// Changes of the embedder at rest: what was asked for, how far it is, and which embedder serves.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "database/database.h"

namespace vigil::database {

enum class SwitchState { kRunning, kInUse, kFormer, kCancelled };

// "running", "in_use", "former", "cancelled".
std::string_view SwitchStateName(SwitchState state);

struct ModelSwitch {
  std::string id;
  std::string model_id;   // the embedder to serve
  std::string space_key;  // of its references; empty until it was loaded
  bool accept_missing = false;
  SwitchState state = SwitchState::kRunning;
  std::string requested_by;
  WallTime requested_at{};
  std::optional<WallTime> ended_at;  // when it came to serve, or was cancelled
};

// How far everybody is embedded in a space.
struct SwitchProgress {
  std::int64_t photos = 0;    // of everybody
  std::int64_t embedded = 0;  // of these
  std::int64_t failed = 0;    // could not be embedded
  std::int64_t Pending() const { return photos - embedded - failed; }
};

struct UnembeddedPhoto {
  std::string photo_id;
  std::string person_id;
  std::string person_name;
  std::string reason;  // a sentence
};

// Somebody of whose photos not one could be embedded: lost to a search in that space.
struct MissingPerson {
  std::string person_id;
  std::string name;
};

// What became of an attempt to let the new embedder serve.
enum class SwitchEnd {
  kInUse,          // it serves from now on
  kPhotosPending,  // somebody was enrolled meanwhile
  kPeopleMissing,  // and nobody accepted that
  kWithdrawn,      // cancelled meanwhile
};

// Thread-safe.
class ModelSwitchRepository {
 public:
  explicit ModelSwitchRepository(Database& database) : database_(database) {}

  // Asks for `model_id`. When it is on its way already, that goes on, with `accept_missing` as it
  // is now; either way photos that failed are tried again. kConflict while another is on its way.
  Result<ModelSwitch> Request(const std::string& model_id, bool accept_missing,
                              const std::string& requested_by);
  Result<std::optional<ModelSwitch>> Running();
  Result<std::optional<ModelSwitch>> InUse();
  Result<std::optional<ModelSwitch>> Newest();
  // The running one; what it embedded stays for the next. kNotFound when none runs.
  Result<ModelSwitch> Cancel();
  Status SetSpace(const std::string& id, const std::string& space_key);

  Result<SwitchProgress> Progress(const std::string& space_key);
  Status NoteUnembedded(const std::string& space_key, const std::string& photo_id,
                        const std::string& reason);
  // At most `limit`, by the person's name.
  Result<std::vector<UnembeddedPhoto>> Unembedded(const std::string& space_key, int limit);
  // Those who would be lost, by name; people with photos still to be tried are not among them.
  Result<std::vector<MissingPerson>> Missing(const std::string& space_key);

  // Lets the embedder of a running switch serve, in one transaction with the check that every photo
  // was tried and nobody is lost unasked.
  Result<SwitchEnd> Complete(const std::string& id);

  // Deletes references outside `space_key`, in steps, and returns their number. kConflict while a
  // switch runs: it needs them.
  Result<std::int64_t> ForgetOtherSpaces(const std::string& space_key);

 private:
  Database& database_;
};

// The embedder that a switch brought to serve, read beside a server or none; nothing when there is
// no database, an older one, or no switch yet. Never changes anything.
std::optional<std::string> SwitchedEmbedder(const DatabaseOptions& options);

}  // namespace vigil::database
