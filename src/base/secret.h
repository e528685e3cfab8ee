// Text that must not appear in a log: passwords, tokens, URLs with credentials.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace vigil {

// Holds a secret, wipes it on destruction, and cannot be formatted or printed by accident. Reveal()
// marks each use.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  Secret(const Secret&) = default;
  Secret& operator=(const Secret&) = default;
  Secret(Secret&&) = default;
  Secret& operator=(Secret&&) = default;
  ~Secret();

  const std::string& Reveal() const { return value_; }
  bool Empty() const { return value_.empty(); }
  bool operator==(const Secret&) const = default;

 private:
  std::string value_;
};

// "rtsp://user:pass@host/x?token=abc" -> "rtsp://***@host/x?***": user-info and query values never
// reach a message. In doubt too much is hidden: a password may hold raw delimiters, and a login may
// stand in a text without a scheme.
std::string MaskUrl(std::string_view url);

}  // namespace vigil
