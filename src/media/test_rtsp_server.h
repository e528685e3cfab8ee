// A camera in a few lines: an RTSP server on loopback that says and sends exactly what a test
// wants, also what is wrong.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace vigil::media {

// One H.264 unit (without start code) and the RTP time at which it is sent.
struct RtpUnit {
  std::string nal;
  std::uint32_t timestamp = 0;  // 90 kHz
};

// Cuts Annex B bytes at the start codes; units of one picture share a time stamp, `first` + 3,600 a
// picture (25 a second).
inline std::vector<RtpUnit> UnitsOfAnnexB(std::string_view bytes, std::uint32_t first = 0) {
  std::vector<RtpUnit> units{};
  std::uint32_t timestamp = first;
  std::size_t at = bytes.find(std::string_view("\0\0\1", 3));
  while (at != std::string_view::npos) {
    const std::size_t begin = at + 3;
    at = bytes.find(std::string_view("\0\0\1", 3), begin);
    std::string nal(bytes.substr(begin, at == std::string_view::npos ? at : at - begin));
    while (!nal.empty() && nal.back() == '\0') nal.pop_back();
    const int kind = nal.empty() ? 0 : nal.front() & 0x1F;
    units.push_back({std::move(nal), timestamp});
    if (kind == 1 || kind == 5) timestamp += 3600;
  }
  return units;
}

class TestRtspServer {
 public:
  enum class Then { kStall, kClose };
  struct Script {
    std::string describe_status = "200 OK";
    std::string media = "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:track1\r\n";
    bool mute = false;     // accepts and never answers
    bool hang_up = false;  // closes instead of the first answer
    std::vector<RtpUnit> units{};
    Then then = Then::kStall;
  };

  explicit TestRtspServer(Script script) : script_(std::move(script)) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    bind(listener_, reinterpret_cast<sockaddr*>(&address), size);
    listen(listener_, 4);
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread([this](std::stop_token stop) { Serve(stop); });
  }
  ~TestRtspServer() {
    thread_.request_stop();
    thread_.join();
    close(listener_);
  }
  TestRtspServer(const TestRtspServer&) = delete;
  TestRtspServer& operator=(const TestRtspServer&) = delete;

  std::string Url(const std::string& user = "") const {
    return "rtsp://" + user + "127.0.0.1:" + std::to_string(port_) + "/live?key=topsecret";
  }
  int Port() const { return port_; }
  // Whether a client said good-bye.
  bool SawTeardown() const { return teardown_; }

 private:
  static bool Readable(int descriptor) {
    pollfd wait{descriptor, POLLIN, 0};
    return poll(&wait, 1, 20) > 0;
  }

  void Serve(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      if (!Readable(listener_)) continue;
      const int client = accept(listener_, nullptr, nullptr);
      if (client < 0) continue;
      Talk(client, stop);
      close(client);
    }
  }

  void Talk(int client, const std::stop_token& stop) {
    std::string received;
    while (!stop.stop_requested()) {
      if (!Readable(client)) continue;
      char piece[4096];
      const auto count = recv(client, piece, sizeof(piece), 0);
      if (count <= 0 || script_.hang_up) return;
      if (script_.mute) continue;
      received.append(piece, static_cast<std::size_t>(count));
      std::size_t end = 0;
      while ((end = received.find("\r\n\r\n")) != std::string::npos) {
        const std::string request = received.substr(0, end);
        received.erase(0, end + 4);
        Send(client, Answer(request));
        if (request.starts_with("TEARDOWN")) teardown_ = true;
        if (!request.starts_with("PLAY")) continue;
        SendUnits(client);
        if (script_.then == Then::kClose) return;
      }
    }
  }

  std::string Answer(const std::string& request) const {
    const auto sequence_at = request.find("CSeq: ");
    const std::string sequence =
        request.substr(sequence_at + 6, request.find("\r\n", sequence_at) - sequence_at - 6);
    std::string status = "200 OK";
    std::string more = "Session: 12345678\r\n";
    std::string body;
    if (request.starts_with("OPTIONS")) {
      more = "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\r\n";
    } else if (request.starts_with("DESCRIBE")) {
      status = script_.describe_status;
      more = "Content-Type: application/sdp\r\nWWW-Authenticate: Basic realm=\"camera\"\r\n";
      if (status == "200 OK") {
        body = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=test\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n" +
               script_.media;
      }
    } else if (request.starts_with("SETUP")) {
      more += "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n";
    }
    return "RTSP/1.0 " + status + "\r\nCSeq: " + sequence + "\r\n" + more +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }

  // RTP (RFC 3550) inside the RTSP connection (RFC 2326, 10.12), one unit a packet (RFC 6184, 5.6).
  void SendUnits(int client) const {
    std::uint16_t sequence = 1;
    for (const RtpUnit& unit : script_.units) {
      const int kind = unit.nal.empty() ? 0 : unit.nal.front() & 0x1F;
      const bool marker = kind == 1 || kind == 5;
      const auto length = static_cast<std::uint16_t>(unit.nal.size() + 12);
      std::string packet{'$', '\0'};
      Append(packet, length, 2);
      packet += '\x80';
      packet += static_cast<char>(marker ? 0xE0 : 0x60);
      Append(packet, sequence++, 2);
      Append(packet, unit.timestamp, 4);
      Append(packet, 0x12345678, 4);
      Send(client, packet + unit.nal);
    }
  }

  static void Append(std::string& text, std::uint32_t value, int bytes) {
    for (int i = bytes - 1; i >= 0; --i) text += static_cast<char>(value >> (8 * i));
  }

  static void Send(int client, const std::string& bytes) {
    std::size_t sent = 0;
    while (sent < bytes.size()) {
      const auto count = send(client, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
      if (count <= 0) return;
      sent += static_cast<std::size_t>(count);
    }
  }

  const Script script_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> teardown_{false};
  std::jthread thread_;
};

}  // namespace vigil::media
