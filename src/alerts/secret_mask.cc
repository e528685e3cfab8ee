// Replacing, longest first, so that no rest of a secret stays behind.
#include "alerts/secret_mask.h"

#include <algorithm>

#include "alerts/wire_text.h"
#include "base/crypto.h"
#include "base/format.h"

namespace vigil::alerts {
namespace {

constexpr std::size_t kSecretMin = 4;
constexpr std::size_t kSegmentMin = 8;
constexpr std::string_view kHidden = "***";

// The three ways in which base64 writes `text` inside a longer one, without the characters that
// depend on its neighbours.
std::vector<std::string> Base64Forms(std::string_view text) {
  std::vector<std::string> forms;
  for (std::size_t before = 0; before < 3; ++before) {
    const std::string whole = Base64Encode(std::string(before, 'x') + std::string(text));
    const std::size_t first = before == 0 ? 0 : before + 1;
    const std::size_t last = (before + text.size()) * 8 / 6;  // those that are all its own
    forms.push_back(whole.substr(first, last - first));
    std::string safe = forms.back();  // as URLs write it
    std::ranges::replace(safe, '+', '-');
    std::ranges::replace(safe, '/', '_');
    forms.push_back(std::move(safe));
  }
  return forms;
}

// The pieces between separators.
template <class Take>
void EachPiece(std::string_view text, std::string_view separators, Take take) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(separators), text.size());
    take(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

std::string WithoutPlaceholders(std::string_view text) {
  std::string literal;
  while (!text.empty()) {
    const std::size_t begin = std::min(text.find("{{"), text.size());
    literal += text.substr(0, begin);
    text.remove_prefix(begin);
    if (text.empty()) break;
    literal += ' ';
    const std::size_t end = text.find("}}");
    text.remove_prefix(end == text.npos ? text.size() : end + 2);
  }
  return literal;
}

}  // namespace

void SecretMask::Add(std::string_view secret) {
  if (secret.size() < kSecretMin) return;
  std::vector<std::string> forms = Base64Forms(secret);
  forms.insert(forms.end(), {std::string(secret), PercentEncoded(secret),
                             PercentEncoded(secret, "0123456789abcdef"), InsideJsonText(secret)});
  for (std::string& form : forms) {
    if (form.size() >= kSecretMin) needles_.push_back(std::move(form));
  }
  std::ranges::sort(needles_, [](const std::string& one, const std::string& other) {
    return one.size() != other.size() ? one.size() > other.size() : one < other;
  });
  const auto same = std::ranges::unique(needles_);
  needles_.erase(same.begin(), same.end());
}

void SecretMask::AddWords(std::string_view value) {
  const std::string literal = WithoutPlaceholders(value);
  Add(literal);
  EachPiece(literal, " ,;=:\t", [this](std::string_view word) { Add(word); });
}

void SecretMask::AddUrl(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == url.npos) return;
  const std::string rest = WithoutPlaceholders(url.substr(scheme + 3));
  const std::string_view text = rest;
  const std::size_t host_end = std::min(text.find_first_of("/?#"), text.size());
  const std::size_t login = text.substr(0, host_end).rfind('@');
  if (login != text.npos) {
    EachPiece(text.substr(0, login), ":", [this](std::string_view part) { Add(part); });
  }
  const std::size_t query = std::min(text.find_first_of("?#"), text.size());
  EachPiece(text.substr(host_end, query - host_end), "/ ", [this](std::string_view segment) {
    if (segment.size() < kSegmentMin) return;
    Add(segment);
    EachPiece(segment, ":", [this](std::string_view part) {
      if (part.size() >= kSegmentMin) Add(part);
    });
  });
  EachPiece(text.substr(query), "?#&", [this](std::string_view pair) {
    const std::size_t equals = pair.find('=');
    EachPiece(equals == pair.npos ? pair : pair.substr(equals + 1), " ",
              [this](std::string_view value) { Add(value); });
  });
}

std::string SecretMask::Hide(std::string text) const {
  for (const std::string& needle : needles_) {
    for (std::size_t at = text.find(needle); at != text.npos;
         at = text.find(needle, at + kHidden.size())) {
      text.replace(at, needle.size(), kHidden);
    }
  }
  return text;
}

std::string OriginOnly(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == url.npos) return std::string(kHidden);
  std::string_view authority = UrlOrigin(url).substr(scheme + 3);
  if (const std::size_t login = authority.rfind('@'); login != authority.npos) {
    authority.remove_prefix(login + 1);
  }
  return format("{}://{}/***", url.substr(0, scheme), authority);
}

}  // namespace vigil::alerts
