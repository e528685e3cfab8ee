// Reads each key by the type of its member. Secrets are never quoted in an error.
#include "config/apply.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
#include <set>
#include <type_traits>

#include "base/format.h"
#include "base/nearest.h"
#include "base/trimmed.h"
#include "base/utf8.h"
#include "config/fields.h"

namespace vigil::config {
namespace {

constexpr std::string_view kFileSuffix = "_file";
constexpr std::string_view kNotUtf8 = "is not valid UTF-8; save it in that encoding";

template <class Number>
std::optional<Number> ParseNumber(std::string_view text) {
  Number number{};
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<std::int64_t> AsInteger(const Setting& setting) {
  if (const auto* number = std::get_if<std::int64_t>(&setting.value)) return *number;
  const auto* text = std::get_if<std::string>(&setting.value);
  return text != nullptr && setting.is_text ? ParseNumber<std::int64_t>(Trimmed(*text))
                                            : std::nullopt;
}

std::optional<double> AsNumber(const Setting& setting) {
  if (const auto* number = std::get_if<double>(&setting.value)) return *number;
  if (const auto* number = std::get_if<std::int64_t>(&setting.value)) {
    return static_cast<double>(*number);
  }
  const auto* text = std::get_if<std::string>(&setting.value);
  return text != nullptr && setting.is_text ? ParseNumber<double>(Trimmed(*text)) : std::nullopt;
}

std::optional<bool> AsFlag(const Setting& setting) {
  if (const auto* flag = std::get_if<bool>(&setting.value)) return *flag;
  const auto* text = std::get_if<std::string>(&setting.value);
  if (text == nullptr || !setting.is_text) return std::nullopt;
  if (*text == "true" || *text == "1") return true;
  if (*text == "false" || *text == "0") return false;
  return std::nullopt;
}

std::optional<std::vector<std::string>> AsList(const Setting& setting) {
  if (const auto* list = std::get_if<std::vector<std::string>>(&setting.value)) return *list;
  const auto* text = std::get_if<std::string>(&setting.value);
  if (text == nullptr || !setting.is_text) return std::nullopt;
  std::vector<std::string> list;
  std::string_view rest = *text;
  while (!Trimmed(rest).empty()) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    list.emplace_back(Trimmed(rest.substr(0, comma)));
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  return list;
}

// A pipe or a device would block or never end.
Status CheckIsFile(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) {
    const int cause = errno;
    return Fail(cause == ENOENT ? ErrorCode::kNotFound : ErrorCode::kPermission,
                format("cannot read {}: {}", path, std::strerror(cause)));
  }
  if (S_ISREG(status.st_mode)) return {};
  return Fail(ErrorCode::kInvalidArgument,
              format("{} is {}, not a file", path,
                     S_ISDIR(status.st_mode)    ? "a directory"
                     : S_ISFIFO(status.st_mode) ? "a pipe"
                                                : "a device or socket"));
}

// One trailing newline is what editors and `echo` leave; everything else belongs to the secret.
Result<std::string> ReadSecretFile(const std::string& path) {
  constexpr std::size_t kSizeMax = 64 * 1024;
  VIGIL_RETURN_IF_ERROR(CheckIsFile(path));
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    const int cause = errno;
    return Fail(ErrorCode::kPermission, format("cannot read {}: {}", path, std::strerror(cause)));
  }
  std::string text(kSizeMax + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kSizeMax) return Fail(ErrorCode::kInvalidArgument, path + " is too large");
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  if (text.empty()) return Fail(ErrorCode::kInvalidArgument, path + " is empty");
  return text;
}

class Applier {
 public:
  explicit Applier(Settings settings) : settings_(std::move(settings)) {
    reading_.errors = std::move(settings_.errors);
    for (const auto& [path, setting] : settings_.values) reading_.places[path] = setting.place;
  }

  Reading Apply() {
    ForEachSection(
        reading_.config,
        [this](std::string_view name, auto& section) { ApplySection(std::string(name), section); },
        [this](std::string_view name, auto& list) { ApplyList(std::string(name), list); });
    RefuseUnknown();
    return std::move(reading_);
  }

 private:
  template <class S>
  void ApplySection(const std::string& path, S& section) {
    sections_.insert(Pattern(path));
    for (const Field<S>& field : Fields(&section)) {
      const std::string key = format("{}.{}", path, field.name);
      known_.insert(Pattern(key));
      std::visit([&](auto member) { ApplyField(key, field, section.*member); }, field.member);
    }
  }

  template <class S>
  void ApplyList(const std::string& path, std::vector<S>& list) {
    S unused;
    for (const Field<S>& field : Fields(&unused)) known_.insert(format("{}.{}", path, field.name));
    sections_.insert(path);
    lists_.insert(path);
    if (const auto empty = settings_.values.find(path); empty != settings_.values.end()) {
      const auto* items = std::get_if<std::vector<std::string>>(&empty->second.value);
      if (items != nullptr && items->empty()) settings_.values.erase(empty);
    }
    for (std::size_t index = 0; HasEntry(format("{}.{}", path, index)); ++index) {
      ApplySection(format("{}.{}", path, index), list.emplace_back());
    }
  }

  bool HasEntry(const std::string& path) const {
    const auto next = settings_.values.lower_bound(path + ".");
    return settings_.empty_tables.contains(path) ||
           (next != settings_.values.end() && next->first.starts_with(path + "."));
  }

  template <class S, class Value>
  void ApplyField(const std::string& key, const Field<S>& field, Value& value) {
    if constexpr (std::is_same_v<Value, Secret>) {
      known_.insert(Pattern(key) + std::string(kFileSuffix));
      ApplySecretFile(key, value);
    }
    const auto found = settings_.values.find(key);
    if (found == settings_.values.end()) return;
    const Setting setting = found->second;
    settings_.values.erase(found);
    if constexpr (std::is_same_v<Value, int> || std::is_same_v<Value, std::optional<int>>) {
      const auto number = AsInteger(setting);
      if (!number) return reading_.Refuse(key, "expects a whole number");
      if (CheckRange(key, field, static_cast<double>(*number))) value = static_cast<int>(*number);
    } else if constexpr (std::is_same_v<Value, double>) {
      const auto number = AsNumber(setting);
      if (!number || !std::isfinite(*number)) return reading_.Refuse(key, "expects a number");
      if (CheckRange(key, field, *number)) value = *number;
    } else if constexpr (std::is_same_v<Value, bool>) {
      const auto flag = AsFlag(setting);
      if (!flag) return reading_.Refuse(key, "expects true or false");
      value = *flag;
    } else if constexpr (std::is_same_v<Value, std::vector<std::string>>) {
      auto list = AsList(setting);
      if (!list) return reading_.Refuse(key, R"(expects a list of texts, as ["a", "b"])");
      if (!std::ranges::all_of(*list, IsUtf8)) return reading_.Refuse(key, kNotUtf8);
      value = *std::move(list);
    } else {
      const auto* text = std::get_if<std::string>(&setting.value);
      if (text == nullptr) return reading_.Refuse(key, "expects a text in quotes");
      ApplyText(key, field, *text, value);
    }
  }

  template <class S, class Value>
  void ApplyText(const std::string& key, const Field<S>& field, const std::string& text,
                 Value& value) {
    if (!IsUtf8(text)) return reading_.Refuse(key, kNotUtf8);
    if (!field.words.empty()) {
      const auto word = std::find(field.words.begin(), field.words.end(), text);
      if (word == field.words.end()) {
        return reading_.Refuse(
            key, format("is \"{}\"; expects one of: {}", text, fmt::join(field.words, ", ")));
      }
      if constexpr (std::is_enum_v<Value>) {
        value = static_cast<Value>(word - field.words.begin());
      }
    }
    if constexpr (std::is_same_v<Value, Secret>) {
      value = Secret(text);
    } else if constexpr (!std::is_enum_v<Value>) {
      value = text;
    }
  }

  template <class S>
  bool CheckRange(const std::string& key, const Field<S>& field, double number) {
    const bool limited = field.minimum < field.maximum;
    if (limited && number >= field.minimum && number <= field.maximum) return true;
    if (!limited && std::abs(number) <= std::numeric_limits<int>::max()) return true;
    reading_.Refuse(key, format("is {}; expects {} to {}{}{}", number, field.minimum, field.maximum,
                                field.unit.empty() ? "" : " ", field.unit));
    return false;
  }

  void ApplySecretFile(const std::string& key, Secret& value) {
    const std::string file_key = key + std::string(kFileSuffix);
    const auto found = settings_.values.find(file_key);
    if (found == settings_.values.end()) return;
    const Setting setting = found->second;
    settings_.values.erase(found);
    const auto* path = std::get_if<std::string>(&setting.value);
    if (path == nullptr) return reading_.Refuse(file_key, "expects a path in quotes");
    if (path->empty()) return;
    if (settings_.values.contains(key)) {
      return reading_.Refuse(file_key, format("give either this or {}, not both", key));
    }
    auto secret = ReadSecretFile(*path);
    if (!secret) return reading_.Refuse(file_key, secret.error().message);
    value = Secret(*std::move(secret));
  }

  // "cameras.0.url" -> "cameras.url": how a key of a list is known.
  static std::string Pattern(std::string_view path) {
    std::string pattern;
    while (!path.empty()) {
      const std::size_t dot = std::min(path.find('.'), path.size());
      const std::string_view part = path.substr(0, dot);
      if (!std::all_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; })) {
        pattern += pattern.empty() ? "" : ".";
        pattern += part;
      }
      path.remove_prefix(std::min(dot + 1, path.size()));
    }
    return pattern;
  }

  void RefuseUnknown() {
    for (const auto& [path, setting] : settings_.values) RefuseUnknownKey(path);
    for (const auto& [path, place] : settings_.empty_tables) {
      if (sections_.contains(Pattern(path))) continue;
      reading_.places[path] = place;
      reading_.Refuse(path, "unknown section" + Suggestion(path, sections_));
    }
  }

  void RefuseUnknownKey(const std::string& path) {
    const std::string pattern = Pattern(path);
    if (lists_.contains(pattern)) {
      return reading_.Refuse(path, format("is a list of sections: write [[{}]]", pattern));
    }
    if (sections_.contains(pattern)) {
      return reading_.Refuse(path, format("is a section: write [{}]", pattern));
    }
    if (known_.contains(pattern)) {
      const std::string list = pattern.substr(0, pattern.rfind('.'));
      return reading_.Refuse(
          path,
          format("belongs to a list: write [[{}]], entries numbered from 0 without a gap", list));
    }
    const std::size_t dot = pattern.rfind('.');
    const std::string section = dot == std::string::npos ? "" : pattern.substr(0, dot);
    if (!section.empty() && !sections_.contains(section)) {
      return reading_.Refuse(
          path, format("unknown section [{}]{}", section, Suggestion(section, sections_)));
    }
    std::set<std::string> candidates;
    for (const std::string& key : known_) {
      if (section.empty() || key.substr(0, key.rfind('.')) == section) candidates.insert(key);
    }
    std::string suggestion =
        SuggestKey(pattern.substr(dot == std::string::npos ? 0 : dot + 1), candidates);
    if (suggestion.empty()) suggestion = Suggestion(pattern, known_);
    reading_.Refuse(path, "unknown key" + suggestion);
  }

  // Compares names without their sections, answers the whole key.
  static std::string SuggestKey(const std::string& name, const std::set<std::string>& keys) {
    std::vector<std::string> names;
    names.reserve(keys.size());
    for (const std::string& key : keys) names.push_back(key.substr(key.rfind('.') + 1));
    const std::string nearest = NearestWord(name, names);
    if (nearest.empty()) return {};
    for (const std::string& key : keys) {
      if (key.substr(key.rfind('.') + 1) == nearest) return format("; did you mean {}?", key);
    }
    return {};
  }

  static std::string Suggestion(const std::string& word, const std::set<std::string>& known) {
    const std::vector<std::string> words(known.begin(), known.end());
    const std::string nearest = NearestWord(word, words);
    return nearest.empty() ? format("; known: {}", fmt::join(words, ", "))
                           : format("; did you mean {}?", nearest);
  }

  Settings settings_;
  Reading reading_;
  std::set<std::string> known_;
  std::set<std::string> sections_;
  std::set<std::string> lists_;
};

}  // namespace

void Reading::Refuse(const std::string& path, std::string_view fault) {
  const auto place = places.find(path);
  errors.push_back(place == places.end() ? format("{}: {}", path, fault)
                                         : format("{}: {}: {}", place->second, path, fault));
}

Reading ApplySettings(Settings settings) { return Applier(std::move(settings)).Apply(); }

}  // namespace vigil::config
