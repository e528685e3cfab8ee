// Backups: pictures first, then a snapshot of the tables, then the pictures that came between, so
// that each picture that a row names is there. What was removed meanwhile is an orphan at worst.
#include "app/backup.h"

#include <fcntl.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <set>
#include <vector>

#include "app/installation.h"
#include "base/crypto.h"
#include "base/format.h"
#include "base/json.h"
#include "base/sync_folder.h"
#include "database/table_source.h"

namespace vigil::app {
namespace {

namespace fs = std::filesystem;

constexpr const char* kManifest = "manifest.json";
constexpr const char* kUnfinishedMark = "unfinished-backup";
constexpr int kFormat = 1;

const database::CopyProgress kQuiet = [](const std::string&, std::int64_t) {};

std::unexpected<Error> CannotWrite(const fs::path& path, const std::string& cause) {
  return Fail(ErrorCode::kUnavailable,
              format("{} cannot be written: {}; check the folder and the space on its disk",
                     path.string(), cause));
}

// Whatever the standard library throws about files and JSON becomes an error here.
template <class Function>
auto Guarded(const fs::path& place, Function function) -> decltype(function()) {
  try {
    return function();
  } catch (const fs::filesystem_error& failure) {
    return CannotWrite(place, failure.code().message());
  } catch (const std::exception& failure) {
    return Fail(ErrorCode::kDataLoss,
                format("{} is not what was written: {}", place.string(), failure.what()));
  }
}

// Copies the pictures below `from` that are not yet below `to`, with the times they were taken.
void CopyPictures(const fs::path& from, const fs::path& to) {
  std::error_code ended;
  fs::recursive_directory_iterator entries(from, ended);
  for (; !ended && entries != fs::recursive_directory_iterator(); entries.increment(ended)) {
    const fs::path& file = entries->path();
    // What is being written has its name only when it is whole.
    if (file.filename() == "unfinished") entries.disable_recursion_pending();
    std::error_code vanished;
    if (!fs::is_regular_file(file, vanished) || vanished) continue;
    const fs::path copy = to / fs::relative(file, from);
    if (fs::exists(copy)) continue;
    fs::create_directories(copy.parent_path());
    const fs::path half = to / "half";
    std::error_code failure;
    fs::copy_file(file, half, fs::copy_options::overwrite_existing, failure);
    if (failure == std::errc::no_such_file_or_directory) continue;
    if (failure) throw fs::filesystem_error("copy", copy, failure);
    const auto taken = fs::last_write_time(file, vanished);
    if (!vanished) fs::last_write_time(half, taken);
    fs::rename(half, copy);
  }
  fs::remove(to / "half");
}

// Everything below `folder` to the disk; many small files are synced faster by their file system.
Status SyncAll(const fs::path& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = descriptor >= 0 && ::syncfs(descriptor) == 0;
  if (descriptor >= 0) ::close(descriptor);
  if (!synced) return CannotWrite(folder, "it cannot be synced");
  return {};
}

// Sizes and digests of all files but the manifest, by their paths below `folder`.
Result<json::object> DigestFiles(const fs::path& folder) {
  json::object files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const std::string name = fs::relative(entry.path(), folder).string();
    if (!entry.is_regular_file() || name == kManifest || name == kUnfinishedMark) continue;
    VIGIL_ASSIGN_OR_RETURN(const std::string digest, Sha256HexOfFile(entry.path().string()));
    files[name] = {{"bytes", static_cast<std::int64_t>(entry.file_size())}, {"sha256", digest}};
  }
  return files;
}

json::array TablesJson(const std::vector<database::TableDigest>& tables) {
  json::array list;
  for (const auto& table : tables) {
    list.push_back({{"name", table.name}, {"rows", table.rows}, {"digest", table.digest}});
  }
  return list;
}

BackupSummary Summary(const json::object& manifest) {
  BackupSummary summary;
  for (const json::value& table : manifest.at("tables").as_array()) {
    ++summary.tables;
    summary.rows += table.at("rows").as_int64();
  }
  for (const auto& file : manifest.at("files").as_object()) {
    if (file.key().starts_with("media/")) ++summary.pictures;
    if (file.key() == "vigil.key") summary.has_key = true;
  }
  return summary;
}

Status CopyKey(const config::Config& config, const fs::path& folder) {
  if (!config.data.seal_key.Empty()) {
    return Fail(ErrorCode::kInvalidArgument,
                "the sealing key is set by data.seal_key and lies in no file of this "
                "installation: leave --with-key out and keep the key where it comes from");
  }
  fs::copy_file(config.data.directory / "vigil.key", folder / "vigil.key");
  return {};
}

Result<BackupSummary> FillBackup(const config::Config& config, const fs::path& folder,
                                 bool with_key) {
  const fs::path pictures = config.data.directory / "media";
  fs::create_directories(folder / "tables");
  fs::create_directories(folder / "media");
  CopyPictures(pictures, folder / "media");
  VIGIL_ASSIGN_OR_RETURN(auto snapshot, database::OpenSnapshot(DatabaseOptionsOf(config)));
  VIGIL_ASSIGN_OR_RETURN(const auto tables,
                         database::WriteTables(*snapshot, folder / "tables", kQuiet));
  snapshot.reset();
  CopyPictures(pictures, folder / "media");
  if (with_key) VIGIL_RETURN_IF_ERROR(CopyKey(config, folder));
  VIGIL_ASSIGN_OR_RETURN(auto written, database::OpenTableFiles(folder / "tables"));
  VIGIL_ASSIGN_OR_RETURN(const auto read_back, database::DigestTables(*written, kQuiet));
  if (read_back != tables) {
    return Fail(ErrorCode::kDataLoss,
                format("{} does not give back what was written; check its disk", folder.string()));
  }
  VIGIL_ASSIGN_OR_RETURN(json::object files, DigestFiles(folder));
  const json::object manifest{{"format", kFormat},
                              {"vigil", VIGIL_VERSION},
                              {"tables", TablesJson(tables)},
                              {"files", std::move(files)}};
  std::ofstream file(folder / kManifest, std::ios::binary);
  file << WriteJson(manifest) << '\n';
  file.close();
  if (!file) return CannotWrite(folder / kManifest, "an error while writing");
  return Summary(manifest);
}

Result<json::object> ReadManifest(const fs::path& from) {
  std::ifstream file(from / kManifest, std::ios::binary);
  if (!file) {
    return Fail(ErrorCode::kNotFound, format("{} is no backup: it has no {}; name the folder that "
                                             "vigil backup made",
                                             from.string(), kManifest));
  }
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  VIGIL_ASSIGN_OR_RETURN(const json::value manifest, ParseJson(text));
  if (manifest.at("format").as_int64() != kFormat) {
    return Fail(ErrorCode::kUnavailable,
                format("{} is a backup of a newer version of Vigil ({}): install that version",
                       from.string(), std::string_view(manifest.at("vigil").as_string())));
  }
  return manifest.as_object();
}

// Reads every byte of the backup.
Status VerifyBackup(const fs::path& from, const json::object& manifest) {
  VIGIL_ASSIGN_OR_RETURN(const json::object files, DigestFiles(from));
  const json::object& written = manifest.at("files").as_object();
  for (const auto& file : written) {
    const json::value* found = files.if_contains(file.key());
    if (found == nullptr || *found != file.value()) {
      return Fail(ErrorCode::kDataLoss,
                  format("{} of the backup is {}; nothing was changed: use another backup",
                         (from / std::string(file.key())).string(),
                         found == nullptr ? "missing" : "damaged"));
    }
  }
  if (files.size() != written.size()) {
    return Fail(ErrorCode::kDataLoss, format("{} holds files that are not of the backup; nothing "
                                             "was changed: take them out",
                                             from.string()));
  }
  VIGIL_ASSIGN_OR_RETURN(auto tables, database::OpenTableFiles(from / "tables"));
  VIGIL_RETURN_IF_ERROR(database::SchemaOf(*tables, database::BuiltInMigrations()));
  VIGIL_ASSIGN_OR_RETURN(const auto digests, database::DigestTables(*tables, kQuiet));
  if (TablesJson(digests) != manifest.at("tables").as_array()) {
    return Fail(ErrorCode::kDataLoss,
                format("the tables of {} do not have the digests of its {}; nothing was changed: "
                       "use another backup",
                       from.string(), kManifest));
  }
  return {};
}

// Where a restore works until all is ready. While it is there and no database is, everything else
// in the data directory but the key is of an interrupted restore.
fs::path RestoringFolder(const config::Config& config) {
  return config.data.directory / "restoring";
}

Status RefuseFilledPlace(const config::Config& config) {
  VIGIL_RETURN_IF_ERROR(database::CheckEmpty(DatabaseOptionsOf(config)));
  if (fs::exists(RestoringFolder(config))) return {};
  for (const char* name : {"media", "gallery", "audit-heads.jsonl", "spool"}) {
    const fs::path place = config.data.directory / name;
    if (!fs::exists(place)) continue;
    return Fail(ErrorCode::kConflict,
                format("{} is there: a backup is restored only into an empty data directory (it "
                       "may hold vigil.key); move it aside or choose another with --data",
                       place.string()));
  }
  return {};
}

// The key the restored installation will have: the configuration's, the data directory's, or the
// backup's, in this order.
Result<Sealer> KeyForRestore(const config::Config& config, const fs::path& from) {
  if (!config.data.seal_key.Empty()) return Sealer::FromHex(config.data.seal_key.Reveal());
  for (const fs::path& folder : {config.data.directory, from}) {
    if (fs::exists(folder / "vigil.key")) return Sealer::FromKeyFile(folder / "vigil.key");
  }
  return Fail(ErrorCode::kNotFound,
              format("the backup holds no sealing key and {} has none: put the vigil.key of the "
                     "installation there first; nothing was changed",
                     config.data.directory.string()));
}

Status PutInPlace(const config::Config& config, const fs::path& from) {
  const fs::path restoring = RestoringFolder(config);
  const fs::path& data = config.data.directory;
  fs::remove_all(restoring);
  fs::create_directories(restoring / "media");
  if (!SyncFolder(data)) return CannotWrite(data, "it cannot be synced");
  fs::remove_all(data / "media");
  CopyPictures(from / "media", restoring / "media");
  if (config.data.seal_key.Empty() && !fs::exists(data / "vigil.key")) {
    fs::copy_file(from / "vigil.key", data / "vigil.key");
  }
  VIGIL_ASSIGN_OR_RETURN(auto tables, database::OpenTableFiles(from / "tables"));
  database::DatabaseOptions target = DatabaseOptionsOf(config);
  const fs::path file = target.path;
  if (!config.UsesPostgres()) {
    target.path = restoring / "vigil.db";
    VIGIL_RETURN_IF_ERROR(database::FillDatabase(*tables, target, kQuiet));
  }
  VIGIL_RETURN_IF_ERROR(SyncAll(restoring));
  fs::rename(restoring / "media", data / "media");
  if (config.UsesPostgres()) {
    VIGIL_RETURN_IF_ERROR(database::FillDatabase(*tables, target, kQuiet));
  } else {
    fs::rename(target.path, file);
  }
  fs::remove_all(restoring);
  if (!SyncFolder(data)) return CannotWrite(data, "it cannot be synced");
  return {};
}

Result<database::DatabaseOptions> TargetOf(const config::Config& config, const std::string& to) {
  constexpr std::string_view kSqlite = "sqlite:";
  database::DatabaseOptions target;
  if (to.starts_with("postgresql://") || to.starts_with("postgres://")) {
    target.postgres_url = Secret(to);
    return target;
  }
  if (to.starts_with(kSqlite) && to.size() > kSqlite.size()) {
    target.path = config.data.directory / to.substr(kSqlite.size());
    return target;
  }
  return Fail(ErrorCode::kInvalidArgument,
              "--to takes postgresql://USER@HOST/NAME or sqlite:FILE, as database.url does");
}

Result<std::vector<database::TableDigest>> FillTarget(database::TableSource& source,
                                                      const database::DatabaseOptions& target) {
  VIGIL_RETURN_IF_ERROR(database::CheckEmpty(target));
  if (!target.postgres_url.Empty()) return database::FillDatabase(source, target, kQuiet);
  // The file has its name only when it is whole.
  database::DatabaseOptions unfinished = target;
  unfinished.path += ".unfinished";
  for (const char* side : {"", "-wal", "-shm"}) fs::remove(unfinished.path.string() + side);
  VIGIL_ASSIGN_OR_RETURN(auto digests, database::FillDatabase(source, unfinished, kQuiet));
  fs::rename(unfinished.path, target.path);
  if (!SyncFolder(target.path.parent_path())) return CannotWrite(target.path, "it is not synced");
  return digests;
}

}  // namespace

Result<BackupSummary> WriteBackup(const config::Config& config, const fs::path& to, bool with_key) {
  return Guarded(to, [&]() -> Result<BackupSummary> {
    if (fs::exists(to)) {
      return Fail(ErrorCode::kConflict,
                  format("{} exists already: name a new folder", to.string()));
    }
    fs::path unfinished = to.has_filename() ? to : to.parent_path();
    const fs::path whole = unfinished;
    unfinished += ".unfinished";
    // Only what an interrupted backup left is taken away.
    if (fs::exists(unfinished / kUnfinishedMark)) fs::remove_all(unfinished);
    if (!fs::create_directories(unfinished)) {
      return Fail(ErrorCode::kConflict, format("{} is in the way: move it", unfinished.string()));
    }
    std::ofstream(unfinished / kUnfinishedMark) << "an interrupted backup; it may be deleted\n";
    auto made = FillBackup(config, unfinished, with_key);
    if (!made) {
      fs::remove_all(unfinished);
      return made;
    }
    fs::remove(unfinished / kUnfinishedMark);
    VIGIL_RETURN_IF_ERROR(SyncAll(unfinished));
    fs::rename(unfinished, whole);
    if (!SyncFolder(whole.parent_path())) return CannotWrite(whole, "it cannot be synced");
    return made;
  });
}

Result<BackupSummary> RestoreBackup(const config::Config& config, const fs::path& from) {
  return Guarded(from, [&]() -> Result<BackupSummary> {
    VIGIL_ASSIGN_OR_RETURN(const json::object manifest, ReadManifest(from));
    VIGIL_ASSIGN_OR_RETURN(const auto lock, DirectoryLock::Acquire(config.data.directory));
    VIGIL_RETURN_IF_ERROR(RefuseFilledPlace(config));
    VIGIL_RETURN_IF_ERROR(VerifyBackup(from, manifest));
    VIGIL_ASSIGN_OR_RETURN(const Sealer sealer, KeyForRestore(config, from));
    VIGIL_ASSIGN_OR_RETURN(auto tables, database::OpenTableFiles(from / "tables"));
    VIGIL_RETURN_IF_ERROR(database::CheckKeyOf(*tables, sealer));
    VIGIL_RETURN_IF_ERROR(PutInPlace(config, from));
    return Summary(manifest);
  });
}

Result<MoveSummary> MoveDatabase(const config::Config& config, const std::string& to) {
  return Guarded(config.data.directory, [&]() -> Result<MoveSummary> {
    VIGIL_ASSIGN_OR_RETURN(const auto target, TargetOf(config, to));
    VIGIL_ASSIGN_OR_RETURN(const auto lock, DirectoryLock::Acquire(config.data.directory));
    VIGIL_ASSIGN_OR_RETURN(auto source, database::OpenSnapshot(DatabaseOptionsOf(config)));
    MoveSummary summary;
    auto digests = FillTarget(*source, target);
    if (!digests && digests.error().code == ErrorCode::kConflict) {
      // Perhaps an earlier call did it, and nobody has worked on it since.
      auto there = database::OpenSnapshot(target);
      if (!there) return std::unexpected(digests.error());
      VIGIL_ASSIGN_OR_RETURN(auto theirs, database::DigestTables(**there, kQuiet));
      VIGIL_ASSIGN_OR_RETURN(const auto ours, database::DigestTables(*source, kQuiet));
      if (theirs != ours) return std::unexpected(digests.error());
      digests = std::move(theirs);
      summary.was_there = true;
    }
    if (!digests) return std::unexpected(digests.error());
    for (const auto& table : *digests) {
      ++summary.tables;
      summary.rows += table.rows;
    }
    return summary;
  });
}

}  // namespace vigil::app
