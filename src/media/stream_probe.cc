// See stream_probe.h.
#include "media/stream_probe.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "media/av_fault.h"
#include "media/stream_input.h"

namespace vigil::media {
namespace {

using std::chrono::milliseconds;

constexpr double kEnoughSeconds = 1.0;

// Places of pictures on the stream's own time line, in seconds.
class Span {
 public:
  void Add(double at) {
    first_ = std::min(first_, at);
    last_ = std::max(last_, at);
    ++count_;
  }
  std::int64_t Count() const { return count_; }
  double Seconds() const { return count_ == 0 ? 0 : last_ - first_; }
  // The mean distance between two neighbours; 0 when there is none.
  double Step() const { return count_ < 2 ? 0 : Seconds() / static_cast<double>(count_ - 1); }

 private:
  double first_ = std::numeric_limits<double>::max();
  double last_ = std::numeric_limits<double>::lowest();
  std::int64_t count_ = 0;
};

StreamOpenError FaultOf(const StreamInput& input, const AvFault& cause) {
  return {{cause.code, input.MaskedUrl() + ": " + cause.what + "; " +
                           std::string(StreamFaultMend(cause.fault))},
          cause.fault};
}

}  // namespace

std::expected<StreamFacts, StreamOpenError> ProbeStream(const Secret& url,
                                                        const ProbeOptions& options,
                                                        std::stop_token stop) {
  const SteadyTime begin = std::chrono::steady_clock::now();
  auto opened = StreamInput::Open(url, options.stream, stop);
  if (!opened) return std::unexpected(std::move(opened).error());
  StreamInput& input = **opened;
  const SteadyTime deadline = std::chrono::steady_clock::now() + options.watch_time;
  AvPtr<AVPacket> packet(av_packet_alloc());
  if (!packet) return std::unexpected(FaultOf(input, ExplainAvError(AVERROR(ENOMEM))));

  StreamFacts facts;
  facts.announced = input.Info();
  Span pictures;
  Span keyframes;
  int code = 0;
  while (true) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left <= milliseconds{0}) break;
    code = input.ReadVideo(*packet, std::min(left, options.stream.read_timeout), stop);
    if (code < 0) break;
    if (facts.packets++ == 0) {
      facts.first_packet_after =
          std::chrono::ceil<milliseconds>(std::chrono::steady_clock::now() - begin);
    }
    const bool key = (packet->flags & AV_PKT_FLAG_KEY) != 0;
    facts.keyframes += key ? 1 : 0;
    const std::int64_t stamp = packet->pts != AV_NOPTS_VALUE ? packet->pts : packet->dts;
    if (stamp != AV_NOPTS_VALUE) {
      const double at = static_cast<double>(stamp) * av_q2d(input.Video().time_base);
      pictures.Add(at);
      if (key) keyframes.Add(at);
    }
    av_packet_unref(packet.get());
    if (keyframes.Count() >= 2 && pictures.Seconds() >= kEnoughSeconds) break;
  }
  if (code == AVERROR_EXIT || stop.stop_requested()) {
    return std::unexpected(StreamOpenError{
        {ErrorCode::kCancelled, input.MaskedUrl() + ": watching was stopped"}, StreamFault::kNone});
  }
  if (facts.packets == 0) {
    const AvFault cause =
        code == AVERROR(ETIMEDOUT) || code == 0
            ? AvFault{StreamFault::kStalled, ErrorCode::kTimeout, "connected, but no picture came"}
            : ExplainAvError(code);
    return std::unexpected(FaultOf(input, cause));
  }
  if (pictures.Step() > 0) facts.frames_per_second = 1 / pictures.Step();
  if (keyframes.Count() >= 2) facts.keyframe_interval_s = keyframes.Step();
  return facts;
}

}  // namespace vigil::media
