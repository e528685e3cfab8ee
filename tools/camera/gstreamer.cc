// Error messages out of GStreamer's bus, and a check for its plug-ins.
#include "camera/gstreamer.h"

#include <gst/app/gstappsink.h>

#include "base/check.h"
#include "base/format.h"

namespace vigil::camera {
namespace {

constexpr GstClockTime kSlice = 100 * GST_MSECOND;
constexpr int kSlicesMax = 200;

std::string TakeMessage(GError* error) {
  std::string message = error == nullptr ? "unknown fault" : error->message;
  g_clear_error(&error);
  return message;
}

}  // namespace

Result<Owned<GstElement>> LaunchPipeline(const std::string& line) {
  GError* error = nullptr;
  Owned<GstElement> pipeline(gst_parse_launch(line.c_str(), &error));
  if (pipeline == nullptr || error != nullptr) {
    return Fail(ErrorCode::kUnavailable, "GStreamer: " + TakeMessage(error));
  }
  gst_object_ref_sink(pipeline.get());
  return pipeline;
}

Owned<GstElement> ElementNamed(GstElement* bin, const char* name) {
  Owned<GstElement> element(gst_bin_get_by_name_recurse_up(GST_BIN(bin), name));
  VIGIL_CHECK(element != nullptr, "the launch line names it");
  return element;
}

Result<Owned<GstSample>> PullSample(GstElement* pipeline, GstElement* sink) {
  const Owned<GstBus> bus(gst_element_get_bus(pipeline));
  for (int slice = 0; slice < kSlicesMax; ++slice) {
    Owned<GstSample> sample(gst_app_sink_try_pull_sample(GST_APP_SINK(sink), kSlice));
    if (sample != nullptr || gst_app_sink_is_eos(GST_APP_SINK(sink))) {
      return sample;
    }
    GstMessage* message = gst_bus_pop_filtered(bus.get(), GST_MESSAGE_ERROR);
    if (message != nullptr) {
      GError* error = nullptr;
      gst_message_parse_error(message, &error, nullptr);
      gst_message_unref(message);
      return Fail(ErrorCode::kInvalidArgument, TakeMessage(error));
    }
  }
  return Fail(ErrorCode::kTimeout, "no picture within 20 s");
}

Status CheckPlugins() {
  constexpr struct {
    const char* element;
    const char* package;
  } kNeeded[] = {{"appsrc", "base"},   {"videoscale", "base"}, {"decodebin", "base"},
                 {"parsebin", "base"}, {"rtph264pay", "good"}, {"videoflip", "good"},
                 {"jpegdec", "good"},  {"h264parse", "bad"},   {"x264enc", "ugly"}};
  for (const auto& [element, package] : kNeeded) {
    GstElementFactory* factory = gst_element_factory_find(element);
    if (factory == nullptr) {
      return Fail(
          ErrorCode::kUnavailable,
          format("GStreamer's {} is missing: install gstreamer1.0-plugins-{}", element, package));
    }
    gst_object_unref(factory);
  }
  return {};
}

}  // namespace vigil::camera
