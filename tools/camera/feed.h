// What the camera shows: pictures of a scene, or the access units of a clip, one after another.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "camera/composer.h"
#include "camera/gstreamer.h"

namespace vigil::camera {

// One buffer of the stream. Times count from the opening of its reader.
struct Picture {
  Owned<GstBuffer> buffer;
  std::chrono::nanoseconds due{0};    // when a real camera would send it
  std::chrono::nanoseconds shown{0};  // its presentation time; never steps back at a loop's seam
};

// An endless run of pictures. One thread.
class PictureReader {
 public:
  virtual ~PictureReader() = default;
  virtual Picture Next() = 0;
};

// Where readers come from. Any thread may open one; a feed outlives its readers.
class Feed {
 public:
  virtual ~Feed() = default;
  // The pipeline from an appsrc named "source" to the payloader "pay0".
  virtual std::string LaunchLine() const = 0;
  // `time`: how long the camera has been running.
  virtual std::unique_ptr<PictureReader> Open(std::chrono::nanoseconds time) const = 0;
};

// From `freeze_at` on (time of the camera), the same picture is sent again and again.
struct FeedOptions {
  std::optional<std::chrono::nanoseconds> freeze_at;
};

// The scene goes on while nobody watches, as in front of a real camera; it is encoded with x264.
std::unique_ptr<Feed> MakeSceneFeed(SceneComposer composer, const FeedOptions& options);

// A video file, from its first picture for each new stream, over and over with rising times. H.264
// is passed through as it is, anything else is encoded once, here. kInvalidArgument names the file
// when it holds no video, or more than 512 MiB of it.
Result<std::unique_ptr<Feed>> LoadClipFeed(const std::string& path, const FeedOptions& options);

}  // namespace vigil::camera
