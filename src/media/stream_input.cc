// FFmpeg's demuxers, fenced in: listed protocols, containers and codecs only, and a way out of
// every blocking call.
#include "media/stream_input.h"

#include <filesystem>
#include <mutex>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "media/av_fault.h"
#include "media/frame_rotation.h"
#include "media/name_lookup.h"

namespace vigil::media {
namespace {

constexpr const char* kNetworkProtocols = "rtsp,rtsps,rtp,tcp,tls";
constexpr const char* kFileFormats =
    "mov,mp4,matroska,webm,avi,mpegts,mpeg,mpegvideo,flv,asf,ogg,ivf,h264,hevc,obu,mjpeg,m4v,"
    "yuv4mpegpipe";
constexpr const char* kCodecs =
    "h264,hevc,mjpeg,mpeg4,mpeg2video,mpeg1video,vp8,vp9,av1,libdav1d,rawvideo,h263,flv,msmpeg4,"
    "wmv2,wmv3,vc1,theora";

int ShouldStop(void* opaque) {
  const auto* interrupt = static_cast<const Interrupt*>(opaque);
  return interrupt->stop.stop_requested() || interrupt->Expired() ? 1 : 0;
}

StreamOpenError OpenError(StreamFault fault, ErrorCode code, const std::string& masked_url,
                          std::string_view what) {
  return {{code, masked_url + ": " + std::string(what)}, fault};
}

std::unexpected<StreamOpenError> Cancelled(const std::string& masked_url) {
  return std::unexpected(
      OpenError(StreamFault::kNone, ErrorCode::kCancelled, masked_url, "opening was stopped"));
}

std::unexpected<StreamOpenError> Unreachable(Reach reach, const std::string& masked_url) {
  const auto fail = [&](StreamFault fault, ErrorCode code, std::string_view what) {
    return std::unexpected(OpenError(
        fault, code, masked_url, std::string(what) + "; " + std::string(StreamFaultMend(fault))));
  };
  switch (reach) {
    case Reach::kUnknownName:
      return fail(StreamFault::kNoRoute, ErrorCode::kUnavailable, "the host's name is not known");
    case Reach::kTimeout:
      return fail(StreamFault::kNoRoute, ErrorCode::kTimeout, "the host does not answer");
    case Reach::kNoRoute:
      return fail(StreamFault::kNoRoute, ErrorCode::kUnavailable, "the host is not reachable");
    case Reach::kRefused:
      return fail(StreamFault::kRefused, ErrorCode::kUnavailable, "connection refused");
    case Reach::kConnected:
      return fail(StreamFault::kStalled, ErrorCode::kTimeout,
                  "connected, but the server does not answer");
    case Reach::kCancelled:
      break;
  }
  return Cancelled(masked_url);
}

// The path of a file URL or a plain path; nothing for network URLs.
std::optional<std::string> FilePath(std::string_view url) {
  if (url.starts_with("file://")) return std::string(url.substr(7));
  if (url.starts_with("file:")) return std::string(url.substr(5));
  if (url.find("://") != std::string_view::npos) return std::nullopt;
  return std::string(url);
}

// A pipe or a device would block in open(2), where nothing can interrupt.
std::expected<void, StreamOpenError> CheckFile(const std::string& path, const std::string& masked) {
  std::error_code code;
  const auto status = std::filesystem::status(path, code);
  if (code == std::errc::permission_denied) {
    return std::unexpected(
        OpenError(StreamFault::kOther, ErrorCode::kPermission, masked, "permission denied"));
  }
  if (!std::filesystem::exists(status)) {
    return std::unexpected(OpenError(StreamFault::kNotFound, ErrorCode::kNotFound, masked,
                                     "no such file; check the path"));
  }
  if (!std::filesystem::is_regular_file(status)) {
    return std::unexpected(
        OpenError(StreamFault::kOther, ErrorCode::kInvalidArgument, masked, "not a regular file"));
  }
  return {};
}

// avformat_find_stream_info decodes a little by itself: it must obey the same limits.
class ProbeOptions {
 public:
  ProbeOptions(unsigned streams, std::int64_t pixels_max) : lists_(streams, nullptr) {
    for (auto& list : lists_) av_dict_set_int(&list, "max_pixels", pixels_max, 0);
  }
  ProbeOptions(const ProbeOptions&) = delete;
  ProbeOptions& operator=(const ProbeOptions&) = delete;
  ~ProbeOptions() {
    for (auto& list : lists_) av_dict_free(&list);
  }
  AVDictionary** Get() { return lists_.empty() ? nullptr : lists_.data(); }

 private:
  std::vector<AVDictionary*> lists_;
};

}  // namespace

std::expected<std::unique_ptr<StreamInput>, StreamOpenError> StreamInput::Open(
    const Secret& url, const StreamOptions& options, std::stop_token stop) {
  static std::once_flag quiet;
  std::call_once(quiet, [] { av_log_set_level(AV_LOG_QUIET); });
  std::unique_ptr<StreamInput> input(new StreamInput);
  std::string target = url.Reveal();
  const auto path = FilePath(target);
  input->is_file_ = path.has_value();
  // What was taken for a path may be a URL whose scheme was forgotten.
  input->masked_url_ = MaskUrl(path ? *path : target);
  input->interrupt_ = {stop, std::chrono::steady_clock::now() + options.connect_timeout};
  if (stop.stop_requested()) return Cancelled(input->masked_url_);
  if (path) {
    if (auto checked = CheckFile(*path, input->masked_url_); !checked)
      return std::unexpected(std::move(checked).error());
    target = "file:" + *path;
  } else if (!target.starts_with("rtsp://") && !target.starts_with("rtsps://")) {
    return std::unexpected(OpenError(StreamFault::kOther, ErrorCode::kInvalidArgument,
                                     input->masked_url_,
                                     "only rtsp://, rtsps:// and files can be opened"));
  } else {
    const auto host = HostOfUrl(target);
    if (!host) return std::unexpected(StreamOpenError{host.error(), StreamFault::kOther});
    const Reach reach = ResolveName(*host, input->interrupt_.deadline, stop);
    if (reach != Reach::kConnected) return Unreachable(reach, input->masked_url_);
  }
  if (auto connected = input->Connect(target, options); !connected) {
    return std::unexpected(std::move(connected).error());
  }
  if (auto found = input->FindVideo(options); !found)
    return std::unexpected(std::move(found).error());
  return input;
}

StreamInfo StreamInput::Info() const {
  const AVRational rate =
      video_->avg_frame_rate.num > 0 ? video_->avg_frame_rate : video_->r_frame_rate;
  StreamInfo info{avcodec_get_name(video_->codecpar->codec_id), video_->codecpar->width,
                  video_->codecpar->height, rate.num > 0 && rate.den > 0 ? av_q2d(rate) : 0};
  if (QuarterTurns(*video_) % 2 == 1) std::swap(info.width, info.height);
  return info;
}

StreamInput::~StreamInput() {
  interrupt_ = {{}, std::chrono::steady_clock::now() + std::chrono::milliseconds{200}};
}

std::expected<void, StreamOpenError> StreamInput::Connect(const std::string& url,
                                                          const StreamOptions& options) {
  AVFormatContext* context = avformat_alloc_context();
  if (context == nullptr) return OpenFailure(AVERROR(ENOMEM));
  context->interrupt_callback = {ShouldStop, &interrupt_};
  AvOptions list;
  list.Set("codec_whitelist", kCodecs);
  const AVInputFormat* format = nullptr;
  if (is_file_) {
    list.Set("protocol_whitelist", "file");
    list.Set("format_whitelist", kFileFormats);
  } else {
    format = av_find_input_format("rtsp");
    list.Set("protocol_whitelist", kNetworkProtocols);
    list.Set("rtsp_transport", "tcp");
    list.Set("timeout", std::chrono::microseconds(options.read_timeout).count());
    list.Set("analyzeduration", std::int64_t{1'000'000});
  }
  const SteadyTime started = std::chrono::steady_clock::now();
  // On failure FFmpeg frees the context itself.
  const int code = avformat_open_input(&context, url.c_str(), format, list.Get());
  if (code < 0) return ConnectFailure(code, url, started + options.read_timeout);
  context_.reset(context);
  return {};
}

std::expected<void, StreamOpenError> StreamInput::FindVideo(const StreamOptions& options) {
  bool may_have_video = (context_->ctx_flags & AVFMTCTX_NOHEADER) != 0;
  for (unsigned i = 0; i < context_->nb_streams; ++i) {
    const bool video = context_->streams[i]->codecpar->codec_type == AVMEDIA_TYPE_VIDEO;
    if (!video) context_->streams[i]->discard = AVDISCARD_ALL;
    may_have_video = may_have_video || video;
  }
  if (!may_have_video) return OpenFailure(AVERROR_STREAM_NOT_FOUND);
  ProbeOptions probe(context_->nb_streams, std::int64_t{options.side_max_px} * options.side_max_px);
  int code = avformat_find_stream_info(context_.get(), probe.Get());
  if (interrupt_.stop.stop_requested()) return Cancelled(masked_url_);
  if (interrupt_.Expired()) return Unreachable(Reach::kConnected, masked_url_);
  if (code >= 0)
    code = av_find_best_stream(context_.get(), AVMEDIA_TYPE_VIDEO, -1, -1, &decoder_, 0);
  if (code < 0) return OpenFailure(code);
  video_ = context_->streams[code];
  if ((video_->disposition & AV_DISPOSITION_ATTACHED_PIC) != 0)
    return OpenFailure(AVERROR_STREAM_NOT_FOUND);
  for (unsigned i = 0; i < context_->nb_streams; ++i) {
    if (context_->streams[i] != video_) context_->streams[i]->discard = AVDISCARD_ALL;
  }
  return {};
}

std::unexpected<StreamOpenError> StreamInput::OpenFailure(int av_code) const {
  if (interrupt_.stop.stop_requested()) return Cancelled(masked_url_);
  // Of files these only say that the bytes are no video of a listed kind, or stop after the header.
  if (is_file_ && av_code == AVERROR(EINVAL)) av_code = AVERROR_INVALIDDATA;
  if (is_file_ && av_code == AVERROR_EOF) av_code = AVERROR_STREAM_NOT_FOUND;
  const AvFault cause = ExplainAvError(av_code);
  const std::string_view mend =
      is_file_ ? "give a video file with pictures in it (MP4, MKV, AVI, MPEG-TS)"
               : StreamFaultMend(cause.fault);
  return std::unexpected(
      OpenError(cause.fault, cause.code, masked_url_, cause.what + "; " + std::string(mend)));
}

std::unexpected<StreamOpenError> StreamInput::ConnectFailure(int av_code, const std::string& url,
                                                             SteadyTime timed_out_at) const {
  const bool timed_out = av_code == AVERROR_EXIT || av_code == AVERROR(ETIMEDOUT) ||
                         interrupt_.Expired() || std::chrono::steady_clock::now() >= timed_out_at;
  // FFmpeg says "invalid data" also when a server never answers, and "I/O error" for a name that it
  // cannot resolve.
  const bool ambiguous = timed_out || av_code == AVERROR_INVALIDDATA || av_code == AVERROR(EIO);
  const auto host = HostOfUrl(url);
  if (is_file_ || !ambiguous || !host || interrupt_.stop.stop_requested())
    return OpenFailure(av_code);
  constexpr std::chrono::milliseconds kSecondLook{1000};
  const Reach reach =
      TryConnect(*host, std::chrono::steady_clock::now() + kSecondLook, interrupt_.stop);
  if (reach != Reach::kConnected || timed_out) return Unreachable(reach, masked_url_);
  return std::unexpected(
      OpenError(StreamFault::kOther, ErrorCode::kUnavailable, masked_url_,
                "the server hung up or does not speak RTSP; check the port in the URL"));
}

int StreamInput::ReadVideo(AVPacket& packet, std::chrono::milliseconds timeout,
                           std::stop_token stop) {
  interrupt_.stop = std::move(stop);
  // A disk may be slow, but it does not vanish as a camera does.
  interrupt_.deadline = is_file_ ? SteadyTime::max() : std::chrono::steady_clock::now() + timeout;
  while (true) {
    if (interrupt_.stop.stop_requested()) return AVERROR_EXIT;
    const int code = av_read_frame(context_.get(), &packet);
    if (interrupt_.stop.stop_requested()) return AVERROR_EXIT;
    if (code == AVERROR_EXIT) return AVERROR(ETIMEDOUT);
    if (code < 0 || packet.stream_index == video_->index) return code;
    av_packet_unref(&packet);
    if (interrupt_.Expired()) return AVERROR(ETIMEDOUT);
  }
}

}  // namespace vigil::media
