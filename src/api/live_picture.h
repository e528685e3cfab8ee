// A live picture as bytes: JPEG, with what is known about the faces of that very frame in a header.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "pipeline/live_view.h"

namespace vigil::api {

inline constexpr std::string_view kMjpegBoundary = "vigil-picture";

// The value of X-Vigil-Faces: one line of JSON in ASCII,
// {"number","time","width","height","faces":[{"box","track",
// "outcome","person_id","name","similarity","threshold"}]}. Boxes are pixels of a picture of that
// width and height, whatever the size of the JPEG; `outcome` is null while evidence is gathered.
std::string FacesHeader(const pipeline::LivePicture& picture);

// The same as an object.
json::object FacesJson(const pipeline::LivePicture& picture);

// One part of a multipart/x-mixed-replace body with Content-Type, Content-Length and X-Vigil-Faces;
// at most 1280 px wide.
Result<std::string> MjpegPart(const pipeline::LivePicture& picture);

}  // namespace vigil::api
