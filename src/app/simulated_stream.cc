// See simulated_stream.h.
#include "app/simulated_stream.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/secret.h"

namespace vigil::app {
namespace {

using std::chrono::milliseconds;

class SimulatedStream final : public FrameSource {
 public:
  SimulatedStream(media::OpenedStream first_pass, Secret url, media::StreamOptions options,
                  milliseconds delay, StreamProgress& progress, Clock& clock)
      : url_(std::move(url)),
        options_(std::move(options)),
        progress_(progress),
        clock_(clock),
        pass_(std::move(first_pass)),
        starts_at_(clock.Now() + delay) {}

  Result<Frame> Next(std::stop_token stop) override {
    Result<Frame> frame = pass_.source->Next(stop);
    if (!frame && frame.error().code == ErrorCode::kEndOfStream) {
      if (auto failed = Rewind(stop)) return std::unexpected(*std::move(failed));
      frame = pass_.source->Next(stop);
    }
    if (!frame) {
      fault_ = pass_.source->Fault();
      return frame;
    }
    frame->pts += pass_start_;
    frame->sequence = sequence_++;
    step_ = std::max(milliseconds{1}, frame->pts - last_pts_);
    last_pts_ = frame->pts;

    const SteadyTime due = starts_at_ + frame->pts;
    const auto behind = std::chrono::duration_cast<milliseconds>(clock_.Now() - due);
    progress_.behind_ms = std::max<std::int64_t>(0, behind.count());
    progress_.behind_most_ms =
        std::max(progress_.behind_most_ms.load(), progress_.behind_ms.load());
    if (!clock_.SleepUntil(due, stop)) {
      return Fail(ErrorCode::kCancelled, "the stream was stopped");
    }
    frame->captured_at = clock_.WallNow();
    progress_.played_ms = frame->pts.count();
    ++progress_.frames;
    return frame;
  }

  void Demand(const FrameDemand& demand) override {
    demand_ = demand;
    pass_.source->Demand(
        {.from = demand.from - pass_start_, .keyframes_only = demand.keyframes_only});
  }

  StreamFault Fault() const override { return fault_; }

 private:
  std::optional<Error> Rewind(const std::stop_token& stop) {
    auto opened = media::OpenStream(url_, options_, stop, clock_);
    if (!opened) {
      fault_ = opened.error().fault;
      return opened.error().error;
    }
    pass_ = *std::move(opened);
    pass_start_ = last_pts_ + step_;
    Demand(demand_);
    if (progress_.length_ms == 0) progress_.length_ms = pass_start_.count();
    return std::nullopt;
  }

  const Secret url_;
  const media::StreamOptions options_;
  StreamProgress& progress_;
  Clock& clock_;
  media::OpenedStream pass_;
  const SteadyTime starts_at_;
  milliseconds pass_start_{0};
  milliseconds last_pts_{0};
  milliseconds step_{1};
  std::uint64_t sequence_ = 0;
  FrameDemand demand_;
  StreamFault fault_ = StreamFault::kNone;
};

}  // namespace

std::expected<media::OpenedStream, media::StreamOpenError> OpenSimulatedStream(
    const std::filesystem::path& video, const std::string& camera_id, milliseconds delay,
    StreamProgress& progress, Clock& clock, std::stop_token stop) {
  const Secret url("file:" + video.string());
  const media::StreamOptions options{.camera_id = camera_id};
  auto opened = media::OpenStream(url, options, std::move(stop), clock);
  if (!opened) return opened;
  media::OpenedStream stream;
  stream.info = opened->info;
  stream.counters = opened->counters;
  stream.video = opened->video;
  stream.source =
      std::make_unique<SimulatedStream>(*std::move(opened), url, options, delay, progress, clock);
  return stream;
}

}  // namespace vigil::app
