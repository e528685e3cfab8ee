// The parts of a mail as values: header lines and the two bodies.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "core/alert.h"

namespace vigil::alerts {

struct Mailbox {
  std::string name;  // may be empty
  std::string address;
};

// "vigil@example.org" or "Vigil <vigil@example.org>". Only ASCII addresses of harmless characters.
// kInvalidArgument otherwise.
Result<Mailbox> ParseMailbox(std::string_view text);

// `text` (one line of UTF-8) as it may stand in a header: itself when it is short plain ASCII, else
// encoded words of RFC 2047, folded.
std::string EncodeHeaderText(std::string_view text);

// Of one message, as everything that its mail needs.
struct MailContext {
  Mailbox from;
  std::vector<Mailbox> to;
  WallTime sent_at{};
  std::string link;  // may be empty
};

// From, To, Subject, Date, Message-ID and so on; no line holds a break but folds.
std::vector<std::string> MailHeaders(const AlertMessage& message, const MailContext& context);
// Bodies with CRLF line ends. The HTML shows the picture "cid:snapshot" when there is one.
std::string MailPlainText(const AlertMessage& message, const MailContext& context);
enum class Picture { kAbsent, kInline };
std::string MailHtml(const AlertMessage& message, const MailContext& context, Picture picture);

}  // namespace vigil::alerts
