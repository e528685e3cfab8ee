// getaddrinfo_a runs the lookup in glibc's own threads, so that ours can walk away from it.
#include "media/name_lookup.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <memory>
#include <mutex>
#include <string_view>
#include <utility>

#include "base/secret.h"

namespace vigil::media {
namespace {

// One lookup, kept alive by the resolver's thread until it has answered, and by us while we wait.
struct Lookup {
  explicit Lookup(HostAndPort wanted) : host(std::move(wanted)) {
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    request.ar_name = host.host.c_str();
    request.ar_service = host.port.c_str();
    request.ar_request = &hints;
  }
  ~Lookup() {
    if (request.ar_result != nullptr) freeaddrinfo(request.ar_result);
  }
  Lookup(const Lookup&) = delete;
  Lookup& operator=(const Lookup&) = delete;

  const HostAndPort host;
  addrinfo hints{};
  gaicb request{};
  std::mutex mutex;
  std::condition_variable_any answered;
  bool done = false;
};

void Answered(sigval value) {
  const std::unique_ptr<std::shared_ptr<Lookup>> owner(
      static_cast<std::shared_ptr<Lookup>*>(value.sival_ptr));
  const std::lock_guard lock((*owner)->mutex);
  (*owner)->done = true;
  (*owner)->answered.notify_all();
}

// Nothing where the lookup could not even start. An address in figures needs no resolver and is
// answered at once.
std::shared_ptr<Lookup> StartLookup(const HostAndPort& host) {
  auto lookup = std::make_shared<Lookup>(host);
  lookup->hints.ai_flags = AI_NUMERICHOST;
  if (getaddrinfo(host.host.c_str(), host.port.c_str(), &lookup->hints,
                  &lookup->request.ar_result) == 0) {
    lookup->done = true;
    return lookup;
  }
  lookup->hints.ai_flags = 0;
  auto owner = std::make_unique<std::shared_ptr<Lookup>>(lookup);
  sigevent event{};
  event.sigev_notify = SIGEV_THREAD;
  event.sigev_notify_function = Answered;
  event.sigev_value.sival_ptr = owner.get();
  std::array<gaicb*, 1> requests{&lookup->request};
  if (getaddrinfo_a(GAI_NOWAIT, requests.data(), 1, &event) != 0) return nullptr;
  // From here on Answered owns it.
  static_cast<void>(owner.release());
  return lookup;
}

Reach Await(Lookup& lookup, SteadyTime deadline, const std::stop_token& stop) {
  std::unique_lock lock(lookup.mutex);
  if (!lookup.answered.wait_until(lock, stop, deadline, [&] { return lookup.done; })) {
    return stop.stop_requested() ? Reach::kCancelled : Reach::kTimeout;
  }
  return lookup.request.ar_result != nullptr ? Reach::kConnected : Reach::kUnknownName;
}

Reach ReachOfErrno(int code) {
  switch (code) {
    case 0:
      return Reach::kConnected;
    case ECONNREFUSED:
      return Reach::kRefused;
    case ETIMEDOUT:
      return Reach::kTimeout;
    default:
      return Reach::kNoRoute;
  }
}

class Socket {
 public:
  explicit Socket(int descriptor) : descriptor_(descriptor) {}
  ~Socket() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int Get() const { return descriptor_; }

 private:
  const int descriptor_;
};

Reach Connect(const addrinfo& address, SteadyTime deadline, const std::stop_token& stop) {
  constexpr std::chrono::milliseconds kPoll{50};
  const Socket connection(socket(
      address.ai_family, address.ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, address.ai_protocol));
  if (connection.Get() < 0) return Reach::kNoRoute;
  if (connect(connection.Get(), address.ai_addr, address.ai_addrlen) == 0) return Reach::kConnected;
  if (errno != EINPROGRESS) return ReachOfErrno(errno);
  while (!stop.stop_requested()) {
    if (std::chrono::steady_clock::now() >= deadline) return Reach::kTimeout;
    pollfd wait{connection.Get(), POLLOUT, 0};
    if (poll(&wait, 1, static_cast<int>(kPoll.count())) <= 0) continue;
    int code = 0;
    socklen_t size = sizeof(code);
    if (getsockopt(connection.Get(), SOL_SOCKET, SO_ERROR, &code, &size) != 0) code = errno;
    return ReachOfErrno(code);
  }
  return Reach::kCancelled;
}

bool IsPort(std::string_view text) {
  unsigned port = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), port);
  return code == std::errc{} && end == text.data() + text.size() && port >= 1 && port <= 65'535;
}

}  // namespace

Result<HostAndPort> HostOfUrl(const std::string& url) {
  const auto bad = [&] {
    return Fail(ErrorCode::kInvalidArgument,
                MaskUrl(url) + ": not an address; write it as rtsp://host:554/path");
  };
  const std::string_view whole(url);
  const auto scheme_end = whole.find("://");
  if (scheme_end == std::string_view::npos) return bad();
  std::string_view rest = whole.substr(scheme_end + 3);
  rest = rest.substr(0, rest.find_first_of("/?#"));
  if (const auto at = rest.rfind('@'); at != std::string_view::npos) rest.remove_prefix(at + 1);
  HostAndPort result{"", whole.starts_with("rtsps") ? "322" : "554"};
  std::string_view tail;
  if (rest.starts_with('[')) {
    const auto close = rest.find(']');
    if (close == std::string_view::npos) return bad();
    result.host = rest.substr(1, close - 1);
    tail = rest.substr(close + 1);
  } else {
    const auto colon = std::min(rest.find(':'), rest.size());
    result.host = rest.substr(0, colon);
    tail = rest.substr(colon);
  }
  if (!tail.empty()) {
    if (tail.front() != ':' || !IsPort(tail.substr(1))) return bad();
    result.port = tail.substr(1);
  }
  if (result.host.empty()) return bad();
  return result;
}

Reach ResolveName(const HostAndPort& host, SteadyTime deadline, std::stop_token stop) {
  const auto lookup = StartLookup(host);
  return lookup == nullptr ? Reach::kUnknownName : Await(*lookup, deadline, stop);
}

Reach TryConnect(const HostAndPort& host, SteadyTime deadline, std::stop_token stop) {
  const auto lookup = StartLookup(host);
  if (lookup == nullptr) return Reach::kUnknownName;
  Reach reach = Await(*lookup, deadline, stop);
  if (reach != Reach::kConnected) return reach;
  for (const addrinfo* address = lookup->request.ar_result; address != nullptr;
       address = address->ai_next) {
    reach = Connect(*address, deadline, stop);
    if (reach == Reach::kConnected || reach == Reach::kCancelled) return reach;
  }
  return reach;
}

}  // namespace vigil::media
