// Settings that hold for every transfer, and the callbacks that guard it.
#include "alerts/curl_call.h"

#include <unistd.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "base/format.h"

namespace vigil::alerts {
namespace {

constexpr std::size_t kReceivedMax = 64 * 1024;
constexpr std::size_t kBodyKeptMax = 1024;

void InitialiseCurlOnce() {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  VIGIL_CHECK(started == CURLE_OK, "libcurl cannot start");
}

}  // namespace

void Append(CurlList& list, const std::string& line) {
  curl_slist* longer = curl_slist_append(list.get(), line.c_str());
  VIGIL_CHECK(longer != nullptr, "out of memory");
  if (list == nullptr) list.reset(longer);
}

CurlCall::CurlCall(const CallOptions& options, std::stop_token stop)
    : addresses_(options.addresses), stop_(std::move(stop)) {
  InitialiseCurlOnce();
  handle_.reset(curl_easy_init());
  CURL* curl = handle_.get();
  VIGIL_CHECK(curl != nullptr, "out of memory");
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error_text_);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  // A stop must not wait for a name server that does not answer: the lookup's thread ends by
  // itself.
  curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(options.connect_timeout.count()));
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(options.timeout.count()));
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(curl, CURLOPT_PROXY, "");
  curl_easy_setopt(curl, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!options.ca_file.empty()) curl_easy_setopt(curl, CURLOPT_CAINFO, options.ca_file.c_str());
  curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, &OpenSocket);
  curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, this);
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, &Progress);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, this);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, &TakeHead);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &TakeBody);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, this);
}

CURLcode CurlCall::Perform() {
  if (stop_.stop_requested()) return CURLE_ABORTED_BY_CALLBACK;
  const CURLcode code = curl_easy_perform(handle_.get());
  return code == CURLE_WRITE_ERROR && body_cut_ ? CURLE_OK : code;
}

long CurlCall::Status() const {
  long status = 0;
  curl_easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &status);
  return status;
}

Error CurlCall::Explain(CURLcode code, const std::string& whom) const {
  const std::string_view detail = error_text_[0] != '\0' ? error_text_ : curl_easy_strerror(code);
  if (code == CURLE_ABORTED_BY_CALLBACK) {
    return {ErrorCode::kCancelled, format("{}: stopped", whom)};
  }
  if (metadata_refused_) {
    return {ErrorCode::kUnavailable,
            format("{}: its address is link-local or the metadata service of a cloud, where no "
                   "receiver is; this is never permitted",
                   whom)};
  }
  if (address_refused_ && addresses_ == AddressPolicy::kPublicOnly) {
    return {ErrorCode::kUnavailable,
            format("{}: its address is private or on this machine; set allow_private_addresses to "
                   "permit that",
                   whom)};
  }
  if (address_refused_) {
    return {ErrorCode::kUnavailable,
            format("{}: tls = \"none\" is only permitted to a server on this machine; use starttls",
                   whom)};
  }
  if (code == CURLE_OPERATION_TIMEDOUT) {
    return {ErrorCode::kTimeout, format("{}: {}", whom, detail)};
  }
  return {ErrorCode::kUnavailable, format("{}: {}", whom, detail)};
}

curl_socket_t CurlCall::OpenSocket(void* self, curlsocktype, curl_sockaddr* address) {
  auto& call = *static_cast<CurlCall*>(self);
  call.metadata_refused_ = IsMetadataAddress(address->addr);
  const bool permitted =
      !call.metadata_refused_ &&
      (call.addresses_ == AddressPolicy::kAny ||
       (call.addresses_ == AddressPolicy::kPublicOnly && IsPublicAddress(address->addr)) ||
       (call.addresses_ == AddressPolicy::kLoopbackOnly && IsLoopbackAddress(address->addr)));
  call.reached_private_ = !IsPublicAddress(address->addr);
  call.address_refused_ = !permitted;
  if (!permitted) return CURL_SOCKET_BAD;
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

int CurlCall::Progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<CurlCall*>(self)->stop_.stop_requested() ? 1 : 0;
}

std::size_t CurlCall::TakeHead(char* bytes, std::size_t size, std::size_t count, void* self) {
  auto& call = *static_cast<CurlCall*>(self);
  const std::size_t length = size * count;
  if (call.head_.size() + length > kReceivedMax) return 0;
  call.head_.append(bytes, length);
  return length;
}

std::size_t CurlCall::TakeBody(char* bytes, std::size_t size, std::size_t count, void* self) {
  auto& call = *static_cast<CurlCall*>(self);
  call.body_.append(bytes, std::min(size * count, kBodyKeptMax - call.body_.size()));
  call.body_bytes_ += size * count;
  call.body_cut_ = call.body_bytes_ > kReceivedMax;
  return call.body_cut_ ? 0 : size * count;
}

Result<UrlParts> ParseUrl(const std::string& url) {
  const std::unique_ptr<CURLU, CurlDeleter> parsed(curl_url());
  VIGIL_CHECK(parsed != nullptr, "out of memory");
  const auto failed = [](const std::string& why) {
    return Fail(ErrorCode::kInvalidArgument, "is no valid URL: " + why);
  };
  const CURLUcode code =
      curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), CURLU_NON_SUPPORT_SCHEME);
  if (code != CURLUE_OK) return failed(curl_url_strerror(code));
  UrlParts parts;
  for (const auto& [part, text] :
       {std::pair{CURLUPART_SCHEME, &parts.scheme}, std::pair{CURLUPART_HOST, &parts.host}}) {
    char* value = nullptr;
    const CURLUcode got = curl_url_get(parsed.get(), part, &value, 0);
    if (got != CURLUE_OK) return failed(curl_url_strerror(got));
    *text = value;
    curl_free(value);
  }
  return parts;
}

}  // namespace vigil::alerts
