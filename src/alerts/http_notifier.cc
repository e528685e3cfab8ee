// Templates are parsed and tried with a hostile message when the channel is made, so that a request
// that goes out is well-formed whatever the names are.
#include "alerts/http_notifier.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "alerts/curl_call.h"
#include "alerts/http_answer.h"
#include "alerts/message_text.h"
#include "alerts/secret_mask.h"
#include "alerts/template.h"
#include "base/check.h"
#include "base/format.h"
#include "base/json.h"

namespace vigil::alerts {
namespace {

constexpr std::size_t kAnswerCharactersMax = 200;
constexpr std::string_view kMultipart = "multipart/form-data";

struct StatusRange {
  long first = 200;
  long last = 299;
};

struct FilledTemplate {
  std::string name;
  Template value;
};

// The options as they are used: parsed once.
struct HttpPlan {
  Template url;
  std::vector<FilledTemplate> headers;
  Template body;
  std::vector<FilledTemplate> fields;
  std::vector<StatusRange> success;
  std::string host;
};

std::unexpected<Error> Invalid(std::string message) {
  return Fail(ErrorCode::kInvalidArgument, std::move(message));
}

// Media types are compared without case (RFC 9110, 8.3.1).
Escape EscapeOf(std::string_view given) {
  std::string content_type(given.substr(0, given.find(';')));
  std::ranges::transform(content_type, content_type.begin(), [](char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + 32) : letter;
  });
  if (content_type.ends_with("/json") || content_type.ends_with("+json")) {
    return Escape::kJson;
  }
  if (content_type.starts_with("application/x-www-form-urlencoded")) return Escape::kUrl;
  if (content_type.starts_with("text/html") || content_type.contains("xml")) return Escape::kHtml;
  return Escape::kText;
}

bool IsToken(std::string_view text) {
  return !text.empty() && text.size() <= 100 && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  });
}

bool IsOneLine(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

Result<std::vector<StatusRange>> ParseSuccess(std::string_view text) {
  std::vector<StatusRange> ranges;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const std::string_view part = text.substr(0, comma);
    text.remove_prefix(std::min(comma + 1, text.size()));
    StatusRange range{.first = 0, .last = 0};
    const char* const end = part.data() + part.size();
    auto read = std::from_chars(part.data(), end, range.first);
    range.last = range.first;
    if (read.ec == std::errc{} && read.ptr != end && *read.ptr == '-') {
      read = std::from_chars(read.ptr + 1, end, range.last);
    }
    if (read.ec != std::errc{} || read.ptr != end || range.first < 200 || range.last > 599 ||
        range.first > range.last) {
      return Invalid("success: expects statuses such as 200-299 or 200,202");
    }
    ranges.push_back(range);
  }
  if (ranges.empty()) return Invalid("success: expects statuses such as 200-299 or 200,202");
  return ranges;
}

Result<std::vector<FilledTemplate>> ParseAll(const std::vector<NamedTemplate>& templates,
                                             std::string_view option) {
  constexpr std::size_t kTemplatesMax = 32;
  if (templates.size() > kTemplatesMax) return Invalid(format("{}: are too many", option));
  std::vector<FilledTemplate> parsed;
  for (const NamedTemplate& wanted : templates) {
    if (!IsToken(wanted.name)) {
      return Invalid(format("{}: \"{}\" is no name", option, OneLine(wanted.name, 60)));
    }
    if (option == "headers" && !IsOneLine(wanted.text.Reveal())) {
      return Invalid(format("headers: {} is not on one line", wanted.name));
    }
    auto value = Template::Parse(wanted.text.Reveal(), Escape::kText);
    if (!value) return Annotate(value.error(), format("{}: {}", option, wanted.name));
    parsed.push_back({wanted.name, *std::move(value)});
  }
  return parsed;
}

// A message with everything that could break out of its place.
AlertMessage HostileMessage() {
  AlertMessage message;
  message.id = "0192c1f0-0000-7000-8000-000000000001";
  message.incident_id = message.person_id = message.camera_id = message.id;
  message.person_name = "A\"b\\c'd\n{{secret}}<&>%, }";
  message.reason = message.camera_name = message.person_name;
  return message;
}

Result<Template> ParseUrlTemplate(const HttpOptions& options, std::string& host) {
  auto url = Template::Parse(options.url.Reveal(), Escape::kAddress);
  if (!url) return Annotate(url.error(), "url");
  const std::string_view start = url->LiteralStart();
  const std::size_t scheme_end = start.find("://");
  const bool host_ends = scheme_end != std::string_view::npos &&
                         (start.find_first_of("/?#", scheme_end + 3) != std::string_view::npos ||
                          start.size() == options.url.Reveal().size());
  if (!(start.starts_with("https://") || start.starts_with("http://")) || !host_ends) {
    return Invalid("url: expects https:// or http:// and a host without placeholders");
  }
  const AlertMessage message = HostileMessage();
  auto parts = ParseUrl(url->Fill({message, {}, {}, "", options.secret}));
  if (!parts) return Annotate(parts.error(), "url");
  host = parts->host;
  return url;
}

Status CheckBody(const HttpOptions& options, const Template& body) {
  const bool multipart = options.content_type.starts_with(kMultipart);
  if (multipart && !options.body.empty()) {
    return Invalid("body: multipart/form-data is made of fields; leave body empty");
  }
  if (!multipart && (!options.fields.empty() || !options.snapshot_field.empty())) {
    return Invalid("fields: need content_type multipart/form-data");
  }
  if (options.method == "GET" && (multipart || !options.body.empty())) {
    return Invalid("body: a GET has none; use POST");
  }
  if (EscapeOf(options.content_type) != Escape::kJson || options.body.empty()) return {};
  const AlertMessage message = HostileMessage();
  const auto parsed = ParseJson(body.Fill({message, {}, {}, "https://x", options.secret}));
  if (parsed) return {};
  return Invalid(
      format("body: is no JSON once it is filled in ({}); put placeholders in quotes, "
             "but for numbers, late and test",
             parsed.error().message));
}

Status CheckPlainOptions(const HttpOptions& options) {
  constexpr std::array kMethods = {"GET", "POST", "PUT", "PATCH"};
  if (std::ranges::find(kMethods, options.method) == kMethods.end()) {
    return Invalid("method: expects GET, POST, PUT or PATCH");
  }
  if (!std::ranges::all_of(options.secret.Reveal(), [](char c) { return c > ' ' && c < 0x7F; })) {
    return Invalid("secret: holds a space, a control character or one beyond ASCII");
  }
  if (!IsOneLine(options.content_type)) return Invalid("content_type: is not on one line");
  if (!options.snapshot_field.empty() && !IsToken(options.snapshot_field)) {
    return Invalid("snapshot_field: is no name of a form field");
  }
  return {};
}

Result<HttpPlan> PlanOf(const HttpOptions& options) {
  VIGIL_RETURN_IF_ERROR(CheckPlainOptions(options));
  HttpPlan plan;
  VIGIL_ASSIGN_OR_RETURN(plan.url, ParseUrlTemplate(options, plan.host));
  VIGIL_ASSIGN_OR_RETURN(plan.headers, ParseAll(options.headers, "headers"));
  VIGIL_ASSIGN_OR_RETURN(plan.fields, ParseAll(options.fields, "fields"));
  VIGIL_ASSIGN_OR_RETURN(plan.success, ParseSuccess(options.success));
  auto body = Template::Parse(options.body, EscapeOf(options.content_type));
  if (!body) return Annotate(body.error(), "body");
  plan.body = *std::move(body);
  VIGIL_RETURN_IF_ERROR(CheckBody(options, plan.body));
  return plan;
}

class HttpNotifier final : public Notifier {
 public:
  HttpNotifier(const HttpOptions& options, HttpPlan plan, const Clock& clock)
      : options_(options), plan_(std::move(plan)), clock_(clock) {
    mask_.Add(options_.secret.Reveal());
    mask_.AddUrl(options_.url.Reveal());
    for (const NamedTemplate& header : options_.headers) mask_.AddWords(header.text.Reveal());
  }

  Result<std::string> Deliver(const AlertMessage& message, std::span<const std::byte> snapshot_jpeg,
                              std::stop_token stop) override {
    if (snapshot_jpeg.size() > options_.snapshot_max_bytes) snapshot_jpeg = {};
    const TemplateValues values{message, snapshot_jpeg, clock_.WallNow(),
                                IncidentLink(options_.public_url, message), options_.secret};
    // Declared before the call, which reads them until it is gone.
    const std::string url = plan_.url.Fill(values);
    const std::string body = plan_.body.Fill(values);
    const CurlList headers = Headers(values);
    std::unique_ptr<curl_mime, CurlDeleter> form;
    CurlCall call(
        {options_.allow_private_addresses ? AddressPolicy::kAny : AddressPolicy::kPublicOnly,
         options_.ca_file, options_.connect_timeout, options_.timeout},
        std::move(stop));
    CURL* curl = call.Handle();
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "vigil");
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
    if (options_.content_type.starts_with(kMultipart)) {
      form = Form(curl, values);
      curl_easy_setopt(curl, CURLOPT_MIMEPOST, form.get());
    } else if (options_.method != "GET") {
      curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.data());
      curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    }
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, options_.method.c_str());
    const CURLcode code = call.Perform();
    if (code != CURLE_OK) return Masked(call.Explain(code, plan_.host));
    return Judge(call);
  }

 private:
  std::unexpected<Error> Masked(Error error) const {
    error.message = mask_.Hide(std::move(error.message));
    return std::unexpected(std::move(error));
  }

  CurlList Headers(const TemplateValues& values) const {
    CurlList headers;
    Append(headers, "Expect:");
    const bool multipart = options_.content_type.starts_with(kMultipart);
    if (options_.method != "GET" && !multipart) {
      Append(headers, "Content-Type: " + options_.content_type);
    }
    for (const FilledTemplate& header : plan_.headers) {
      Append(headers, format("{}: {}", header.name, header.value.Fill(values)));
    }
    return headers;
  }

  std::unique_ptr<curl_mime, CurlDeleter> Form(CURL* curl, const TemplateValues& values) const {
    std::unique_ptr<curl_mime, CurlDeleter> form(curl_mime_init(curl));
    for (const FilledTemplate& field : plan_.fields) {
      curl_mimepart* part = curl_mime_addpart(form.get());
      const std::string value = field.value.Fill(values);
      curl_mime_name(part, field.name.c_str());
      curl_mime_data(part, value.data(), value.size());
    }
    if (!options_.snapshot_field.empty() && !values.snapshot_jpeg.empty()) {
      curl_mimepart* part = curl_mime_addpart(form.get());
      curl_mime_name(part, options_.snapshot_field.c_str());
      curl_mime_data(part, reinterpret_cast<const char*>(values.snapshot_jpeg.data()),
                     values.snapshot_jpeg.size());
      curl_mime_type(part, "image/jpeg");
      curl_mime_filename(part, "snapshot.jpg");
    }
    return form;
  }

  Result<std::string> Judge(const CurlCall& call) const {
    const long status = call.Status();
    // What a private machine says is not for those who may only choose addresses; and any receiver
    // may quote the request in its reply, and with it the credentials.
    const std::string said =
        call.ReachedPrivate() ? "" : OneLine(mask_.Hide(call.Body()), kAnswerCharactersMax);
    const bool success = std::ranges::any_of(plan_.success, [&](const StatusRange& range) {
      return status >= range.first && status <= range.last;
    });
    if (success) return format("HTTP {}{}{}", status, said.empty() ? "" : ": ", said);
    Error error = ExplainHttpStatus(status, plan_.host);
    if (!said.empty()) error.message += ": " + said;
    return std::unexpected(std::move(error));
  }

  const HttpOptions options_;
  const HttpPlan plan_;
  SecretMask mask_;
  const Clock& clock_;
};

}  // namespace

Result<std::unique_ptr<Notifier>> MakeHttpNotifier(const HttpOptions& options, const Clock& clock) {
  VIGIL_ASSIGN_OR_RETURN(HttpPlan plan, PlanOf(options));
  return std::make_unique<HttpNotifier>(options, std::move(plan), clock);
}

}  // namespace vigil::alerts
