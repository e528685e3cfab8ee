// Parsing happens once, when a channel is saved; filling cannot fail.
#include "alerts/template.h"

#include <algorithm>
#include <array>
#include <optional>

#include "alerts/message_text.h"
#include "alerts/wire_text.h"
#include "base/check.h"
#include "base/crypto.h"
#include "base/format.h"
#include "base/json.h"
#include "base/nearest.h"
#include "base/time_text.h"
#include "base/trimmed.h"

namespace vigil::alerts {
namespace {

constexpr std::size_t kValueCharactersMax = 1'000;
constexpr std::string_view kSecretName = "secret";

struct Placeholder {
  std::string_view name;
  std::string (*value)(const TemplateValues&);
};

std::string Base64Of(std::span<const std::byte> bytes) {
  return Base64Encode({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

std::string Flag(bool flag) { return flag ? "true" : "false"; }

using Values = const TemplateValues&;
constexpr std::array kPlaceholders = {
    Placeholder{"title", [](Values v) { return AlertTitle(v.message); }},
    Placeholder{"text", [](Values v) { return AlertVerdict(v.message); }},
    Placeholder{"person.id", [](Values v) { return v.message.person_id; }},
    Placeholder{"person.name",
                [](Values v) { return WhoText(v.message, kPersonNameCharactersMax); }},
    Placeholder{"person.reason", [](Values v) { return v.message.reason; }},
    Placeholder{"near_equal", [](Values v) { return Flag(v.message.near_equal); }},
    Placeholder{"or_person.id", [](Values v) { return v.message.or_person_id; }},
    Placeholder{"or_person.name", [](Values v) { return v.message.or_person_name; }},
    Placeholder{"person.severity",
                [](Values v) { return std::string(SeverityName(v.message.severity)); }},
    Placeholder{"camera.id", [](Values v) { return v.message.camera_id; }},
    Placeholder{"camera.name", [](Values v) { return v.message.camera_name; }},
    Placeholder{"event_time", [](Values v) { return FormatTime(v.message.event_time); }},
    Placeholder{"sent_at", [](Values v) { return FormatTime(v.sent_at); }},
    Placeholder{"expires_at", [](Values v) { return FormatTime(ExpiryOf(v.message)); }},
    Placeholder{"late", [](Values v) { return Flag(IsLate(v.message, v.sent_at)); }},
    Placeholder{"test", [](Values v) { return Flag(v.message.is_test); }},
    Placeholder{"similarity", [](Values v) { return format("{:.2f}", v.message.similarity); }},
    Placeholder{"threshold", [](Values v) { return format("{:.2f}", v.message.threshold); }},
    Placeholder{"stranger_odds", [](Values v) { return OddsText(v.message.stranger_odds); }},
    Placeholder{"face_count", [](Values v) { return format("{}", v.message.face_count); }},
    Placeholder{"suppressed_before",
                [](Values v) { return format("{}", v.message.suppressed_before); }},
    Placeholder{"alert.id", [](Values v) { return v.message.id; }},
    Placeholder{"incident.id", [](Values v) { return v.message.incident_id; }},
    Placeholder{"link", [](Values v) { return v.link; }},
    Placeholder{"snapshot_base64", [](Values v) { return Base64Of(v.snapshot_jpeg); }},
    Placeholder{kSecretName, [](Values v) { return v.secret.Reveal(); }},
};

std::string Escaped(std::string text, Escape escape) {
  switch (escape) {
    case Escape::kText:
      return text;
    case Escape::kJson:
      return InsideJsonText(text);
    case Escape::kUrl:
    case Escape::kAddress:
      return PercentEncoded(text);
    case Escape::kHtml:
      return EscapeHtml(text);
  }
  VIGIL_CHECK(false, "unknown escape");
}

std::optional<Escape> FilterOf(std::string_view word) {
  if (word == "json") return Escape::kJson;
  if (word == "url") return Escape::kUrl;
  if (word == "html") return Escape::kHtml;
  return std::nullopt;
}

}  // namespace

std::vector<std::string> PlaceholderNames() {
  std::vector<std::string> names;
  for (const Placeholder& placeholder : kPlaceholders) names.emplace_back(placeholder.name);
  return names;
}

Result<Template> Template::Parse(std::string_view text, Escape escape) {
  Template parsed;
  parsed.escape_ = escape;
  while (!text.empty()) {
    const std::size_t open = text.find("{{");
    if (open != 0) parsed.pieces_.push_back({.text = std::string(text.substr(0, open))});
    if (open == std::string_view::npos) break;
    const std::size_t close = text.find("}}", open);
    if (close == std::string_view::npos) {
      return Fail(ErrorCode::kInvalidArgument,
                  format("\"{}\" is not closed with }}}}", OneLine(text.substr(open), 30)));
    }
    VIGIL_RETURN_IF_ERROR(parsed.AddPlaceholder(text.substr(open + 2, close - open - 2)));
    text.remove_prefix(close + 2);
  }
  return parsed;
}

Status Template::AddPlaceholder(std::string_view inside) {
  const std::size_t bar = std::min(inside.find('|'), inside.size());
  const std::string_view name = Trimmed(inside.substr(0, bar), " ");
  const auto found = std::ranges::find(kPlaceholders, name, &Placeholder::name);
  if (found == kPlaceholders.end()) {
    const std::vector<std::string> known = PlaceholderNames();
    const std::string nearest = NearestWord(name, known);
    return Fail(ErrorCode::kInvalidArgument,
                format("there is no placeholder {{{{{}}}}}; {}", OneLine(name, 60),
                       nearest.empty() ? format("there are {}", fmt::join(known, ", "))
                                       : format("did you mean {{{{{}}}}}?", nearest)));
  }
  Piece piece{.text = {}, .placeholder = static_cast<int>(found - kPlaceholders.begin())};
  std::string_view rest = inside.substr(bar);
  while (!rest.empty()) {
    rest.remove_prefix(1);
    const std::size_t next = std::min(rest.find('|'), rest.size());
    const std::string_view word = Trimmed(rest.substr(0, next), " ");
    const std::optional<Escape> filter = FilterOf(word);
    if (!filter) {
      return Fail(ErrorCode::kInvalidArgument,
                  format("there is no filter \"{}\" (in {{{{{}}}}}); there are json, url and html",
                         OneLine(word, 60), OneLine(inside, 60)));
    }
    piece.via.push_back(*filter);
    rest.remove_prefix(next);
  }
  pieces_.push_back(std::move(piece));
  return {};
}

std::string Template::Fill(const TemplateValues& values) const {
  std::string text;
  for (const Piece& piece : pieces_) {
    if (piece.placeholder < 0) {
      text += piece.text;
      continue;
    }
    const Placeholder& placeholder = kPlaceholders[static_cast<std::size_t>(piece.placeholder)];
    std::string value = placeholder.value(values);
    const bool whole = placeholder.name == "snapshot_base64" || placeholder.name == kSecretName;
    if (!whole) value = OneLine(value, kValueCharactersMax);
    for (const Escape filter : piece.via) value = Escaped(std::move(value), filter);
    const bool as_it_is = escape_ == Escape::kAddress && placeholder.name == kSecretName;
    text += as_it_is ? value : Escaped(std::move(value), escape_);
  }
  return text;
}

std::string_view Template::LiteralStart() const {
  if (pieces_.empty() || pieces_.front().placeholder >= 0) return {};
  return pieces_.front().text;
}

bool Template::Uses(std::string_view placeholder) const {
  return std::ranges::any_of(pieces_, [&](const Piece& piece) {
    return piece.placeholder >= 0 &&
           kPlaceholders[static_cast<std::size_t>(piece.placeholder)].name == placeholder;
  });
}

}  // namespace vigil::alerts
