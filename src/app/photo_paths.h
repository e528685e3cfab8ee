// Photos named on the command line: files, folders, or a list on stdin.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/seal.h"
#include "core/detection.h"
#include "core/face_quality.h"
#include "core/image.h"

namespace vigil::app {

// Every file of `paths` in order; folders give their JPEG, PNG and WebP files by name, "-" the
// lines of stdin.
std::vector<std::filesystem::path> ExpandPhotoPaths(const std::vector<std::string>& paths);

// A decoded photo, ready to become a frame. Errors name the path.
Result<std::shared_ptr<const RgbImage>> ReadPhoto(const std::filesystem::path& path);

// The bytes of a file. Errors name the path.
Result<Bytes> ReadFileBytes(const std::filesystem::path& path);

// "box", "score" and "landmarks" as `vigil detect` prints them.
json::object FaceJson(const Detection& face);

// "score" and the parts it is made of, as `vigil embed` and `vigil explain` print them.
json::object QualityJson(const FaceQuality& quality);

}  // namespace vigil::app
