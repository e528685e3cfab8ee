// Reading, then applying, then validating; all faults in one answer.
#include "config/config.h"

#include <unistd.h>

#include <fstream>
#include <iterator>

#include "base/format.h"
#include "config/apply.h"
#include "config/settings.h"
#include "config/validate.h"

namespace vigil::config {
namespace {

constexpr std::string_view kDefaultFile = "vigil.toml";
constexpr std::string_view kDatabasePrefix = "sqlite:";

Result<std::string> ReadConfigFile(const std::filesystem::path& path) {
  constexpr std::uintmax_t kSizeMax = 4 * 1024 * 1024;
  std::error_code failure;
  const auto status = std::filesystem::status(path, failure);
  if (status.type() == std::filesystem::file_type::not_found) {
    return Fail(ErrorCode::kNotFound,
                format("{}: no such configuration file; copy config/vigil.example.toml or leave "
                       "--config away for the defaults",
                       path.string()));
  }
  if (failure || !std::filesystem::is_regular_file(status)) {
    return Fail(ErrorCode::kPermission,
                format("{}: is not a readable configuration file", path.string()));
  }
  std::ifstream file(path, std::ios::binary);
  std::string text;
  if (file && std::filesystem::file_size(path, failure) <= kSizeMax && !failure) {
    text.assign(std::istreambuf_iterator<char>(file), {});
    if (!file.bad()) return text;
  }
  return Fail(ErrorCode::kPermission,
              format("{}: cannot be read as a configuration file; check that it belongs to the "
                     "user who runs vigil and is below 4 MiB",
                     path.string()));
}

void ExpandHome(std::filesystem::path& path, const std::string& home) {
  const std::string text = path.string();
  if (!home.empty() && text.starts_with("~/")) path = std::filesystem::path(home) / text.substr(2);
}

void ResolvePaths(Config& config, const Environment& environment) {
  const auto found = environment.find("HOME");
  const std::string home = found == environment.end() ? std::string() : found->second;
  ExpandHome(config.models.directory, home);
  ExpandHome(config.data.directory, home);
  ExpandHome(config.logs.directory, home);
}

}  // namespace

bool Config::UsesPostgres() const { return !database.url.starts_with(kDatabasePrefix); }

std::filesystem::path Config::DatabaseFile() const {
  if (UsesPostgres()) return {};
  return data.directory / database.url.substr(kDatabasePrefix.size());
}

Environment ProcessEnvironment() {
  Environment environment;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    environment.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return environment;
}

Result<Config> LoadConfigText(std::string_view toml, std::string_view name,
                              const ConfigSources& sources) {
  Reading reading = ApplySettings(CollectSettings(toml, name, sources));
  if (reading.errors.empty()) Validate(reading);
  if (!reading.errors.empty()) {
    return Fail(ErrorCode::kInvalidArgument, format("{}", fmt::join(reading.errors, "\n")));
  }
  ResolvePaths(reading.config, sources.environment);
  return std::move(reading.config);
}

Result<Config> LoadConfig(const ConfigSources& sources) {
  std::filesystem::path path = sources.file.value_or(kDefaultFile);
  std::error_code failure;
  if (!sources.file.has_value() && !std::filesystem::exists(path, failure)) {
    return LoadConfigText("", kDefaultFile, sources);
  }
  VIGIL_ASSIGN_OR_RETURN(const std::string text, ReadConfigFile(path));
  VIGIL_ASSIGN_OR_RETURN(Config config, LoadConfigText(text, path.string(), sources));
  config.file = std::filesystem::absolute(path, failure);
  return config;
}

}  // namespace vigil::config
