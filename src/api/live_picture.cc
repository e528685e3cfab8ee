// Parts of the live stream.
#include "api/live_picture.h"

#include "api/resources.h"
#include "base/format.h"
#include "base/time_text.h"
#include "media/photo.h"

namespace vigil::api {
namespace {

constexpr int kLiveWidthMax = 1280;
constexpr int kLiveQuality = 75;

// Header lines carry ASCII, names do not: code points above it become \uXXXX, in pairs where JSON
// wants pairs.
std::string ToAscii(std::string_view utf8) {
  std::string ascii;
  for (std::size_t i = 0; i < utf8.size();) {
    const auto lead = static_cast<unsigned char>(utf8[i]);
    const std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (length == 1) {
      ascii += utf8[i++];
      continue;
    }
    std::uint32_t point = lead & (0xFFU >> (length + 1));
    for (std::size_t k = 1; k < length && i + k < utf8.size(); ++k) {
      point = point << 6U | (static_cast<unsigned char>(utf8[i + k]) & 0x3FU);
    }
    i += length;
    if (point > 0xFFFF) {
      point -= 0x10000;
      ascii += format("\\u{:04x}\\u{:04x}", 0xD800 + (point >> 10U), 0xDC00 + (point & 0x3FFU));
    } else {
      ascii += format("\\u{:04x}", point);
    }
  }
  return ascii;
}

json::object FaceJson(const pipeline::LiveFace& face) {
  json::object object{{"box", BoxJson(face.box)}, {"track", face.track_id}, {"outcome", nullptr}};
  if (face.outcome) {
    object["outcome"] = OutcomeName(*face.outcome);
    object["similarity"] = Rounded(face.similarity);
    object["threshold"] = Rounded(face.threshold);
  }
  if (!face.person_id.empty()) {
    object["person_id"] = face.person_id;
    object["name"] = face.person_name;
  }
  return object;
}

}  // namespace

json::object FacesJson(const pipeline::LivePicture& picture) {
  json::array faces;
  for (const pipeline::LiveFace& face : picture.faces) faces.push_back(FaceJson(face));
  return {{"number", picture.number},
          {"time", FormatTime(picture.frame.captured_at)},
          {"width", picture.frame.width},
          {"height", picture.frame.height},
          {"faces", std::move(faces)}};
}

std::string FacesHeader(const pipeline::LivePicture& picture) {
  return ToAscii(json::serialize(FacesJson(picture)));
}

Result<std::string> MjpegPart(const pipeline::LivePicture& picture) {
  VIGIL_ASSIGN_OR_RETURN(const Bytes jpeg,
                         media::EncodeJpeg(picture.frame, kLiveQuality, kLiveWidthMax));
  std::string part =
      format("--{}\r\nContent-Type: image/jpeg\r\nContent-Length: {}\r\nX-Vigil-Faces: {}\r\n\r\n",
             kMjpegBoundary, jpeg.size(), FacesHeader(picture));
  part += TextOf(jpeg);
  part += "\r\n";
  return part;
}

}  // namespace vigil::api
