// People from a folder of photos, for runs without a database.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "core/gallery.h"
#include "pipeline/photo_analyser.h"

namespace vigil::app {

// A photo that could not be used, and why.
struct RefusedPhoto {
  std::filesystem::path path;
  std::string why;
};

struct PeopleFolder {
  std::unique_ptr<GalleryIndex> gallery;
  std::map<std::string, std::string> names;  // by person id
  std::vector<RefusedPhoto> refused;
};

// The person a photo shows, by where it lies: the name of its folder below `root`, or, for photos
// directly in `root`, the file's name without extension and trailing number ("obama2.jpg" and
// "Jane_Roe_0001.jpg" are "obama" and "Jane_Roe").
std::string PersonOfPath(const std::filesystem::path& root, const std::filesystem::path& photo);

// Enrols every photo below `root` into `gallery`, which is empty. kNotFound when the folder cannot
// be read or no photo in it can be used.
Result<PeopleFolder> EnrolFolder(const std::filesystem::path& root,
                                 pipeline::PhotoAnalyser& analyser,
                                 std::unique_ptr<GalleryIndex> gallery);

}  // namespace vigil::app
