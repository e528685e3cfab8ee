// The composed scene as a stream of raw pictures for x264.
#include <utility>

#include "base/check.h"
#include "base/format.h"
#include "camera/feed.h"

namespace vigil::camera {
namespace {

using std::chrono::nanoseconds;

class SceneReader final : public PictureReader {
 public:
  SceneReader(const SceneComposer& composer, nanoseconds time, FeedOptions options)
      : composer_(composer), opened_at_(time), options_(options) {}

  Picture Next() override {
    const nanoseconds due =
        nanoseconds(std::chrono::seconds(count_++)) / composer_.scene().frames_per_second;
    nanoseconds time = opened_at_ + due;
    if (options_.freeze_at.has_value() && time > *options_.freeze_at) {
      time = *options_.freeze_at;
    }
    Picture picture{.buffer = Owned<GstBuffer>(
                        gst_buffer_new_allocate(nullptr, composer_.frame_bytes(), nullptr)),
                    .due = due,
                    .shown = due};
    GstMapInfo map;
    VIGIL_CHECK(gst_buffer_map(picture.buffer.get(), &map, GST_MAP_WRITE));
    composer_.Compose(time, {map.data, map.size});
    gst_buffer_unmap(picture.buffer.get(), &map);
    return picture;
  }

 private:
  const SceneComposer& composer_;
  const nanoseconds opened_at_;
  const FeedOptions options_;
  std::int64_t count_ = 0;
};

class SceneFeed final : public Feed {
 public:
  SceneFeed(SceneComposer composer, const FeedOptions& options)
      : composer_(std::move(composer)), options_(options) {}

  std::string LaunchLine() const override {
    const Scene& scene = composer_.scene();
    return format(
        "( appsrc name=source is-live=true format=time max-buffers=3 max-bytes=0 "
        "leaky-type=downstream caps=\"video/x-raw,format=I420,width={},height={},framerate={}/1,"
        "pixel-aspect-ratio=1/1,interlace-mode=progressive,colorimetry=bt601\" "
        "! x264enc speed-preset=superfast tune=zerolatency threads=1 bitrate=2500 key-int-max={} "
        "! video/x-h264,profile=main ! rtph264pay name=pay0 pt=96 config-interval=-1 )",
        scene.width, scene.height, scene.frames_per_second, scene.frames_per_second * 2);
  }

  std::unique_ptr<PictureReader> Open(nanoseconds time) const override {
    return std::make_unique<SceneReader>(composer_, time, options_);
  }

 private:
  const SceneComposer composer_;
  const FeedOptions options_;
};

}  // namespace

std::unique_ptr<Feed> MakeSceneFeed(SceneComposer composer, const FeedOptions& options) {
  return std::make_unique<SceneFeed>(std::move(composer), options);
}

}  // namespace vigil::camera
