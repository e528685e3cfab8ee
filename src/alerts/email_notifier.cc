// One SMTP session an attempt.
#include "alerts/email_notifier.h"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

#include "alerts/curl_call.h"
#include "alerts/mail_text.h"
#include "alerts/message_text.h"
#include "base/check.h"
#include "base/format.h"

namespace vigil::alerts {
namespace {

using Mime = std::unique_ptr<curl_mime, CurlDeleter>;

void SetText(curl_mimepart* part, const std::string& text, const char* type) {
  curl_mime_data(part, text.data(), text.size());
  curl_mime_type(part, type);
  curl_mime_encoder(part, "quoted-printable");
}

// Hands `child` over to a new part of `parent`.
void AddMultipart(curl_mime* parent, Mime child, const char* type) {
  curl_mimepart* part = curl_mime_addpart(parent);
  curl_mime_type(part, type);
  const CURLcode code = curl_mime_subparts(part, child.get());
  VIGIL_CHECK(code == CURLE_OK, "a fresh part takes its children");
  static_cast<void>(child.release());  // the part owns it now
}

// multipart/alternative of the text and of multipart/related: the HTML and its picture.
Mime BuildMime(CURL* curl, const AlertMessage& message, const MailContext& context,
               std::span<const std::byte> jpeg) {
  Mime related(curl_mime_init(curl));
  SetText(curl_mime_addpart(related.get()),
          MailHtml(message, context, jpeg.empty() ? Picture::kAbsent : Picture::kInline),
          "text/html; charset=utf-8");
  if (!jpeg.empty()) {
    curl_mimepart* image = curl_mime_addpart(related.get());
    curl_mime_data(image, reinterpret_cast<const char*>(jpeg.data()), jpeg.size());
    curl_mime_type(image, "image/jpeg");
    curl_mime_encoder(image, "base64");
    CurlList headers;
    Append(headers, "Content-ID: <snapshot>");
    Append(headers, "Content-Disposition: inline; filename=\"snapshot.jpg\"");
    curl_mime_headers(image, headers.release(), 1);
  }
  Mime alternative(curl_mime_init(curl));
  SetText(curl_mime_addpart(alternative.get()), MailPlainText(message, context),
          "text/plain; charset=utf-8");
  AddMultipart(alternative.get(), std::move(related), "multipart/related");
  Mime whole(curl_mime_init(curl));
  AddMultipart(whole.get(), std::move(alternative), "multipart/alternative");
  return whole;
}

// The server's replies, the last line of each: "250 queued as 7".
std::vector<std::string> Replies(std::string_view dialogue) {
  std::vector<std::string> replies;
  while (!dialogue.empty()) {
    const std::size_t end = std::min(dialogue.find('\n'), dialogue.size());
    std::string_view line = dialogue.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.size() >= 3 && (line.size() == 3 || line[3] == ' ')) {
      replies.push_back(OneLine(line, 200));
    }
    dialogue.remove_prefix(std::min(end + 1, dialogue.size()));
  }
  return replies;
}

int CodeOf(std::string_view reply) {
  int code = 0;
  std::from_chars(reply.data(), reply.data() + reply.size(), code);
  return code;
}

class EmailNotifier final : public Notifier {
 public:
  EmailNotifier(const EmailOptions& options, Mailbox from, std::vector<Mailbox> to,
                std::string host, const Clock& clock)
      : options_(options),
        from_(std::move(from)),
        to_(std::move(to)),
        host_(std::move(host)),
        clock_(clock) {}

  Result<std::string> Deliver(const AlertMessage& message, std::span<const std::byte> snapshot_jpeg,
                              std::stop_token stop) override {
    const MailContext context{from_, to_, clock_.WallNow(),
                              IncidentLink(options_.public_url, message)};
    const bool plain = options_.security == SmtpSecurity::kNone;
    // Declared before the call, which reads them until it is gone.
    CurlList headers;
    for (const std::string& line : MailHeaders(message, context)) Append(headers, line);
    CurlList recipients;
    for (const Mailbox& mailbox : to_) Append(recipients, format("<{}>", mailbox.address));
    CurlCall call({plain ? AddressPolicy::kLoopbackOnly : AddressPolicy::kAny, options_.ca_file,
                   options_.connect_timeout, options_.timeout},
                  std::move(stop));
    CURL* curl = call.Handle();
    const Mime mime = BuildMime(curl, message, context, snapshot_jpeg);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(curl, CURLOPT_URL, options_.smtp_url.c_str());
    curl_easy_setopt(curl, CURLOPT_USE_SSL,
                     static_cast<long>(plain ? CURLUSESSL_NONE : CURLUSESSL_ALL));
    if (!options_.user.empty()) {
      curl_easy_setopt(curl, CURLOPT_USERNAME, options_.user.c_str());
      curl_easy_setopt(curl, CURLOPT_PASSWORD, options_.password.Reveal().c_str());
    }
    curl_easy_setopt(curl, CURLOPT_MAIL_FROM, format("<{}>", from_.address).c_str());
    curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, recipients.get());
    curl_easy_setopt(curl, CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1L);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(curl, CURLOPT_MIMEPOST, mime.get());
    const CURLcode code = call.Perform();
    const std::vector<std::string> replies = Replies(call.Head());
    if (code != CURLE_OK) return std::unexpected(Explain(call, code, replies));
    return Answer(replies);
  }

 private:
  // The reply to the message itself is the last but QUIT's; refused recipients come before it.
  std::string Answer(const std::vector<std::string>& replies) const {
    std::string accepted = "accepted";
    for (const std::string& reply : replies) {
      if (CodeOf(reply) == 250) accepted = reply;
    }
    const auto refused = std::count_if(replies.begin(), replies.end(),
                                       [](const auto& reply) { return CodeOf(reply) >= 400; });
    const auto first = std::find_if(replies.begin(), replies.end(),
                                    [](const auto& reply) { return CodeOf(reply) >= 400; });
    if (refused == 0) return accepted;
    return format("{}; {} of {} recipients refused: {}", accepted, refused, to_.size(), *first);
  }

  // A 5xx to sender, recipients or content is the server's last word on this message. To the
  // greeting or the login it is about the server or our settings, which people can mend; and a 4xx
  // to any recipient may pass.
  Error Explain(const CurlCall& call, CURLcode code, std::vector<std::string> replies) const {
    constexpr int kBye = 221;
    if (!replies.empty() && CodeOf(replies.back()) == kBye) replies.pop_back();
    Error error = call.Explain(code, host_);
    if (error.code != ErrorCode::kUnavailable || replies.empty()) return error;
    const int last = CodeOf(replies.back());
    if (last < 400) return error;
    error.message += format(" ({})", replies.back());
    const bool may_pass = std::any_of(replies.begin(), replies.end(), [](const auto& reply) {
      return CodeOf(reply) >= 400 && CodeOf(reply) < 500;
    });
    const bool about_login = code == CURLE_LOGIN_DENIED || code == CURLE_USE_SSL_FAILED ||
                             last == 530 || last == 534 || last == 535 || last == 538;
    const bool about_greeting = replies.size() == 1;
    if (!may_pass && !about_login && !about_greeting) error.code = ErrorCode::kInvalidArgument;
    return error;
  }

  const EmailOptions options_;
  const Mailbox from_;
  const std::vector<Mailbox> to_;
  const std::string host_;
  const Clock& clock_;
};

}  // namespace

Result<std::unique_ptr<Notifier>> MakeEmailNotifier(const EmailOptions& options,
                                                    const Clock& clock) {
  auto url = ParseUrl(options.smtp_url);
  if (!url.has_value()) return Annotate(url.error(), "smtp_url");
  const bool implicit = options.security == SmtpSecurity::kImplicit;
  if (url->scheme != (implicit ? "smtps" : "smtp")) {
    return Fail(ErrorCode::kInvalidArgument,
                implicit ? "smtp_url: expects smtps://host:465 with tls implicit"
                         : "smtp_url: expects smtp://host:587");
  }
  auto from = ParseMailbox(options.from);
  if (!from.has_value()) return Annotate(from.error(), "from");
  std::vector<Mailbox> to;
  for (const std::string& recipient : options.to) {
    auto mailbox = ParseMailbox(recipient);
    if (!mailbox.has_value()) return Annotate(mailbox.error(), "to");
    to.push_back(*std::move(mailbox));
  }
  if (to.empty()) return Fail(ErrorCode::kInvalidArgument, "to: names no recipient");
  return std::make_unique<EmailNotifier>(options, *std::move(from), std::move(to), url->host,
                                         clock);
}

}  // namespace vigil::alerts
