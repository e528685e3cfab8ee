// All sources of settings laid over each other as one flat list of paths and values, before types
// are known.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/config.h"

namespace vigil::config {

struct Setting {
  using Value = std::variant<std::string, std::int64_t, double, bool, std::vector<std::string>>;
  Value value;
  bool is_text = false;  // from the environment or a flag: every type is spelled as text
  std::string place;     // "vigil.toml:12", "VIGIL__API__PORT", "option api.port"
  int source = 0;        // later sources have higher numbers
};

struct Settings {
  std::map<std::string, Setting> values;            // "cameras.0.url"
  std::map<std::string, std::string> empty_tables;  // path and place of tables without keys
  std::vector<std::string> errors;
};

// Lays the file's text, the environment's VIGIL__ variables and the overrides over each other. A
// text that is no TOML gives one error with line and column.
Settings CollectSettings(std::string_view toml, std::string_view file_name,
                         const ConfigSources& sources);

}  // namespace vigil::config
