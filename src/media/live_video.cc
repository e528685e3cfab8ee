// See live_video.h. Lock order: wrapping before waiting; the ingest thread takes the latter alone.
#include "media/live_video.h"

#include <algorithm>
#include <deque>
#include <map>
#include <utility>

#include "base/check.h"
#include "media/fragment_muxer.h"
#include "media/frame_rotation.h"
#include "media/h264_parameters.h"

namespace vigil::media {
namespace {

using Fragment = std::shared_ptr<const std::string>;

struct ParametersDeleter {
  void operator()(AVCodecParameters* parameters) const { avcodec_parameters_free(&parameters); }
};

// What keeping a packet costs beside its payload, about.
constexpr std::size_t kPacketBytes = 512;

bool IsKeyframe(const AVPacket& packet) { return (packet.flags & AV_PKT_FLAG_KEY) != 0; }

LiveVideoHeader HeaderOf(const FragmentMuxer& muxer, const AVCodecParameters& parameters) {
  return {muxer.CodecText(), parameters.width, parameters.height,
          std::make_shared<const std::string>(muxer.Header())};
}

}  // namespace

struct LiveVideo::Waiting {
  std::mutex mutex;
  // All guarded by mutex.
  std::deque<AvPtr<AVPacket>> packets;
  std::size_t bytes = 0;
  bool awaits_keyframe = true;
  bool restarted = false;  // the packets do not go on where the last taken ones ended
  bool ended = false;
  std::map<std::uint64_t, std::function<void()>> listeners;
  std::uint64_t next_number = 1;
};

struct LiveVideo::Wrapping {
  struct Queue {
    std::vector<Fragment> fragments;
    std::size_t bytes = 0;
    bool told_header = false;
    bool awaits_keyframe = true;
    bool behind = false;
  };

  // The fragment that the muxer has just completed goes to all.
  void Share(std::string text, bool keyframe, std::size_t bytes_max) {
    const auto fragment = std::make_shared<const std::string>(std::move(text));
    if (keyframe) {
      group.clear();
      group_bytes = 0;
      group_whole = true;
    }
    if (group_whole) group.push_back(fragment);
    group_bytes += fragment->size();
    if (group_bytes > bytes_max) {
      group.clear();
      group_whole = false;
    }
    for (auto& [number, queue] : queues) Give(queue, fragment, keyframe, bytes_max);
  }

  static void Give(Queue& queue, const Fragment& fragment, bool keyframe, std::size_t bytes_max) {
    if (queue.behind || (queue.awaits_keyframe && !keyframe)) return;
    queue.awaits_keyframe = false;
    queue.fragments.push_back(fragment);
    queue.bytes += fragment->size();
    // Twice: what waited before the wrapping may come at once.
    if (queue.bytes > 2 * bytes_max) LeaveBehind(queue);
  }

  static void LeaveBehind(Queue& queue) {
    queue = Queue();
    queue.behind = true;
  }

  void LeaveAllBehind() {
    for (auto& [number, queue] : queues) LeaveBehind(queue);
    muxer.reset();
    header.reset();
    group.clear();
    group_bytes = 0;
    group_whole = false;
  }

  // A camera whose settings were changed goes on with other parameter sets; what it said when it
  // was opened may be wrong as well.
  void AdoptParameters(const AVPacket& keyframe) {
    std::string sets = ParameterSetsIn(keyframe);
    if (sets.empty() || sets == parameter_sets) return;
    if (muxer) LeaveAllBehind();
    const std::optional<PictureSize> size = PictureSizeOf(keyframe);
    auto* copy = static_cast<std::uint8_t*>(av_mallocz(sets.size() + AV_INPUT_BUFFER_PADDING_SIZE));
    if (copy == nullptr) return;
    std::ranges::copy(sets, copy);
    av_freep(&parameters->extradata);
    parameters->extradata = copy;
    parameters->extradata_size = static_cast<int>(sets.size());
    if (size) {
      parameters->width = size->width;
      parameters->height = size->height;
    }
    parameter_sets = std::move(sets);
  }

  std::mutex mutex;
  // All guarded by mutex.
  AVRational time_base{};
  std::string parameter_sets;  // Annex B, as last seen in the stream; may be empty
  std::unique_ptr<AVCodecParameters, ParametersDeleter> parameters;
  std::unique_ptr<FragmentMuxer> muxer;
  std::optional<LiveVideoHeader> header;
  bool last_was_keyframe = false;
  std::vector<Fragment> group;  // the fragments since the last keyframe
  std::size_t group_bytes = 0;
  bool group_whole = false;
  bool ended = false;
  std::map<std::uint64_t, Queue> queues;
};

LiveVideo::LiveVideo(const AVStream& stream, std::size_t bytes_max)
    : codec_(avcodec_get_name(stream.codecpar->codec_id)),
      // A player would not turn the picture as the decoder's side does.
      playable_(stream.codecpar->codec_id == AV_CODEC_ID_H264 && QuarterTurns(stream) == 0),
      bytes_max_(bytes_max),
      waiting_(std::make_unique<Waiting>()),
      wrapping_(std::make_unique<Wrapping>()) {
  wrapping_->time_base = stream.time_base;
  wrapping_->parameters.reset(avcodec_parameters_alloc());
  playable_ = playable_ && wrapping_->parameters &&
              avcodec_parameters_copy(wrapping_->parameters.get(), stream.codecpar) >= 0;
}

LiveVideo::~LiveVideo() = default;

std::optional<LiveVideoHeader> LiveVideo::Describe() {
  if (!playable_) return std::nullopt;
  const std::lock_guard lock(wrapping_->mutex);
  // What the stream did not tell when it was opened may stand before its keyframes.
  Drain(*wrapping_);
  if (wrapping_->header) return wrapping_->header;
  const auto muxer = FragmentMuxer::Make(*wrapping_->parameters, wrapping_->time_base);
  if (!muxer) return std::nullopt;
  return HeaderOf(**muxer, *wrapping_->parameters);
}

void LiveVideo::Push(const AVPacket& packet) {
  if (!playable_) return;
  std::deque<AvPtr<AVPacket>> past;  // freed without the lock
  const std::lock_guard lock(waiting_->mutex);
  Waiting& waiting = *waiting_;
  if (IsKeyframe(packet)) {
    if (waiting.awaits_keyframe || waiting.listeners.empty()) {
      past.swap(waiting.packets);
      waiting.bytes = 0;
      waiting.restarted = true;
    }
    waiting.awaits_keyframe = false;
  }
  if (waiting.awaits_keyframe) return;
  AvPtr<AVPacket> kept(av_packet_clone(&packet));
  waiting.bytes += static_cast<std::size_t>(packet.size) + kPacketBytes;
  if (!kept || waiting.bytes > bytes_max_) {
    past.swap(waiting.packets);
    waiting.bytes = 0;
    waiting.awaits_keyframe = true;
    return;
  }
  waiting.packets.push_back(std::move(kept));
  for (const auto& [number, on_news] : waiting.listeners) on_news();
}

void LiveVideo::End() {
  const std::lock_guard lock(waiting_->mutex);
  if (std::exchange(waiting_->ended, true)) return;
  for (const auto& [number, on_news] : waiting_->listeners) on_news();
}

void LiveVideo::Drain(Wrapping& wrapping) {
  std::deque<AvPtr<AVPacket>> packets;
  bool restarted = false;
  {
    const std::lock_guard lock(waiting_->mutex);
    packets.swap(waiting_->packets);
    waiting_->bytes = 0;
    restarted = std::exchange(waiting_->restarted, false);
    wrapping.ended = waiting_->ended;
  }
  if (restarted && wrapping.muxer) wrapping.LeaveAllBehind();
  for (const auto& packet : packets) {
    if (IsKeyframe(*packet)) wrapping.AdoptParameters(*packet);
    if (!wrapping.muxer) {
      if (!IsKeyframe(*packet)) continue;
      auto muxer = FragmentMuxer::Make(*wrapping.parameters, wrapping.time_base);
      if (!muxer) return wrapping.LeaveAllBehind();
      wrapping.muxer = *std::move(muxer);
      wrapping.header = HeaderOf(*wrapping.muxer, *wrapping.parameters);
    }
    auto fragment = wrapping.muxer->Write(*packet);
    if (!fragment) return wrapping.LeaveAllBehind();
    shift_us_ = wrapping.muxer->Shift().count();
    if (!fragment->empty()) {
      wrapping.Share(*std::move(fragment), wrapping.last_was_keyframe, bytes_max_);
    }
    wrapping.last_was_keyframe = IsKeyframe(*packet);
  }
}

LiveVideo::Viewer::Viewer(std::shared_ptr<LiveVideo> video, std::function<void()> on_news)
    : video_(std::move(video)), number_([&] {
        VIGIL_CHECK(video_->playable_, "only playable video has viewers");
        const std::lock_guard lock(video_->waiting_->mutex);
        const std::uint64_t number = video_->waiting_->next_number++;
        video_->waiting_->listeners.emplace(number, std::move(on_news));
        return number;
      }()) {
  Wrapping& wrapping = *video_->wrapping_;
  const std::lock_guard lock(wrapping.mutex);
  // What waits belongs to those who watch already, and makes the group whole for this one.
  video_->Drain(wrapping);
  Wrapping::Queue& queue = wrapping.queues[number_];
  queue.fragments = wrapping.group;
  queue.bytes = wrapping.group_bytes;
  queue.awaits_keyframe = wrapping.group.empty();
}

LiveVideo::Viewer::~Viewer() {
  {
    const std::lock_guard lock(video_->waiting_->mutex);
    video_->waiting_->listeners.erase(number_);
  }
  const std::lock_guard lock(video_->wrapping_->mutex);
  video_->wrapping_->queues.erase(number_);
}

LiveVideoNews LiveVideo::Viewer::Take() {
  Wrapping& wrapping = *video_->wrapping_;
  const std::lock_guard lock(wrapping.mutex);
  video_->Drain(wrapping);
  Wrapping::Queue& queue = wrapping.queues[number_];
  LiveVideoNews news;
  if (queue.behind) {
    news.state = LiveVideoNews::State::kBehind;
    return news;
  }
  if (!queue.told_header && wrapping.header) {
    news.header = wrapping.header;
    queue.told_header = true;
  }
  if (queue.told_header) {
    news.fragments = std::exchange(queue.fragments, {});
    queue.bytes = 0;
  }
  if (wrapping.ended) news.state = LiveVideoNews::State::kEnded;
  return news;
}

}  // namespace vigil::media
