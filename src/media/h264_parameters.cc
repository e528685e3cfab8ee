// See h264_parameters.h.
#include "media/h264_parameters.h"

#include <string_view>

namespace vigil::media {
namespace {

constexpr std::string_view kStartCode("\0\0\1", 3);
constexpr std::string_view kLongStartCode("\0\0\0\1", 4);
constexpr int kSlice = 1;
constexpr int kKeySlice = 5;
constexpr int kSequenceParameters = 7;
constexpr int kPictureParameters = 8;

struct ParserDeleter {
  void operator()(AVCodecParserContext* parser) const { av_parser_close(parser); }
};

}  // namespace

std::string ParameterSetsIn(const AVPacket& keyframe) {
  const std::string_view bytes(reinterpret_cast<const char*>(keyframe.data),
                               static_cast<std::size_t>(keyframe.size));
  if (!bytes.starts_with(kStartCode) && !bytes.starts_with(kLongStartCode)) return {};
  std::string sets;
  bool sequence = false;
  bool picture = false;
  for (std::size_t at = bytes.find(kStartCode); at != bytes.npos;) {
    const std::size_t begin = at + kStartCode.size();
    if (begin >= bytes.size()) break;
    const int kind = bytes[begin] & 0x1F;
    if (kind == kSlice || kind == kKeySlice) break;
    at = bytes.find(kStartCode, begin);
    if (kind != kSequenceParameters && kind != kPictureParameters) continue;
    std::string_view unit = bytes.substr(begin, at == bytes.npos ? at : at - begin);
    while (unit.ends_with('\0')) unit.remove_suffix(1);  // of a longer start code
    (kind == kSequenceParameters ? sequence : picture) = true;
    // Some cameras send them twice with one keyframe, and once with the next.
    const std::string set = std::string(kLongStartCode).append(unit);
    if (sets.find(set) == sets.npos) sets += set;
  }
  return sequence && picture ? sets : std::string();
}

std::optional<PictureSize> PictureSizeOf(const AVPacket& keyframe) {
  const std::unique_ptr<AVCodecParserContext, ParserDeleter> parser(
      av_parser_init(AV_CODEC_ID_H264));
  const AvPtr<AVCodecContext> context(avcodec_alloc_context3(nullptr));
  if (!parser || !context) return std::nullopt;
  context->codec_id = AV_CODEC_ID_H264;
  parser->flags |= PARSER_FLAG_COMPLETE_FRAMES;
  std::uint8_t* frame = nullptr;
  int size = 0;
  av_parser_parse2(parser.get(), context.get(), &frame, &size, keyframe.data, keyframe.size,
                   AV_NOPTS_VALUE, AV_NOPTS_VALUE, 0);
  if (parser->width <= 0 || parser->height <= 0) return std::nullopt;
  return PictureSize{parser->width, parser->height};
}

}  // namespace vigil::media
