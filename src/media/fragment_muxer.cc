// See fragment_muxer.h.
#include "media/fragment_muxer.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/format.h"
#include "media/av_fault.h"

namespace vigil::media {
namespace {

constexpr int kBufferBytes = 65'536;
// A longer pause between two packets is a clock that was set, or a stream that hung: a player would
// wait it out.
constexpr std::int64_t kGapMaxSeconds = 10;

int Append(void* text, std::uint8_t* bytes, int size) {
  static_cast<std::string*>(text)->append(reinterpret_cast<const char*>(bytes),
                                          static_cast<std::size_t>(size));
  return size;
}

// "avc1.64001F": profile, constraints and level stand behind the version in the avcC box.
std::string CodecTextOf(std::string_view header) {
  // A box begins with its size; one without parameter sets is shorter, and what follows is another.
  constexpr std::string_view kSizeMin{"\0\0\0\x0F", 4};
  const std::size_t at = header.find("avcC");
  if (at == header.npos || at < 4 || at + 8 > header.size()) return {};
  if (header.substr(at - 4, 4) < kSizeMin) return {};
  const auto byte = [&](std::size_t offset) {
    return static_cast<unsigned>(static_cast<unsigned char>(header[at + 4 + offset]));
  };
  return format("avc1.{:02X}{:02X}{:02X}", byte(1), byte(2), byte(3));
}

std::unexpected<Error> Failed(std::string_view what, int av_code) {
  return Fail(ErrorCode::kInternal,
              format("live video: {}: {}", what, ExplainAvError(av_code).what));
}

}  // namespace

void AvOutputDeleter::operator()(AVFormatContext* output) const {
  if (output->pb != nullptr) {
    av_freep(&output->pb->buffer);
    avio_context_free(&output->pb);
  }
  avformat_free_context(output);
}

Result<std::unique_ptr<FragmentMuxer>> FragmentMuxer::Make(const AVCodecParameters& video,
                                                           AVRational time_base) {
  std::unique_ptr<FragmentMuxer> muxer(new FragmentMuxer(time_base));
  VIGIL_RETURN_IF_ERROR(muxer->Open(video));
  return muxer;
}

Status FragmentMuxer::Open(const AVCodecParameters& video) {
  AVFormatContext* output = nullptr;
  int code = avformat_alloc_output_context2(&output, nullptr, "mp4", nullptr);
  if (code < 0) return Failed("no MP4 muxer", code);
  output_.reset(output);
  packet_.reset(av_packet_alloc());
  AVStream* stream = avformat_new_stream(output, nullptr);
  auto* buffer = static_cast<std::uint8_t*>(av_malloc(kBufferBytes));
  if (buffer != nullptr) {
    output->pb = avio_alloc_context(buffer, kBufferBytes, 1, &written_, nullptr, Append, nullptr);
  }
  if (output->pb == nullptr) av_free(buffer);
  if (!packet_ || stream == nullptr || output->pb == nullptr) {
    return Failed("muxer", AVERROR(ENOMEM));
  }
  reordered_frames_ = video.video_delay;
  code = avcodec_parameters_copy(stream->codecpar, &video);
  if (code < 0) return Failed("parameters", code);
  stream->codecpar->codec_tag = 0;  // of the container it came in
  stream->time_base = time_base_;
  AvOptions options;
  options.Set("movflags",
              "empty_moov+default_base_moof+frag_every_frame+negative_cts_offsets+skip_trailer");
  code = avformat_write_header(output, options.Get());
  if (code < 0) return Failed("header", code);
  avio_flush(output->pb);
  header_ = std::exchange(written_, {});
  codec_text_ = CodecTextOf(header_);
  if (codec_text_.empty()) {
    return Fail(ErrorCode::kUnavailable, "live video: the stream does not tell its parameters");
  }
  return {};
}

void FragmentMuxer::PlaceInTime(AVPacket& packet) {
  if (packet.duration > 0) step_ = packet.duration;
  const bool stamped = packet.dts != AV_NOPTS_VALUE;
  if (!stamped && last_dts_) {
    packet.dts = *last_dts_ + step_ - shift_;
  } else if (!stamped) {
    // FFmpeg does not know the decoding times of the first frames when later ones are shown first.
    packet.dts = (packet.pts == AV_NOPTS_VALUE ? 0 : packet.pts) - reordered_frames_ * step_;
  }
  if (!last_dts_) {
    shift_ = -packet.dts;
  } else if (const std::int64_t step = packet.dts + shift_ - *last_dts_;
             step <= 0 || av_compare_ts(step, time_base_, kGapMaxSeconds, AVRational{1, 1}) > 0) {
    shift_ += step_ - step;
  } else {
    step_ = step;
  }
  // Where frames are reordered, FFmpeg takes decoding times from the frames before: for a while
  // after a leap of the camera's clock they are the old ones.
  if (packet.pts == AV_NOPTS_VALUE || packet.pts < packet.dts ||
      av_compare_ts(packet.pts - packet.dts, time_base_, kGapMaxSeconds, AVRational{1, 1}) > 0) {
    packet.pts = packet.dts;
  }
  packet.dts += shift_;
  packet.pts += shift_;
  last_dts_ = packet.dts;
}

std::chrono::microseconds FragmentMuxer::Shift() const {
  return std::chrono::microseconds{av_rescale_q(shift_, time_base_, AVRational{1, 1'000'000})};
}

Result<std::string> FragmentMuxer::Write(const AVPacket& packet) {
  av_packet_unref(packet_.get());
  int code = av_packet_ref(packet_.get(), &packet);
  if (code < 0) return Failed("packet", code);
  PlaceInTime(*packet_);
  packet_->stream_index = 0;
  packet_->pos = -1;
  av_packet_rescale_ts(packet_.get(), time_base_, output_->streams[0]->time_base);
  code = av_write_frame(output_.get(), packet_.get());
  if (code < 0) return Failed("fragment", code);
  avio_flush(output_->pb);
  return std::exchange(written_, {});
}

}  // namespace vigil::media
