// Reading the photos a command was given.
#include "app/photo_paths.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "base/format.h"
#include "media/photo.h"

namespace vigil::app {
namespace {

// More than any photo or list has; what is larger is refused unread.
constexpr std::uintmax_t kFileBytesMax = 256'000'000;

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
  std::error_code failure;
  // A folder opens like a file, and a pipe would be waited for.
  const auto status = std::filesystem::status(path, failure);
  if (!failure && std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
    return Fail(ErrorCode::kInvalidArgument, format("{}: is no file", path.string()));
  }
  const std::uintmax_t size = failure ? 0 : std::filesystem::file_size(path, failure);
  std::ifstream file(path, std::ios::binary);
  if (failure || !file) {
    return Fail(ErrorCode::kNotFound,
                format("{}: cannot be opened; check the path and its permissions", path.string()));
  }
  if (size > kFileBytesMax) {
    return Fail(ErrorCode::kInvalidArgument,
                format("{}: has {} MB; files of at most {} MB are read", path.string(),
                       size / 1'000'000, kFileBytesMax / 1'000'000));
  }
  Bytes bytes(size);
  file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(size));
  if (!file) {
    return Fail(ErrorCode::kUnavailable,
                format("{}: cannot be read to its end; is the disk intact?", path.string()));
  }
  return bytes;
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
