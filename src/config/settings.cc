// The only place that knows toml++.
#include "config/settings.h"

#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
#include <toml++/toml.h>

#include <algorithm>
#include <cctype>
#include <optional>

#include "base/format.h"

namespace vigil::config {
namespace {

constexpr std::string_view kEnvironmentPrefix = "VIGIL__";

// The end of a string or comment that begins at `at`, or `at` where none begins.
std::size_t EndOfQuoted(std::string_view text, std::size_t at) {
  if (text[at] == '#') return std::min(text.find('\n', at), text.size());
  if (text[at] != '"' && text[at] != '\'') return at;
  const bool escapes = text[at] == '"';
  const bool is_long = text.substr(at, 3) == std::string(3, text[at]);
  const std::string_view quote = text.substr(at, is_long ? 3 : 1);
  for (std::size_t end = at + quote.size(); end < text.size(); ++end) {
    if (text[end] == '\n' && !is_long) return end;
    if (text[end] == '\\' && escapes) {
      ++end;
    } else if (text.substr(end).starts_with(quote)) {
      return end + quote.size();
    }
  }
  return text.size();
}

// Where a character beyond ASCII stands outside strings and comments, which TOML forbids. toml++
// 3.3 does not always survive it: its table of white space reaches an unreachable place (at U+00E9,
// for example).
std::optional<std::size_t> FindStrayCharacter(std::string_view text) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  std::size_t at = text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
  while (at < text.size()) {
    if (static_cast<unsigned char>(text[at]) >= 0x80) return at;
    const std::size_t end = EndOfQuoted(text, at);
    at = end == at ? at + 1 : end;
  }
  return std::nullopt;
}

class Collector {
 public:
  void AddToml(std::string_view text, std::string_view file_name) {
    ++source_;
    file_name_ = file_name;
    if (const auto stray = FindStrayCharacter(text)) {
      const auto line = 1 + std::ranges::count(text.substr(0, *stray), '\n');
      settings_.errors.push_back(format(
          "{}:{}: not valid TOML: a character that is no plain letter stands outside quotes; "
          "put texts in \"quotes\"",
          file_name, line));
      return;
    }
    const toml::parse_result parsed = toml::parse(text, file_name);
    if (!parsed) {
      const auto& error = parsed.error();
      settings_.errors.push_back(format("{}:{}:{}: not valid TOML: {}", file_name,
                                        error.source().begin.line, error.source().begin.column,
                                        error.description()));
      return;
    }
    AddTable(parsed.table(), "");
  }

  void AddEnvironment(const Environment& environment) {
    ++source_;
    // The variable that the set-up of models shares; the key's own variable overrules it.
    const std::string models_variable = "VIGIL_MODELS_DIRECTORY";
    if (const auto models = environment.find(models_variable);
        models != environment.end() && !models->second.empty()) {
      Set("models.directory", {models->second, true, models_variable, source_});
    }
    for (const auto& [name, text] : environment) {
      if (!name.starts_with(kEnvironmentPrefix)) continue;
      std::string path;
      for (std::size_t at = kEnvironmentPrefix.size(); at < name.size(); ++at) {
        if (name.compare(at, 2, "__") == 0) {
          path += '.';
          ++at;
        } else {
          path += static_cast<char>(std::tolower(static_cast<unsigned char>(name[at])));
        }
      }
      Set(path, {text, true, name, source_});
    }
  }

  void AddOverrides(const std::vector<std::pair<std::string, std::string>>& overrides) {
    ++source_;
    for (const auto& [path, text] : overrides) {
      Set(path, {text, true, format("option {}", path), source_});
    }
  }

  Settings Take() { return std::move(settings_); }

 private:
  std::string PlaceOf(const toml::node& node) const {
    return format("{}:{}", file_name_, node.source().begin.line);
  }

  void AddTable(const toml::table& table, const std::string& path) {
    if (table.empty() && !path.empty()) settings_.empty_tables.emplace(path, PlaceOf(table));
    for (const auto& [key, node] : table) {
      AddNode(node, path.empty() ? std::string(key.str()) : format("{}.{}", path, key.str()));
    }
  }

  void AddNode(const toml::node& node, const std::string& path) {
    if (const auto* table = node.as_table()) {
      AddTable(*table, path);
    } else if (const auto* array = node.as_array()) {
      AddArray(*array, path);
    } else if (const auto* text = node.as_string()) {
      Set(path, {text->get(), false, PlaceOf(node), source_});
    } else if (const auto* integer = node.as_integer()) {
      Set(path, {integer->get(), false, PlaceOf(node), source_});
    } else if (const auto* number = node.as_floating_point()) {
      Set(path, {number->get(), false, PlaceOf(node), source_});
    } else if (const auto* flag = node.as_boolean()) {
      Set(path, {flag->get(), false, PlaceOf(node), source_});
    } else {
      settings_.errors.push_back(
          format("{}: {}: a date or time is not expected here", PlaceOf(node), path));
    }
  }

  void AddArray(const toml::array& array, const std::string& path) {
    const bool tables = !array.empty() && array.is_homogeneous(toml::node_type::table);
    std::vector<std::string> texts;
    for (std::size_t index = 0; index < array.size(); ++index) {
      if (tables) {
        AddNode(array[index], format("{}.{}", path, index));
      } else if (const auto* text = array[index].as_string()) {
        texts.push_back(text->get());
      } else {
        settings_.errors.push_back(
            format("{}: {}: a list holds texts only", PlaceOf(array[index]), path));
        return;
      }
    }
    if (!tables) Set(path, {std::move(texts), false, PlaceOf(array), source_});
  }

  // A later source that gives `password` also overrules an earlier one's `password_file`, and the
  // other way round.
  void Set(const std::string& path, Setting setting) {
    constexpr std::string_view kFileSuffix = "_file";
    const std::string sibling = path.ends_with(kFileSuffix)
                                    ? path.substr(0, path.size() - kFileSuffix.size())
                                    : path + std::string(kFileSuffix);
    const auto other = settings_.values.find(sibling);
    if (other != settings_.values.end() && other->second.source < setting.source) {
      settings_.values.erase(other);
    }
    settings_.values.insert_or_assign(path, std::move(setting));
  }

  Settings settings_;
  std::string file_name_;
  int source_ = 0;
};

}  // namespace

Settings CollectSettings(std::string_view toml, std::string_view file_name,
                         const ConfigSources& sources) {
  Collector collector;
  collector.AddToml(toml, file_name);
  collector.AddEnvironment(sources.environment);
  collector.AddOverrides(sources.overrides);
  return collector.Take();
}

}  // namespace vigil::config
