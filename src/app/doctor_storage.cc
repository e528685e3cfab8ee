// The storage side of `vigil doctor`: the key and the database that it unseals.
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

#include "app/doctor.h"
#include "app/installation.h"
#include "base/format.h"
#include "database/inspection.h"

namespace vigil::app {
namespace {

Finding KeyFault(std::string what, std::string mend) {
  return {"key", FindingState::kFault, std::move(what), std::move(mend)};
}

Finding DatabaseFinding(FindingState state, std::string what, std::string mend) {
  return {"database", state, std::move(what), std::move(mend)};
}

Finding JudgeSchema(const std::string& name, const database::Inspection& seen) {
  if (seen.schema > seen.schema_known) {
    return DatabaseFinding(FindingState::kFault,
                           format("{} has schema {}, newer than the {} this program knows", name,
                                  seen.schema, seen.schema_known),
                           "install the newer version of Vigil that wrote it");
  }
  if (seen.schema < seen.schema_known) {
    return DatabaseFinding(FindingState::kWarning,
                           format("{} has schema {}, older than this program's {}", name,
                                  seen.schema, seen.schema_known),
                           "stop vigil, copy the data directory, then run: vigil setup-database");
  }
  return DatabaseFinding(FindingState::kOk, format("{} is sound, schema {}", name, seen.schema),
                         "");
}

}  // namespace

Findings CheckKey(const config::Config& config, std::optional<Sealer>& sealer) {
  if (!config.data.seal_key.Empty()) {
    auto given = Sealer::FromHex(config.data.seal_key.Reveal());
    if (!given.has_value()) return {KeyFault(given.error().message, "mend [data] seal_key")};
    sealer = *std::move(given);
    return {{"key", FindingState::kOk, "the key stands in the configuration", ""}};
  }
  const auto file = config.data.directory / "vigil.key";
  std::error_code failure;
  if (!std::filesystem::exists(file, failure)) {
    if (!config.UsesPostgres() && std::filesystem::exists(config.DatabaseFile(), failure)) {
      return {KeyFault(
          format("the key file {} is missing; without it stored faces cannot be read",
                 file.string()),
          "put the file back from a backup; do not start vigil before, it would make another")};
    }
    return {{"key", FindingState::kOk, "no key yet: the first start makes one", ""}};
  }
  // Opening would wait for ever on what is no file, and as the super-user for a folder say nothing.
  if (!std::filesystem::is_regular_file(file, failure) || ::access(file.c_str(), R_OK) != 0) {
    return {KeyFault(format("the key file {} cannot be read", file.string()),
                     "give it to the user who runs vigil, mode 600")};
  }
  auto read = Sealer::FromKeyFile(file);
  if (!read.has_value()) {
    return {KeyFault(read.error().message, "put the key file back from a backup")};
  }
  sealer = *std::move(read);
  struct stat facts{};
  if (::stat(file.c_str(), &facts) == 0 && (facts.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return {{"key", FindingState::kWarning,
             format("other users of this machine may read the key file {}", file.string()),
             format("run: chmod 600 {}", file.string())}};
  }
  return {{"key", FindingState::kOk, format("the key file {} can be read", file.string()), ""}};
}

namespace {

// What keeps the SQLite file from being looked into; absent: nothing.
std::optional<Finding> FileFinding(const std::filesystem::path& path) {
  std::error_code failure;
  if (!std::filesystem::exists(path, failure)) {
    return DatabaseFinding(FindingState::kOk, format("{} is not there yet", path.string()),
                           "the first start makes it, or: vigil setup-database");
  }
  if (::access(path.c_str(), R_OK | W_OK) != 0) {
    return DatabaseFinding(FindingState::kFault,
                           format("{} cannot be read and written", path.string()),
                           "give it to the user who runs vigil, mode 600");
  }
  return std::nullopt;
}

}  // namespace

Findings CheckDatabase(const config::Config& config, const Sealer* sealer, Stored& stored) {
  const database::DatabaseOptions options = DatabaseOptionsOf(config);
  const std::string name = database::DatabaseName(options);
  if (!config.UsesPostgres()) {
    if (const auto finding = FileFinding(options.path)) return {*finding};
  }
  const auto seen = database::InspectDatabase(options, sealer);
  constexpr const char* kRestore =
      "stop vigil, keep a copy of the data directory, and restore it from a backup";
  if (!seen.has_value()) {
    const bool damaged = seen.error().code == ErrorCode::kDataLoss;
    return {DatabaseFinding(FindingState::kFault, seen.error().message,
                            damaged ? kRestore : "see what the message names, then look again")};
  }
  if (!seen->damage.empty()) {
    return {DatabaseFinding(FindingState::kFault, format("{} is damaged: {}", name, seen->damage),
                            kRestore)};
  }
  stored.persons = seen->persons;
  if (seen->key_fits == false) {
    return {KeyFault(format("the key does not belong to the database {}", name),
                     "put back the key it was made with, or restore both from one backup")};
  }
  for (const Camera& camera : seen->cameras) {
    config::CameraConfig known;
    known.name = camera.name;
    known.url = camera.url;
    known.enabled = camera.enabled;
    stored.cameras.push_back(std::move(known));
  }
  stored.channels = seen->channels;
  return {JudgeSchema(name, *seen)};
}

}  // namespace vigil::app
