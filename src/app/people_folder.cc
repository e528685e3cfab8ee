// Enrolment of a folder in memory.
#include "app/people_folder.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "app/photo_paths.h"
#include "base/format.h"

namespace vigil::app {

std::string PersonOfPath(const std::filesystem::path& root, const std::filesystem::path& photo) {
  const auto relative = photo.lexically_relative(root);
  if (relative.has_parent_path()) return relative.begin()->string();
  const std::string stem = photo.stem().string();
  std::string name = stem;
  while (!name.empty() && std::isdigit(static_cast<unsigned char>(name.back())) != 0) {
    name.pop_back();
  }
  while (!name.empty() && (name.back() == '_' || name.back() == '-' || name.back() == ' ')) {
    name.pop_back();
  }
  return name.empty() ? stem : name;
}

Result<PeopleFolder> EnrolFolder(const std::filesystem::path& root,
                                 pipeline::PhotoAnalyser& analyser,
                                 std::unique_ptr<GalleryIndex> gallery) {
  std::error_code failure;
  if (!std::filesystem::is_directory(root, failure)) {
    return Fail(ErrorCode::kNotFound,
                format("{} is no folder; give one with a sub-folder of photos a person, or photos "
                       "named after people",
                       root.string()));
  }
  PeopleFolder people;
  std::vector<GalleryReference> references;
  for (const auto& path : ExpandPhotoPaths({root.string()})) {
    auto photo = ReadPhoto(path);
    auto faces = photo ? analyser.Analyse(*photo)
                       : Result<std::vector<pipeline::PhotoFace>>(std::unexpected(photo.error()));
    auto face = faces ? pipeline::ChooseEnrolmentFace(*std::move(faces))
                      : Result<pipeline::PhotoFace>(std::unexpected(faces.error()));
    if (!face) {
      people.refused.push_back({path, face.error().message});
      continue;
    }
    const std::string person = PersonOfPath(root, path);
    people.names[person] = person;
    references.push_back({path.string(), person, std::move(face->embedding)});
  }
  if (references.empty()) {
    return Fail(ErrorCode::kNotFound,
                format("no photo in {} can be used to recognise anybody", root.string()));
  }
  people.gallery = std::move(gallery);
  people.gallery->Apply({}, std::move(references), 1);
  return people;
}

}  // namespace vigil::app
