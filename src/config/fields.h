// How a configuration key is tied to the member it fills: the table behind reader, example file and
// documentation.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/config.h"

namespace vigil::config {

// One key of section S. Enumerations are words: the n-th of `words` is their n-th value.
template <class S>
struct Field {
  using Member =
      std::variant<std::string S::*, std::filesystem::path S::*, Secret S::*, int S::*, double S::*,
                   bool S::*, std::optional<int> S::*, std::vector<std::string> S::*, LogLevel S::*,
                   ChannelKind S::*, SmtpTls S::*>;
  std::string_view name;
  Member member;
  std::string_view unit = {};
  std::string_view description;
  double minimum = 0;  // of numbers
  double maximum = 0;  // equal to minimum: unlimited
  std::span<const std::string_view> words = {};
  std::string_view example = {};   // TOML, shown in entries of lists instead of the default
  std::string_view only_for = {};  // the kinds of channels that have this key
};

const std::vector<Field<DataConfig>>& Fields(const DataConfig*);
const std::vector<Field<DatabaseConfig>>& Fields(const DatabaseConfig*);
const std::vector<Field<ModelsConfig>>& Fields(const ModelsConfig*);
const std::vector<Field<RecognitionConfig>>& Fields(const RecognitionConfig*);
const std::vector<Field<GalleryConfig>>& Fields(const GalleryConfig*);
const std::vector<Field<AlertsConfig>>& Fields(const AlertsConfig*);
const std::vector<Field<ChannelConfig>>& Fields(const ChannelConfig*);
const std::vector<Field<ApiConfig>>& Fields(const ApiConfig*);
const std::vector<Field<LogsConfig>>& Fields(const LogsConfig*);
const std::vector<Field<CameraConfig>>& Fields(const CameraConfig*);

// Calls visit(section name, section) for each section of `config` in the order of the example file,
// and for lists visit_list(section name, list).
template <class AnyConfig, class Visit, class VisitList>
void ForEachSection(AnyConfig& config, Visit visit, VisitList visit_list) {
  visit("data", config.data);
  visit("database", config.database);
  visit("models", config.models);
  visit("recognition", config.recognition);
  visit("gallery", config.gallery);
  visit("alerts", config.alerts);
  visit_list("alerts.channels", config.alerts.channels);
  visit("api", config.api);
  visit("logs", config.logs);
  visit_list("cameras", config.cameras);
}

}  // namespace vigil::config
