// One transfer by libcurl, stoppable and choosy about addresses: what the webhook and e-mail
// notifiers share.
#pragma once

#include <curl/curl.h>
#include <sys/socket.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <stop_token>
#include <string>

#include "base/result.h"

namespace vigil::alerts {

// Which addresses a transfer may connect to. It is asked at connect time, after name resolution.
// Link-local addresses and the metadata services of clouds are refused by every policy: no receiver
// is there, only credentials.
enum class AddressPolicy { kAny, kPublicOnly, kLoopbackOnly };

// IPv4 or IPv6; addresses that carry an IPv4 one inside (mapped, NAT64, 6to4) are judged by it.
// Public: globally reachable unicast by the special-purpose registries of RFC 6890.
bool IsPublicAddress(const sockaddr& address);
bool IsLoopbackAddress(const sockaddr& address);
// 169.254.0.0/16, fe80::/10, and where clouds keep the credentials of their machines.
bool IsMetadataAddress(const sockaddr& address);

// Frees what curl allocates.
struct CurlDeleter {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  void operator()(curl_mime* mime) const { curl_mime_free(mime); }
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using CurlList = std::unique_ptr<curl_slist, CurlDeleter>;
// Appends a copy of `line`.
void Append(CurlList& list, const std::string& line);

struct CallOptions {
  AddressPolicy addresses = AddressPolicy::kAny;
  std::string ca_file;
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds timeout{15'000};
};

// Ready made with deadlines, the address check, TLS 1.2 or newer with verification, no proxy, no
// redirects, and a bound on what is received. Not movable: curl keeps its address. One thread.
class CurlCall {
 public:
  CurlCall(const CallOptions& options, std::stop_token stop);
  CurlCall(const CurlCall&) = delete;
  CurlCall& operator=(const CurlCall&) = delete;

  CURL* Handle() { return handle_.get(); }
  // Performs the transfer. A reply cut for its length is no error here.
  CURLcode Perform();

  // The status of the last reply: HTTP's or SMTP's.
  long Status() const;
  // Lines of the head (HTTP) or of the dialogue (SMTP), up to 64 KiB.
  const std::string& Head() const { return head_; }
  // The first bytes of the reply's body, up to 1 KiB.
  const std::string& Body() const { return body_; }
  // Whether it went to an address that is not public.
  bool ReachedPrivate() const { return reached_private_; }
  // The error of a failed Perform that any protocol may meet. `whom` names the receiver.
  Error Explain(CURLcode code, const std::string& whom) const;

 private:
  static curl_socket_t OpenSocket(void* self, curlsocktype purpose, curl_sockaddr* address);
  static int Progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t);
  static std::size_t TakeHead(char* bytes, std::size_t size, std::size_t count, void* self);
  static std::size_t TakeBody(char* bytes, std::size_t size, std::size_t count, void* self);

  const AddressPolicy addresses_;
  const std::stop_token stop_;
  std::unique_ptr<CURL, CurlDeleter> handle_;
  std::string head_;
  std::string body_;
  std::size_t body_bytes_ = 0;
  bool body_cut_ = false;
  bool address_refused_ = false;
  bool metadata_refused_ = false;
  bool reached_private_ = false;
  char error_text_[CURL_ERROR_SIZE] = "";
};

// Scheme and host of a URL that curl can parse, or kInvalidArgument. Never quotes the URL.
struct UrlParts {
  std::string scheme;
  std::string host;
};
Result<UrlParts> ParseUrl(const std::string& url);

}  // namespace vigil::alerts
