// Texts come from people and cameras: everything is made harmless before it is put anywhere.
#include "alerts/message_text.h"

#include <chrono>
#include <cmath>
#include <cstdint>

#include "base/format.h"

namespace vigil::alerts {
namespace {

constexpr std::size_t kNameCharactersMax = 100;
constexpr char32_t kReplacement = 0xFFFD;

struct CodePoint {
  char32_t value = kReplacement;
  std::size_t bytes = 1;
};

// The code point at the start of `text`; one byte as U+FFFD where the text is no UTF-8 (RFC 3629).
CodePoint DecodeFirst(std::string_view text) {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return {first, 1};
  const std::size_t bytes = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < bytes) return {};
  char32_t value = first & (0xFFU >> (bytes + 1));
  for (std::size_t at = 1; at < bytes; ++at) {
    if ((byte(at) & 0xC0) != 0x80) return {};
    value = (value << 6) | (byte(at) & 0x3FU);
  }
  constexpr char32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
  if (value < kSmallest[bytes] || value > 0x10FFFF || surrogate) return {};
  return {value, bytes};
}

// Characters that break lines or turn the direction of what follows, so that a name could show as
// another text.
bool IsUnsafe(char32_t value) {
  return value < 0x20 || (value >= 0x7F && value <= 0x9F) || value == 0x061C ||
         (value >= 0x200E && value <= 0x200F) || (value >= 0x2028 && value <= 0x202E) ||
         (value >= 0x2066 && value <= 0x2069);
}

// 4,123 -> 4,100: two significant digits, thousands apart.
std::string RoundCount(double count) {
  const double scale = std::pow(10.0, std::max(0.0, std::floor(std::log10(count)) - 1));
  const std::string digits = format("{:.0f}", std::round(count / scale) * scale);
  std::string grouped;
  for (std::size_t at = 0; at < digits.size(); ++at) {
    if (at > 0 && (digits.size() - at) % 3 == 0) grouped += ',';
    grouped += digits[at];
  }
  return grouped;
}

}  // namespace

std::string OddsText(double stranger_odds) {
  if (std::isnan(stranger_odds)) return "at an unknown rate";
  if (stranger_odds >= 0.5) return "more than 1 in 2";
  if (stranger_odds < 1e-6) return "less than 1 in 1,000,000";
  return "about 1 in " + RoundCount(1 / stranger_odds);
}

std::string OneLine(std::string_view text, std::size_t characters_max) {
  std::string line;
  for (std::size_t characters = 0; !text.empty(); ++characters) {
    if (characters == characters_max) return line + "\u2026";
    const CodePoint point = DecodeFirst(text);
    if (IsUnsafe(point.value)) {
      line += ' ';
    } else if (point.value == kReplacement) {
      line += "\uFFFD";
    } else {
      line += text.substr(0, point.bytes);
    }
    text.remove_prefix(point.bytes);
  }
  return line;
}

std::string EscapeHtml(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

std::string WhoText(const AlertMessage& message, std::size_t characters_max) {
  std::string who = OneLine(message.person_name, characters_max);
  if (!message.near_equal) return who;
  return who + (message.or_person_name.empty()
                    ? ", or somebody else who is enrolled"
                    : ", or " + OneLine(message.or_person_name, characters_max));
}

std::string AlertTitle(const AlertMessage& message) {
  return format("{}Looks like {} at {}", message.is_test ? "Test: " : "",
                WhoText(message, kNameCharactersMax),
                OneLine(message.camera_name, kNameCharactersMax));
}

std::string AlertVerdict(const AlertMessage& message) {
  return format(
      "{}looks like {}: similarity {:.2f} (threshold {:.2f}); a stranger scores this high {}",
      message.is_test ? "this is only a test: " : "", WhoText(message, kNameCharactersMax),
      message.similarity, message.threshold, OddsText(message.stranger_odds));
}

bool IsLate(const AlertMessage& message, WallTime sent_at) {
  return sent_at - message.event_time >= std::chrono::minutes{1};
}

WallTime ExpiryOf(const AlertMessage& message) {
  return message.event_time + std::chrono::hours{24};
}

std::string IncidentLink(std::string_view public_url, const AlertMessage& message) {
  if (public_url.empty()) return {};
  while (public_url.ends_with('/')) public_url.remove_suffix(1);
  return format("{}/?incident={}", public_url, message.incident_id);
}

}  // namespace vigil::alerts
