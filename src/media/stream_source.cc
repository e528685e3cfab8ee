// The decoder's side of a stream: packets in, frames with a trustworthy timeline out.
#include "media/stream_source.h"

#include <optional>
#include <string>
#include <utility>

#include "base/format.h"
#include "media/av_fault.h"
#include "media/frame_converter.h"
#include "media/frame_rotation.h"
#include "media/packet_choice.h"
#include "media/pts_timeline.h"
#include "media/stream_input.h"

namespace vigil::media {
namespace {

PtsTimeline::Options TimelineOptions(const StreamInput& input) {
  PtsTimeline::Options options;
  const double rate = input.Info().frames_per_second;
  if (rate >= 0.1 && rate <= 1000) {
    options.nominal_step = std::chrono::microseconds{static_cast<std::int64_t>(1e6 / rate)};
  }
  // Recorders leave real gaps in files; a live gap is seen by its arrival.
  if (input.IsFile()) options.jump_max = std::chrono::minutes{1};
  return options;
}

class DecodedStream final : public FrameSource {
 public:
  DecodedStream(std::unique_ptr<StreamInput> input, AvPtr<AVCodecContext> decoder,
                AvPtr<AVPacket> packet, const StreamOptions& options, Clock& clock,
                std::shared_ptr<StreamCounters> counters, std::shared_ptr<LiveVideo> video)
      : options_(options),
        clock_(clock),
        counters_(std::move(counters)),
        video_(std::move(video)),
        timeline_(TimelineOptions(*input)),
        opened_at_(clock.Now()),
        quarter_turns_(QuarterTurns(input->Video())),
        input_(std::move(input)),
        decoder_(std::move(decoder)),
        packet_(std::move(packet)) {}
  ~DecodedStream() override { video_->End(); }
  DecodedStream(const DecodedStream&) = delete;
  DecodedStream& operator=(const DecodedStream&) = delete;

  Result<Frame> Next(std::stop_token stop) override {
    if (dead_) return std::unexpected(*dead_);
    while (true) {
      if (stop.stop_requested()) return Cancel();
      AvPtr<AVFrame> decoded(av_frame_alloc());
      if (!decoded) return Die(ExplainAvError(AVERROR(ENOMEM)));
      const int code = avcodec_receive_frame(decoder_.get(), decoded.get());
      if (code == 0) {
        if (IsRepeated(*decoded)) continue;
        return Finish(std::move(decoded), stop);
      }
      if (code == AVERROR_EOF && std::exchange(drains_, false)) {
        avcodec_flush_buffers(decoder_.get());
        continue;
      }
      if (code == AVERROR_EOF) return End();
      if (code != AVERROR(EAGAIN)) ++counters_->corrupt_packets;
      if (auto failure = Feed(stop)) return std::unexpected(*std::move(failure));
    }
  }

  void Demand(const FrameDemand& demand) override {
    const bool resumes = choice_.KeyframesOnly() && !demand.keyframes_only;
    choice_.Demand(demand);
    if (resumes) Resume();
  }

  StreamFault Fault() const override { return fault_; }

 private:
  // Keyframes are drained from the decoder at once, which forgets what they are the base of: the
  // last one is decoded once more, and all that follows it can be.
  void Resume() {
    if (!keyframe_) return;
    drains_ = false;
    avcodec_flush_buffers(decoder_.get());
    repeated_until_ = last_stamp_;
    avcodec_send_packet(decoder_.get(), keyframe_.get());
    keyframe_.reset();
  }

  // A picture that was handed out before Resume.
  bool IsRepeated(const AVFrame& decoded) {
    if (!repeated_until_) return false;
    const auto stamp = StampOf(decoded.best_effort_timestamp);
    const bool repeated = stamp && *stamp <= *repeated_until_;
    repeated_until_.reset();  // it is one picture: a clock that steps back hides no others
    return repeated;
  }

  std::optional<std::chrono::microseconds> StampOf(std::int64_t time) const {
    if (time == AV_NOPTS_VALUE) return std::nullopt;
    constexpr std::chrono::microseconds kStampMax = std::chrono::years{100};  // sums stay in range
    const std::chrono::microseconds stamp{
        av_rescale_q(time, input_->Video().time_base, AVRational{1, 1'000'000})};
    if (stamp > kStampMax || stamp < -kStampMax) return std::nullopt;
    return stamp;
  }

  // Gives the decoder one packet. An error when the source dies of it.
  std::optional<Error> Feed(const std::stop_token& stop) {
    const int code = input_->ReadVideo(*packet_, options_.read_timeout, stop);
    if (code == AVERROR_EXIT) return Cancel().error();
    if (code == AVERROR_EOF) {
      avcodec_send_packet(decoder_.get(), nullptr);
      return std::nullopt;
    }
    if (code == AVERROR(ETIMEDOUT)) {
      return Die({StreamFault::kStalled, ErrorCode::kTimeout,
                  format("no video packet for {:.1f} s",
                         static_cast<double>(options_.read_timeout.count()) / 1000.0)})
          .error();
    }
    if (code < 0) return Die(ExplainAvError(code == AVERROR(EIO) ? AVERROR_EOF : code)).error();
    ++counters_->packets;
    video_->Push(*packet_);
    const PacketUse use =
        choice_.Of((packet_->flags & AV_PKT_FLAG_KEY) != 0, StampOf(packet_->pts));
    if (use == PacketUse::kLeaveOut) {
      av_packet_unref(packet_.get());
      if (clock_.Now() - decoded_at_ <= options_.keyframe_timeout) return std::nullopt;
      return Die({StreamFault::kStalled, ErrorCode::kTimeout,
                  format(
                      "no keyframe for {:.1f} s, and nothing else is decoded while nothing moves; "
                      "give the camera a shorter keyframe interval",
                      static_cast<double>(options_.keyframe_timeout.count()) / 1000.0)})
          .error();
    }
    decoded_at_ = clock_.Now();
    const bool may_skip = use == PacketUse::kReferenceOnly && IsH264();
    decoder_->skip_frame = may_skip ? AVDISCARD_NONREF : AVDISCARD_DEFAULT;
    if (choice_.KeyframesOnly()) keyframe_.reset(av_packet_clone(packet_.get()));
    const int sent = avcodec_send_packet(decoder_.get(), packet_.get());
    av_packet_unref(packet_.get());
    if (sent == AVERROR(ENOMEM)) return Die(ExplainAvError(sent)).error();
    if (sent < 0) ++counters_->corrupt_packets;
    if (choice_.KeyframesOnly()) {
      avcodec_send_packet(decoder_.get(), nullptr);
      drains_ = true;
    }
    if (++packets_without_frame_ > options_.undecodable_packets_max) {
      return Die({StreamFault::kUndecodable, ErrorCode::kUnavailable,
                  format("{} packets in a row gave no picture", packets_without_frame_)})
          .error();
    }
    return std::nullopt;
  }

  Result<Frame> Finish(AvPtr<AVFrame> decoded, const std::stop_token& stop) {
    packets_without_frame_ = 0;
    if (decoded->width > options_.side_max_px || decoded->height > options_.side_max_px) {
      return Die({StreamFault::kUndecodable, ErrorCode::kInvalidArgument,
                  format("a picture of {}x{} pixels; at most {} a side", decoded->width,
                         decoded->height, options_.side_max_px)});
    }
    const std::chrono::milliseconds pts = PlaceInTime(*decoded);
    auto frame = converter_.Convert(std::move(decoded));
    if (!frame) return Die({StreamFault::kUndecodable, frame.error().code, frame.error().message});
    if (quarter_turns_ != 0) *frame = Turned(*frame, quarter_turns_);
    frame->camera_id = options_.camera_id;
    frame->sequence = sequence_++;
    frame->pts = pts;
    ++counters_->frames;
    if (input_->IsFile() && options_.file_pace == FilePace::kRealTime && !AwaitTurn(pts, stop))
      return Cancel();
    frame->captured_at = clock_.WallNow();
    return frame;
  }

  std::chrono::milliseconds PlaceInTime(const AVFrame& decoded) {
    const auto stamp = StampOf(decoded.best_effort_timestamp);
    last_stamp_ = stamp;
    std::optional<std::chrono::microseconds> arrival;
    if (!input_->IsFile()) {
      arrival = std::chrono::duration_cast<std::chrono::microseconds>(clock_.Now() - opened_at_);
    }
    const std::chrono::milliseconds pts = timeline_.Place(stamp, arrival);
    counters_->timeline_jumps = timeline_.Jumps();
    if (stamp) {
      video_->NotePlace(*stamp, pts);
      choice_.NotePlace(*stamp, pts);
    }
    return pts;
  }

  bool AwaitTurn(std::chrono::milliseconds pts, const std::stop_token& stop) {
    if (!playing_since_) playing_since_ = clock_.Now() - pts;
    return clock_.SleepUntil(*playing_since_ + pts, stop);
  }

  std::unexpected<Error> End() {
    if (sequence_ == 0) {
      return Die({StreamFault::kNoVideo, ErrorCode::kInvalidArgument,
                  "it ended without a single picture; choose one that carries video"});
    }
    return Die({StreamFault::kEnded, ErrorCode::kEndOfStream, "the stream ended"});
  }

  // Other decoders are not trusted to skip only what nothing else needs.
  bool IsH264() const { return decoder_->codec_id == AV_CODEC_ID_H264; }

  std::unexpected<Error> Cancel() {
    return Die({StreamFault::kNone, ErrorCode::kCancelled, "the stream was stopped"});
  }

  std::unexpected<Error> Die(const AvFault& cause) {
    fault_ = cause.fault;
    dead_ = Error{cause.code, input_->MaskedUrl() + ": " + cause.what};
    return std::unexpected(*dead_);
  }

  const StreamOptions options_;
  Clock& clock_;
  const std::shared_ptr<StreamCounters> counters_;
  const std::shared_ptr<LiveVideo> video_;
  PtsTimeline timeline_;
  FrameConverter converter_;
  const SteadyTime opened_at_;
  const int quarter_turns_;
  std::optional<SteadyTime> playing_since_;
  std::uint64_t sequence_ = 0;
  int packets_without_frame_ = 0;
  PacketChoice choice_;
  bool drains_ = false;
  SteadyTime decoded_at_ = opened_at_;  // the last packet
  AvPtr<AVPacket> keyframe_;            // the last one, while only keyframes are decoded
  std::optional<std::chrono::microseconds> last_stamp_;
  std::optional<std::chrono::microseconds> repeated_until_;
  std::optional<Error> dead_;
  StreamFault fault_ = StreamFault::kNone;
  std::unique_ptr<StreamInput> input_;
  AvPtr<AVCodecContext> decoder_;
  AvPtr<AVPacket> packet_;
};

Result<AvPtr<AVCodecContext>> OpenDecoder(const StreamInput& input, const StreamOptions& options) {
  AvPtr<AVCodecContext> decoder(avcodec_alloc_context3(&input.Decoder()));
  if (!decoder) return Fail(ErrorCode::kInternal, "out of memory");
  int code = avcodec_parameters_to_context(decoder.get(), input.Video().codecpar);
  decoder->thread_count = 1;
  decoder->pkt_timebase = input.Video().time_base;
  decoder->max_pixels = std::int64_t{options.side_max_px} * options.side_max_px;
  if (code >= 0) code = avcodec_open2(decoder.get(), &input.Decoder(), nullptr);
  if (code < 0) return Fail(ErrorCode::kInvalidArgument, ExplainAvError(code).what);
  return decoder;
}

std::unexpected<StreamOpenError> Undecodable(const StreamInput& input, const Error& error) {
  return std::unexpected(StreamOpenError{{error.code, input.MaskedUrl() + ": " + error.message},
                                         StreamFault::kUndecodable});
}

}  // namespace

std::expected<OpenedStream, StreamOpenError> OpenStream(const Secret& url,
                                                        const StreamOptions& options,
                                                        std::stop_token stop, Clock& clock) {
  auto input = StreamInput::Open(url, options, std::move(stop));
  if (!input) return std::unexpected(std::move(input).error());
  const AVCodecParameters& video = *(*input)->Video().codecpar;
  if (video.width > options.side_max_px || video.height > options.side_max_px) {
    return Undecodable(**input, {ErrorCode::kInvalidArgument,
                                 format("pictures of {}x{} pixels; at most {} a side", video.width,
                                        video.height, options.side_max_px)});
  }
  auto decoder = OpenDecoder(**input, options);
  if (!decoder) return Undecodable(**input, decoder.error());
  AvPtr<AVPacket> packet(av_packet_alloc());
  if (!packet) return Undecodable(**input, {ErrorCode::kInternal, "out of memory"});
  OpenedStream opened;
  opened.info = (*input)->Info();
  auto counters = std::make_shared<StreamCounters>();
  opened.counters = counters;
  opened.video = std::make_shared<LiveVideo>((*input)->Video(), options.video_bytes_max);
  opened.source =
      std::make_unique<DecodedStream>(*std::move(input), *std::move(decoder), std::move(packet),
                                      options, clock, std::move(counters), opened.video);
  return opened;
}

}  // namespace vigil::media
