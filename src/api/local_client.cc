// A small blocking client; the server closes the connection after its answer.
#include "api/local_client.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>

#include "base/crypto.h"
#include "base/format.h"

namespace vigil::api {
namespace {

constexpr std::size_t kAnswerBytesMax = 64'000'000;

class Socket {
 public:
  explicit Socket(int descriptor) : descriptor_(descriptor) {}
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  int Get() const { return descriptor_; }

 private:
  int descriptor_;
};

bool Connect(const Socket& socket, const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string text = path.string();
  if (text.size() >= sizeof(address.sun_path)) return false;
  std::memcpy(address.sun_path, text.data(), text.size());
  return ::connect(socket.Get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
}

std::unexpected<Error> IoFailure(std::string_view doing) {
  if (errno == EAGAIN || errno == EWOULDBLOCK) {
    return Fail(ErrorCode::kTimeout, format("{}: the running vigil did not answer in time", doing));
  }
  return Fail(ErrorCode::kUnavailable, format("{}: {}", doing, std::strerror(errno)));
}

// A server that refuses early stops reading: its answer is still to be read, so a broken pipe is no
// failure here.
Status SendAll(const Socket& socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket.Get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && (errno == EPIPE || errno == ECONNRESET)) return {};
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return IoFailure("send to the running vigil");
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return {};
}

Result<std::string> ReceiveAll(const Socket& socket) {
  std::string answer;
  std::string piece(65'536, '\0');
  for (;;) {
    const ssize_t size = ::recv(socket.Get(), piece.data(), piece.size(), 0);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && !(errno == ECONNRESET && !answer.empty())) {
      return IoFailure("read from the running vigil");
    }
    if (size <= 0) return answer;
    answer.append(piece, 0, static_cast<std::size_t>(size));
    if (answer.size() > kAnswerBytesMax) {
      return Fail(ErrorCode::kDataLoss, "the running vigil sent more than 64 MB");
    }
  }
}

}  // namespace

bool LocalServerRuns(const std::filesystem::path& socket) {
  const Socket probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return probe.Get() >= 0 && Connect(probe, socket);
}

Result<LocalResponse> AskLocalServer(const std::filesystem::path& path,
                                     const LocalRequest& request) {
  const Socket socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (socket.Get() < 0 || !Connect(socket, path)) {
    return Fail(ErrorCode::kUnavailable,
                format("no vigil answers at {}; start it with `vigil serve`", path.string()));
  }
  const timeval limit{request.timeout.count() / 1000, request.timeout.count() % 1000 * 1000};
  ::setsockopt(socket.Get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  ::setsockopt(socket.Get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
  std::string message =
      format("{} {} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {}\r\n",
             request.method, request.target, request.body.size());
  if (!request.body.empty()) message += "Content-Type: " + request.content_type + "\r\n";
  message += "\r\n" + request.body;
  VIGIL_RETURN_IF_ERROR(SendAll(socket, message));
  VIGIL_ASSIGN_OR_RETURN(const std::string answer, ReceiveAll(socket));

  constexpr std::string_view kStart = "HTTP/1.1 ";
  const std::size_t head_end = answer.find("\r\n\r\n");
  LocalResponse response;
  if (!answer.starts_with(kStart) || head_end == answer.npos ||
      std::from_chars(answer.data() + kStart.size(), answer.data() + kStart.size() + 3,
                      response.status)
              .ec != std::errc{}) {
    return Fail(ErrorCode::kDataLoss, "the running vigil's answer is no HTTP");
  }
  response.body = answer.substr(head_end + 4);
  return response;
}

FormBody MakePhotoForm(std::string_view file_bytes,
                       const std::vector<std::pair<std::string, std::string>>& fields) {
  const std::string boundary = "vigil-" + RandomToken();
  FormBody form{"multipart/form-data; boundary=" + boundary, {}};
  for (const auto& [name, value] : fields) {
    form.body += format("--{}\r\nContent-Disposition: form-data; name=\"{}\"\r\n\r\n{}\r\n",
                        boundary, name, value);
  }
  form.body +=
      format("--{}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"photo\"\r\n\r\n",
             boundary);
  form.body += file_bytes;
  form.body += format("\r\n--{}--\r\n", boundary);
  return form;
}

}  // namespace vigil::api
