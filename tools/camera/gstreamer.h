// GStreamer's references as owned pointers, and pipelines whose faults can be told.
#pragma once

#include <gst/gst.h>

#include <memory>
#include <string>
#include <type_traits>

#include "base/result.h"

namespace vigil::camera {

struct Unref {
  template <class T>
  void operator()(T* object) const {
    if constexpr (std::is_same_v<T, GstSample>) {
      gst_sample_unref(object);
    } else if constexpr (std::is_same_v<T, GstBuffer>) {
      gst_buffer_unref(object);
    } else {
      g_object_unref(object);
    }
  }
};
template <class T>
using Owned = std::unique_ptr<T, Unref>;

// A pipeline from a launch line, in the NULL state. kUnavailable names a missing element.
Result<Owned<GstElement>> LaunchPipeline(const std::string& line);

// An element that the launch line names; it must be there.
Owned<GstElement> ElementNamed(GstElement* bin, const char* name);

// The next sample of an appsink in a playing pipeline, null after the last one. An error that the
// pipeline posts is kInvalidArgument; kTimeout when nothing comes for twenty seconds.
Result<Owned<GstSample>> PullSample(GstElement* pipeline, GstElement* sink);

// kUnavailable when an element that the camera needs is not installed; names its package.
Status CheckPlugins();

}  // namespace vigil::camera
