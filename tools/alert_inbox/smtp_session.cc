// The commands of SMTP that clients use to hand over mail.
#include "smtp_session.h"

#include <algorithm>
#include <cctype>
#include <utility>

namespace vigil::inbox {
namespace {

bool Is(std::string_view line, std::string_view command) {
  return line.size() >= command.size() &&
         std::ranges::equal(line.substr(0, command.size()), command, [](char a, char b) {
           return std::toupper(static_cast<unsigned char>(a)) == b;
         });
}

// "<a@b>" of "MAIL FROM:<a@b> SIZE=1"; nothing without angle brackets.
std::optional<std::string> PathOf(std::string_view line) {
  const auto open = line.find('<');
  const auto close = line.find('>', open == line.npos ? 0 : open);
  if (open == line.npos || close == line.npos) return std::nullopt;
  return std::string(line.substr(open + 1, close - open - 1));
}

}  // namespace

SmtpStep SmtpSession::Take(std::string_view line) {
  return in_data_ ? TakeData(line) : TakeCommand(line);
}

SmtpStep SmtpSession::TakeCommand(std::string_view line) {
  if (Is(line, "EHLO")) {
    greeted_ = true;
    return {"250-vigil-inbox\r\n250-8BITMIME\r\n250 SIZE 20000000\r\n", {}, false};
  }
  if (Is(line, "HELO")) {
    greeted_ = true;
    return {"250 vigil-inbox\r\n", {}, false};
  }
  if (Is(line, "NOOP")) return {"250 OK\r\n", {}, false};
  if (Is(line, "QUIT")) return {"221 Bye\r\n", {}, true};
  if (Is(line, "RSET")) {
    mail_ = {};
    has_sender_ = false;
    return {"250 OK\r\n", {}, false};
  }
  const bool mail = Is(line, "MAIL FROM:");
  const bool recipient = Is(line, "RCPT TO:");
  if (mail || recipient) {
    auto path = PathOf(line);
    if (!path) return {"501 Address missing\r\n", {}, false};
    if (!greeted_ || (recipient && !has_sender_)) return {"503 Bad sequence\r\n", {}, false};
    if (mail) {
      mail_ = {.from = *std::move(path), .to = {}, .data = {}};
      has_sender_ = true;
    } else if (mail_.to.size() == kRecipientsMax) {
      return {"452 Too many recipients\r\n", {}, false};
    } else {
      mail_.to.push_back(*std::move(path));
    }
    return {"250 OK\r\n", {}, false};
  }
  if (Is(line, "DATA")) {
    if (mail_.to.empty()) return {"503 No recipient\r\n", {}, false};
    in_data_ = true;
    too_large_ = false;
    return {"354 End with a line of one dot\r\n", {}, false};
  }
  return {"502 Not implemented\r\n", {}, false};
}

SmtpStep SmtpSession::TakeData(std::string_view line) {
  if (line == ".") {
    in_data_ = false;
    has_sender_ = false;
    Mail mail = std::exchange(mail_, {});
    if (too_large_) return {"552 Message too large\r\n", {}, false};
    return {"250 queued\r\n", std::move(mail), false};
  }
  if (line.starts_with('.')) line.remove_prefix(1);
  too_large_ = too_large_ || mail_.data.size() + line.size() + 2 > kDataBytesMax;
  if (!too_large_) {
    mail_.data += line;
    mail_.data += "\r\n";
  }
  return {};
}

}  // namespace vigil::inbox
