// One SMTP conversation (RFC 5321) as a state machine over lines: enough of a server for mail to
// arrive.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vigil::inbox {

struct Mail {
  std::string from;
  std::vector<std::string> to;
  std::string data;  // headers and body as sent, dot-stuffing undone
};

// What to answer to one line. `reply` is empty inside DATA.
struct SmtpStep {
  std::string reply;         // with CRLF
  std::optional<Mail> mail;  // complete with this line
  bool close = false;
};

class SmtpSession {
 public:
  static constexpr std::size_t kDataBytesMax = 20'000'000;
  static constexpr std::size_t kRecipientsMax = 100;

  static std::string Greeting() { return "220 vigil-inbox ready\r\n"; }
  // `line` without its CRLF.
  SmtpStep Take(std::string_view line);

 private:
  SmtpStep TakeCommand(std::string_view line);
  SmtpStep TakeData(std::string_view line);

  bool greeted_ = false;
  bool in_data_ = false;
  bool has_sender_ = false;
  bool too_large_ = false;
  Mail mail_;
};

}  // namespace vigil::inbox
