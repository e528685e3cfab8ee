// Owners of FFmpeg's objects.
#pragma once

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libswscale/swscale.h>
}

#include <cstdint>
#include <memory>

namespace vigil::media {

struct AvDeleter {
  void operator()(AVFormatContext* input) const { avformat_close_input(&input); }
  void operator()(AVCodecContext* codec) const { avcodec_free_context(&codec); }
  void operator()(AVFrame* frame) const { av_frame_free(&frame); }
  void operator()(AVPacket* packet) const { av_packet_free(&packet); }
  void operator()(SwsContext* scaler) const { sws_freeContext(scaler); }
};

template <class T>
using AvPtr = std::unique_ptr<T, AvDeleter>;

// An option list; freed with its owner.
class AvOptions {
 public:
  AvOptions() = default;
  AvOptions(const AvOptions&) = delete;
  AvOptions& operator=(const AvOptions&) = delete;
  ~AvOptions() { av_dict_free(&options_); }
  void Set(const char* name, const char* value) { av_dict_set(&options_, name, value, 0); }
  void Set(const char* name, std::int64_t value) { av_dict_set_int(&options_, name, value, 0); }
  AVDictionary** Get() { return &options_; }

 private:
  AVDictionary* options_ = nullptr;
};

}  // namespace vigil::media
