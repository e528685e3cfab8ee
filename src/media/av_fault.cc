// See the header.
#include "media/av_fault.h"

extern "C" {
#include <libavutil/error.h>
}

#include <array>

namespace vigil::media {

AvFault ExplainAvError(int av_code) {
  switch (av_code) {
    case AVERROR(ECONNREFUSED):
      return {StreamFault::kRefused, ErrorCode::kUnavailable, "connection refused"};
    case AVERROR_HTTP_UNAUTHORIZED:
    case AVERROR_HTTP_FORBIDDEN:
      return {StreamFault::kUnauthorised, ErrorCode::kPermission,
              "the user name or password was not accepted"};
    case AVERROR_HTTP_NOT_FOUND:
    case AVERROR(ENOENT):
      return {StreamFault::kNotFound, ErrorCode::kNotFound, "no such stream"};
    case AVERROR(ENETUNREACH):
    case AVERROR(EHOSTUNREACH):
      return {StreamFault::kNoRoute, ErrorCode::kUnavailable, "the address is not reachable"};
    case AVERROR(ETIMEDOUT):
      return {StreamFault::kStalled, ErrorCode::kTimeout, "no answer in time"};
    case AVERROR_STREAM_NOT_FOUND:
      return {StreamFault::kNoVideo, ErrorCode::kInvalidArgument, "no video in it"};
    case AVERROR_DECODER_NOT_FOUND:
      return {StreamFault::kUndecodable, ErrorCode::kInvalidArgument,
              "a video format that is not read here"};
    case AVERROR_INVALIDDATA:
      return {StreamFault::kUndecodable, ErrorCode::kInvalidArgument,
              "not a video that can be read"};
    case AVERROR_EOF:
    case AVERROR(ECONNRESET):
    case AVERROR(EPIPE):
      return {StreamFault::kEnded, ErrorCode::kUnavailable, "the other side closed the connection"};
    case AVERROR(EACCES):
      return {StreamFault::kOther, ErrorCode::kPermission, "permission denied"};
    case AVERROR(ENOMEM):
      return {StreamFault::kOther, ErrorCode::kInternal, "out of memory"};
    case AVERROR_HTTP_BAD_REQUEST:
    case AVERROR_HTTP_OTHER_4XX:
      return {StreamFault::kOther, ErrorCode::kUnavailable, "the server refused the request (4xx)"};
    case AVERROR_HTTP_SERVER_ERROR:
      return {StreamFault::kOther, ErrorCode::kUnavailable,
              "the server has a fault of its own (5xx)"};
    default:
      break;
  }
  std::array<char, AV_ERROR_MAX_STRING_SIZE> text{};
  av_strerror(av_code, text.data(), text.size());
  return {StreamFault::kOther, ErrorCode::kUnavailable, text.data()};
}

}  // namespace vigil::media
