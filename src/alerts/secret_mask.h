// Keeps a channel's credentials out of what is told about it: receivers quote requests in replies.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace vigil::alerts {

// Texts that must not appear, each also as a URL, JSON and base64 write it. Thread-safe once
// filled.
class SecretMask {
 public:
  // Words of fewer than four characters are left alone: they are everywhere and protect nothing.
  void Add(std::string_view secret);
  // A header's value and its words, so that of "Bearer abcdef" each is hidden.
  void AddWords(std::string_view value);
  // Of a URL: user and password, the values of its query, and the segments of its path of eight
  // characters and more. Placeholders ({{...}}) are no part of it.
  void AddUrl(std::string_view url);

  // `text` with "***" in place of every secret.
  std::string Hide(std::string text) const;

 private:
  std::vector<std::string> needles_;  // longest first
};

// "https://hooks.example.org:8443/***": of a URL what may be told to everybody.
std::string OriginOnly(std::string_view url);

}  // namespace vigil::alerts
