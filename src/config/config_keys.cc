// Renders the table of fields for people.
#include "config/config_keys.h"

#include <cstdint>
#include <type_traits>

#include "base/format.h"
#include "config/fields.h"

namespace vigil::config {
namespace {

std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

// Whole numbers without an exponent, others as they are.
std::string ShortNumber(double number) {
  const auto whole = static_cast<std::int64_t>(number);
  return static_cast<double>(whole) == number ? format("{}", whole) : format("{}", number);
}

template <class S, class Value>
std::string ValueText(const Field<S>& field, const Value& value) {
  if constexpr (std::is_enum_v<Value>) {
    return Quoted(field.words[static_cast<std::size_t>(value)]);
  } else if constexpr (std::is_same_v<Value, Secret>) {
    return R"("")";
  } else if constexpr (std::is_same_v<Value, std::filesystem::path>) {
    return Quoted(value.string());
  } else if constexpr (std::is_same_v<Value, std::string>) {
    return Quoted(value);
  } else if constexpr (std::is_same_v<Value, double>) {
    const std::string text = format("{}", value);
    return text.find_first_of(".e") == std::string::npos ? text + ".0" : text;
  } else if constexpr (std::is_same_v<Value, std::optional<int>>) {
    return value ? format("{}", *value) : std::string();
  } else if constexpr (std::is_same_v<Value, std::vector<std::string>>) {
    std::vector<std::string> quoted;
    quoted.reserve(value.size());
    for (const std::string& text : value) quoted.push_back(Quoted(text));
    return format("[{}]", fmt::join(quoted, ", "));
  } else {
    return format("{}", value);
  }
}

template <class S>
std::string DefaultText(const Field<S>& field, const S& section) {
  return std::visit([&](auto member) { return ValueText(field, section.*member); }, field.member);
}

template <class S>
std::string LimitsText(const Field<S>& field) {
  if (!field.words.empty()) return format("{}", fmt::join(field.words, ", "));
  if (field.minimum < field.maximum) {
    return format("{} to {}", ShortNumber(field.minimum), ShortNumber(field.maximum));
  }
  return {};
}

template <class S>
std::string DescriptionLine(const Field<S>& field) {
  std::string line = format("# {}", field.description);
  if (!field.unit.empty()) line += format(" [{}]", field.unit);
  if (!field.words.empty()) line += format(" One of: {}.", fmt::join(field.words, ", "));
  return line + "\n";
}

template <class S>
std::string SectionText(std::string_view name, const S& section) {
  std::string text = format("[{}]\n", name);
  for (const Field<S>& field : Fields(&section)) {
    text += DescriptionLine(field) + format("{} = {}\n", field.name, DefaultText(field, section));
  }
  return text + "\n";
}

// One commented entry of a list, with the keys of `kind` only; every kind when it is empty.
template <class S>
std::string EntryText(std::string_view name, std::string_view kind) {
  const S section;
  std::string text = format("#[[{}]]\n", name);
  for (const Field<S>& field : Fields(&section)) {
    if (!kind.empty() && !field.only_for.empty() && !field.only_for.contains(kind)) continue;
    std::string value(field.example);
    if (value.empty()) value = DefaultText(field, section);
    if (!kind.empty() && field.name == "kind") value = Quoted(kind);
    text += DescriptionLine(field) + format("#{} = {}\n", field.name, value);
  }
  return text + "\n";
}

std::string ListText(std::string_view name, const std::vector<ChannelConfig>&) {
  return EntryText<ChannelConfig>(name, "webhook") + EntryText<ChannelConfig>(name, "email") +
         EntryText<ChannelConfig>(name, "http");
}

std::string ListText(std::string_view name, const std::vector<CameraConfig>&) {
  return EntryText<CameraConfig>(name, "");
}

}  // namespace

std::vector<ConfigKey> ConfigKeys() {
  std::vector<ConfigKey> keys;
  const auto add = [&keys]<class S>(std::string_view name, const S& section, bool in_list) {
    for (const Field<S>& field : Fields(&section)) {
      keys.push_back({std::string(name), std::string(field.name), DefaultText(field, section),
                      std::string(field.unit), std::string(field.description), in_list,
                      std::holds_alternative<Secret S::*>(field.member), LimitsText(field),
                      std::string(field.only_for)});
    }
  };
  const Config config;
  ForEachSection(
      config, [&](std::string_view name, const auto& section) { add(name, section, false); },
      [&]<class S>(std::string_view name, const std::vector<S>&) { add(name, S{}, true); });
  return keys;
}

std::string ExampleToml() {
  std::string text =
      "# Every setting of vigil with its default. Copy what you change to vigil.toml.\n"
      "# Any key can also be set by the environment: VIGIL__SECTION__KEY, for entries of lists\n"
      "# VIGIL__CAMERAS__0__URL. Relative paths start at the working directory.\n"
      "# Secrets (seal_key, secret, password, and the url of a channel or camera) can stand in "
      "files\n"
      "# of their own: append _file to the key and give the path.\n\n";
  const Config config;
  ForEachSection(
      config,
      [&](std::string_view name, const auto& section) { text += SectionText(name, section); },
      [&](std::string_view name, const auto& list) { text += ListText(name, list); });
  text.pop_back();
  return text;
}

}  // namespace vigil::config
