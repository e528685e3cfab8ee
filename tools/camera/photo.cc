// Decoding by a GStreamer pipeline; the soft edge by the distance to the border.
#include "camera/photo.h"

#include <gst/video/video.h>

#include <algorithm>
#include <cstring>

#include "base/format.h"
#include "camera/gstreamer.h"

namespace vigil::camera {
namespace {

constexpr int kWidthMax = 8192;

Result<Photo> CopyFrame(GstSample* sample) {
  GstVideoInfo info;
  GstVideoFrame frame;
  if (!gst_video_info_from_caps(&info, gst_sample_get_caps(sample)) ||
      !gst_video_frame_map(&frame, &info, gst_sample_get_buffer(sample), GST_MAP_READ)) {
    return Fail(ErrorCode::kInternal, "GStreamer gave a picture that cannot be mapped");
  }
  Photo photo{.width = GST_VIDEO_FRAME_WIDTH(&frame), .height = GST_VIDEO_FRAME_HEIGHT(&frame)};
  const std::size_t row_bytes = static_cast<std::size_t>(photo.width) * 4;
  photo.ayuv.resize(row_bytes * static_cast<std::size_t>(photo.height));
  const auto* from = static_cast<const std::uint8_t*>(GST_VIDEO_FRAME_PLANE_DATA(&frame, 0));
  for (std::size_t y = 0; y < static_cast<std::size_t>(photo.height); ++y) {
    const auto stride = static_cast<std::size_t>(GST_VIDEO_FRAME_PLANE_STRIDE(&frame, 0));
    std::memcpy(photo.ayuv.data() + y * row_bytes, from + y * stride, row_bytes);
  }
  gst_video_frame_unmap(&frame);
  return photo;
}

}  // namespace

Result<Photo> LoadPhoto(const std::string& path, int height) {
  const std::string line = format(
      "filesrc name=file ! decodebin ! videoconvert ! video/x-raw,format=RGBx ! "
      "videoflip method=automatic ! "
      "videoscale method=lanczos ! videoconvert ! "
      "video/x-raw,format=AYUV,height={},pixel-aspect-ratio=1/1,colorimetry=bt601 ! "
      "appsink name=sink sync=false",
      height);
  VIGIL_ASSIGN_OR_RETURN(const Owned<GstElement> pipeline, LaunchPipeline(line));
  const auto file = ElementNamed(pipeline.get(), "file");
  const auto sink = ElementNamed(pipeline.get(), "sink");
  g_object_set(file.get(), "location", path.c_str(), nullptr);
  gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
  const Result<Owned<GstSample>> sample = PullSample(pipeline.get(), sink.get());
  gst_element_set_state(pipeline.get(), GST_STATE_NULL);
  if (!sample.has_value()) {
    return Annotate(sample.error(), path);
  }
  if (*sample == nullptr) {
    return Fail(ErrorCode::kInvalidArgument, path + ": no picture in it");
  }
  Result<Photo> photo = CopyFrame(sample->get());
  if (photo.has_value() && photo->width > kWidthMax) {
    return Fail(
        ErrorCode::kInvalidArgument,
        format("{}: {} pixels wide at {} rows; use a narrower photo", path, photo->width, height));
  }
  return photo;
}

void SoftenEdges(Photo& photo) {
  const double skipped = std::max(1.0, 0.012 * std::min(photo.width, photo.height));
  const double feather = std::max(1.0, std::min(photo.width, photo.height) / 7.0);
  for (int y = 0; y < photo.height; ++y) {
    for (int x = 0; x < photo.width; ++x) {
      const int across = std::min(x, photo.width - 1 - x);
      const int down = std::min(y, photo.height - 1 - y);
      const double ramp_x = std::clamp((across - skipped) / feather, 0.0, 1.0);
      const double ramp_y = std::clamp((down - skipped) / feather, 0.0, 1.0);
      const double smooth = ramp_x * ramp_x * (3 - 2 * ramp_x) * ramp_y * ramp_y * (3 - 2 * ramp_y);
      const auto at = (static_cast<std::size_t>(y) * static_cast<std::size_t>(photo.width) +
                       static_cast<std::size_t>(x)) *
                      4;
      photo.ayuv[at] = static_cast<std::uint8_t>(smooth * 255 + 0.5);
    }
  }
}

}  // namespace vigil::camera
