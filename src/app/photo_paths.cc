// Reading the photos a command was given.
#include "app/photo_paths.h"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <iostream>
#include <iterator>

#include "base/format.h"
#include "media/photo.h"

namespace vigil::app {
namespace {

bool LooksLikePhoto(const std::filesystem::path& path) {
  std::string extension = path.extension().string();
  std::ranges::transform(extension, extension.begin(),
                         [](unsigned char c) { return std::tolower(c); });
  return extension == ".jpg" || extension == ".jpeg" || extension == ".png" || extension == ".webp";
}

void AppendFolder(const std::filesystem::path& folder, std::vector<std::filesystem::path>& out) {
  std::error_code failure;
  std::vector<std::filesystem::path> found;
  for (std::filesystem::recursive_directory_iterator entry(folder, failure), end;
       !failure && entry != end; entry.increment(failure)) {
    if (entry->is_regular_file(failure) && LooksLikePhoto(entry->path())) {
      found.push_back(entry->path());
    }
  }
  std::ranges::sort(found);
  out.insert(out.end(), found.begin(), found.end());
}

}  // namespace

std::vector<std::filesystem::path> ExpandPhotoPaths(const std::vector<std::string>& paths) {
  std::vector<std::filesystem::path> files;
  for (const std::string& path : paths) {
    std::error_code failure;
    if (path == "-") {
      for (std::string line; std::getline(std::cin, line);) {
        if (!line.empty()) files.emplace_back(line);
      }
    } else if (std::filesystem::is_directory(path, failure)) {
      AppendFolder(path, files);
    } else {
      files.emplace_back(path);
    }
  }
  return files;
}

Result<std::shared_ptr<const RgbImage>> ReadPhoto(const std::filesystem::path& path) {
  VIGIL_ASSIGN_OR_RETURN(auto image, media::ReadPhotoFile(path));
  return std::make_shared<const RgbImage>(std::move(image));
}

Result<Bytes> ReadFileBytes(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return Fail(ErrorCode::kNotFound,
                format("{}: cannot be opened; check the path and its permissions", path.string()));
  }
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const auto bytes = std::as_bytes(std::span(text));
  return Bytes(bytes.begin(), bytes.end());
}

json::object FaceJson(const Detection& face) {
  const auto point = [](float x, float y) { return json::array{ShortDecimal(x), ShortDecimal(y)}; };
  json::array landmarks;
  for (const Point& landmark : face.landmarks) landmarks.push_back(point(landmark.x, landmark.y));
  return {{"box",
           {ShortDecimal(face.box.x1), ShortDecimal(face.box.y1), ShortDecimal(face.box.x2),
            ShortDecimal(face.box.y2)}},
          {"score", ShortDecimal(face.score)},
          {"landmarks", std::move(landmarks)}};
}

json::object QualityJson(const FaceQuality& quality) {
  json::object object{
      {"score", ShortDecimal(quality.score)},
      {"face_px", ShortDecimal(quality.face_px)},
      {"sharpness", ShortDecimal(quality.sharpness)},
      {"frontal", ShortDecimal(quality.frontal)},
      {"brightness", ShortDecimal(quality.brightness)},
      {"unrecognisable", quality.unrecognisable ? json::value(ReasonName(*quality.unrecognisable))
                                                : json::value(nullptr)}};
  if (quality.covered) object["covered"] = ShortDecimal(*quality.covered);
  return object;
}

}  // namespace vigil::app
