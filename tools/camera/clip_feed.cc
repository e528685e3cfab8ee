// A video file as an endless live stream: its access units are kept in memory and sent again.
#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/format.h"
#include "camera/feed.h"

namespace vigil::camera {
namespace {

using std::chrono::nanoseconds;

constexpr std::size_t kBytesMax = 512U << 20U;
constexpr nanoseconds kUnknownFrameTime = std::chrono::milliseconds{40};

struct AccessUnit {
  Owned<GstBuffer> buffer;
  nanoseconds decode_time{0};  // rising, the first at zero
  nanoseconds shown{0};
  bool key = false;
};

struct Clip {
  std::vector<AccessUnit> units;
  nanoseconds duration{0};
};

// Decoding order is sending order; where the file gives no times, the frame rate does.
AccessUnit UnitFrom(GstSample* sample, nanoseconds expected) {
  GstBuffer* buffer = gst_sample_get_buffer(sample);
  const GstSegment* segment = gst_sample_get_segment(sample);
  const auto running = [&](GstClockTime time) -> std::optional<nanoseconds> {
    guint64 value = 0;
    if (!GST_CLOCK_TIME_IS_VALID(time)) {
      return std::nullopt;
    }
    const int sign = gst_segment_to_running_time_full(segment, GST_FORMAT_TIME, time, &value);
    return nanoseconds(static_cast<std::int64_t>(value) * sign);
  };
  AccessUnit unit{.buffer = Owned<GstBuffer>(gst_buffer_copy_deep(buffer)),
                  .key = !GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT)};
  unit.decode_time = running(GST_BUFFER_DTS(buffer)).value_or(expected);
  unit.shown = running(GST_BUFFER_PTS(buffer)).value_or(unit.decode_time);
  return unit;
}

nanoseconds FrameTime(GstSample* sample) {
  int frames = 0;
  int seconds = 0;
  const GstStructure* caps = gst_caps_get_structure(gst_sample_get_caps(sample), 0);
  if (gst_structure_get_fraction(caps, "framerate", &frames, &seconds) && frames > 0 &&
      seconds > 0) {
    return nanoseconds(std::chrono::seconds(seconds)) / frames;
  }
  return kUnknownFrameTime;
}

// Keeps what reaches the sink until the file ends.
Result<Clip> TakeUnits(GstElement* pipeline, GstElement* sink) {
  Clip clip;
  std::size_t bytes = 0;
  nanoseconds frame_time = kUnknownFrameTime;
  for (;;) {
    VIGIL_ASSIGN_OR_RETURN(const Owned<GstSample> sample, PullSample(pipeline, sink));
    if (sample == nullptr) {
      break;
    }
    frame_time = FrameTime(sample.get());
    const nanoseconds expected =
        clip.units.empty() ? nanoseconds{0} : clip.units.back().decode_time + frame_time;
    clip.units.push_back(UnitFrom(sample.get(), expected));
    bytes += gst_buffer_get_size(clip.units.back().buffer.get());
    if (bytes > kBytesMax) {
      return Fail(ErrorCode::kInvalidArgument, "more than 512 MiB; cut a shorter clip");
    }
  }
  if (clip.units.empty()) {
    return Fail(ErrorCode::kInvalidArgument, "no video in it");
  }
  const nanoseconds first = clip.units.front().decode_time;
  for (AccessUnit& unit : clip.units) {
    unit.decode_time -= first;
    unit.shown -= first;
  }
  clip.duration = clip.units.back().decode_time + frame_time;
  return clip;
}

Result<Clip> Collect(const std::string& path, const std::string& middle) {
  VIGIL_ASSIGN_OR_RETURN(
      const Owned<GstElement> pipeline,
      LaunchPipeline(format("filesrc name=file ! {} ! h264parse config-interval=-1 ! "
                            "video/x-h264,stream-format=byte-stream,alignment=au ! "
                            "appsink name=sink sync=false max-buffers=16",
                            middle)));
  const auto file = ElementNamed(pipeline.get(), "file");
  const auto sink = ElementNamed(pipeline.get(), "sink");
  g_object_set(file.get(), "location", path.c_str(), nullptr);
  gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
  Result<Clip> clip = TakeUnits(pipeline.get(), sink.get());
  gst_element_set_state(pipeline.get(), GST_STATE_NULL);
  if (!clip.has_value()) {
    return Annotate(std::move(clip).error(), path);
  }
  return clip;
}

class ClipReader final : public PictureReader {
 public:
  ClipReader(const Clip& clip, nanoseconds opened_at, FeedOptions options)
      : clip_(clip), opened_at_(opened_at), options_(options) {}

  Picture Next() override {
    const AccessUnit& unit = clip_.units[next_];
    const nanoseconds due = turns_ * clip_.duration + unit.decode_time;
    const AccessUnit* sent = &unit;
    nanoseconds shown = turns_ * clip_.duration + unit.shown;
    if (options_.freeze_at.has_value() && opened_at_ + due >= *options_.freeze_at) {
      sent = &clip_.units[key_];
      shown = due;
    } else if (unit.key) {
      key_ = next_;
    }
    if (++next_ == clip_.units.size()) {
      next_ = 0;
      ++turns_;
    }
    return {.buffer = Owned<GstBuffer>(gst_buffer_copy(sent->buffer.get())),
            .due = due,
            .shown = std::max(shown, nanoseconds{0})};
  }

 private:
  const Clip& clip_;
  const nanoseconds opened_at_;
  const FeedOptions options_;
  std::size_t next_ = 0;
  std::size_t key_ = 0;
  std::int64_t turns_ = 0;
};

class ClipFeed final : public Feed {
 public:
  ClipFeed(Clip clip, const FeedOptions& options) : clip_(std::move(clip)), options_(options) {}

  std::string LaunchLine() const override {
    return "( appsrc name=source is-live=true format=time max-bytes=16777216 "
           "leaky-type=downstream "
           "caps=\"video/x-h264,stream-format=byte-stream,alignment=au\" "
           "! h264parse ! rtph264pay name=pay0 pt=96 config-interval=-1 )";
  }

  std::unique_ptr<PictureReader> Open(nanoseconds time) const override {
    return std::make_unique<ClipReader>(clip_, time, options_);
  }

 private:
  const Clip clip_;
  const FeedOptions options_;
};

}  // namespace

Result<std::unique_ptr<Feed>> LoadClipFeed(const std::string& path, const FeedOptions& options) {
  Result<Clip> clip = Collect(path, "parsebin");
  if (!clip.has_value()) {
    clip = Collect(path,
                   "decodebin ! videoconvert ! x264enc speed-preset=superfast bframes=0 "
                   "pass=qual quantizer=23 key-int-max=50");
  }
  if (!clip.has_value()) {
    return std::unexpected(clip.error());
  }
  return std::make_unique<ClipFeed>(*std::move(clip), options);
}

}  // namespace vigil::camera
