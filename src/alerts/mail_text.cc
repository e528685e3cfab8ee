// Mail headers are lines: whatever comes from people is flattened and encoded before it enters one.
#include "alerts/mail_text.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <utility>

#include "alerts/message_text.h"
#include "base/crypto.h"
#include "base/format.h"
#include "base/time_text.h"

namespace vigil::alerts {
namespace {

constexpr std::size_t kReasonCharactersMax = 1'000;
constexpr std::string_view kCaution =
    "This is a resemblance, not a proof: compare the pictures before you act.";

bool IsAddressCharacter(char c) {
  return c > ' ' && c < 0x7F && std::string_view("<>()[],;:\\\"").find(c) == std::string_view::npos;
}

// RFC 5322 date in UTC; chrono's own calendar, since the C library's names follow the locale.
std::string MailDate(WallTime time) {
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(time - day));
  return format("{}, {:02} {} {} {:02}:{:02}:{:02} +0000",
                kDays[std::chrono::weekday(day).c_encoding()], unsigned{date.day()},
                kMonths[unsigned{date.month()} - 1], int{date.year()}, clock.hours().count(),
                clock.minutes().count(), clock.seconds().count());
}

std::string MailboxHeader(const Mailbox& mailbox) {
  if (mailbox.name.empty()) return format("<{}>", mailbox.address);
  const std::string name = OneLine(mailbox.name, 100);
  const std::string encoded = EncodeHeaderText(name);
  if (encoded != name) return format("{} <{}>", encoded, mailbox.address);
  std::string quoted;
  for (const char c : name) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return format("\"{}\" <{}>", quoted, mailbox.address);
}

using Row = std::pair<std::string_view, std::string>;

std::vector<Row> Rows(const AlertMessage& message, const MailContext& context) {
  std::vector<Row> rows = {
      {"Time", FormatTime(message.event_time)},
      {"Camera", OneLine(message.camera_name, 100)},
      {"Severity", std::string(SeverityName(message.severity))},
      {"Reason", OneLine(message.reason, kReasonCharactersMax)},
      {"Faces in the picture", format("{}", message.face_count)},
  };
  if (message.suppressed_before > 0) {
    rows.emplace_back("Repeats held back", format("{}", message.suppressed_before));
  }
  if (IsLate(message, context.sent_at)) {
    rows.emplace_back("Late", "this message was sent at " + FormatTime(context.sent_at));
  }
  rows.emplace_back("Do not act on it after", FormatTime(ExpiryOf(message)));
  if (!context.link.empty()) rows.emplace_back("Incident", context.link);
  return rows;
}

}  // namespace

Result<Mailbox> ParseMailbox(std::string_view text) {
  constexpr std::size_t kAddressMax = 254;
  Mailbox mailbox;
  std::string_view address = text;
  if (const std::size_t open = text.rfind('<'); open != std::string_view::npos) {
    std::string_view name = text.substr(0, open);
    while (name.ends_with(' ')) name.remove_suffix(1);
    if (name.size() > 1 && name.starts_with('"') && name.ends_with('"')) {
      name = name.substr(1, name.size() - 2);
    }
    mailbox.name = name;
    address = text.substr(open + 1);
    if (!address.ends_with('>'))
      address = {};
    else
      address.remove_suffix(1);
  }
  const std::size_t at = address.find('@');
  const bool harmless = std::all_of(address.begin(), address.end(), IsAddressCharacter);
  if (at == std::string_view::npos || at == 0 || at + 1 == address.size() ||
      address.find('@', at + 1) != std::string_view::npos || !harmless ||
      address.size() > kAddressMax) {
    return Fail(ErrorCode::kInvalidArgument,
                format("\"{}\" is no e-mail address, as vigil@example.org or "
                       "Vigil <vigil@example.org>",
                       OneLine(text, 100)));
  }
  mailbox.address = address;
  return mailbox;
}

std::string EncodeHeaderText(std::string_view text) {
  constexpr std::size_t kPlainMax = 70;
  const bool plain =
      text.size() <= kPlainMax && text.find("=?") == std::string_view::npos &&
      std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c < 0x7F; });
  if (plain) return std::string(text);
  // 45 bytes are 60 of base64, which leaves room for the frame within the 75 that one encoded word
  // may have.
  constexpr std::size_t kPieceMax = 45;
  std::string encoded;
  while (!text.empty()) {
    std::size_t length = std::min(kPieceMax, text.size());
    while (length > 1 && length < text.size() &&
           (static_cast<unsigned char>(text[length]) & 0xC0) == 0x80) {
      --length;
    }
    if (!encoded.empty()) encoded += "\r\n ";
    encoded += format("=?UTF-8?B?{}?=", Base64Encode(text.substr(0, length)));
    text.remove_prefix(length);
  }
  return encoded;
}

std::vector<std::string> MailHeaders(const AlertMessage& message, const MailContext& context) {
  std::vector<std::string> recipients;
  recipients.reserve(context.to.size());
  for (const Mailbox& mailbox : context.to) recipients.push_back(MailboxHeader(mailbox));
  const std::string_view late = IsLate(message, context.sent_at) ? "[late] " : "";
  const std::string subject =
      format("{}[{}] {}", late, SeverityName(message.severity), AlertTitle(message));
  const std::string& from = context.from.address;
  return {
      "From: " + MailboxHeader(context.from),
      format("To: {}", fmt::join(recipients, ",\r\n ")),
      "Subject: " + EncodeHeaderText(subject),
      "Date: " + MailDate(context.sent_at),
      format("Message-ID: <{}@{}>", OneLine(message.id, 100), from.substr(from.find('@') + 1)),
      "Expires: " + MailDate(ExpiryOf(message)),
      "Auto-Submitted: auto-generated",
  };
}

std::string MailPlainText(const AlertMessage& message, const MailContext& context) {
  std::string text =
      format("{}\r\n\r\n{}.\r\n{}\r\n\r\n", AlertTitle(message), AlertVerdict(message), kCaution);
  for (const auto& [name, value] : Rows(message, context)) {
    text += format("{}: {}\r\n", name, value);
  }
  return text;
}

std::string MailHtml(const AlertMessage& message, const MailContext& context, Picture picture) {
  std::string html = format(
      "<!DOCTYPE html>\r\n<html><body style=\"font-family: sans-serif\">\r\n<h2>{}</h2>\r\n"
      "<p>{}.<br>{}</p>\r\n",
      EscapeHtml(AlertTitle(message)), EscapeHtml(AlertVerdict(message)), kCaution);
  if (picture == Picture::kInline) {
    html += "<p><img src=\"cid:snapshot\" alt=\"Picture of the face\"></p>\r\n";
  }
  html += "<table>\r\n";
  for (const auto& [name, value] : Rows(message, context)) {
    html += format("<tr><th align=\"left\">{}</th><td>{}</td></tr>\r\n", name, EscapeHtml(value));
  }
  html += "</table>\r\n";
  if (!context.link.empty()) {
    html += format("<p><a href=\"{}\">Open the incident</a></p>\r\n", EscapeHtml(context.link));
  }
  return html + "</body></html>\r\n";
}

}  // namespace vigil::alerts
