// Finding out what a path is, and listing it.
#include "app/enrolment_plan.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <set>
#include <string_view>
#include <system_error>
#include <utility>

#include "app/enrolment_csv.h"
#include "app/people_folder.h"
#include "app/photo_paths.h"
#include "base/format.h"
#include "base/json.h"
#include "base/utf8.h"

namespace vigil::app {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kUnnamedFaces = "train";  // Frigate's word

std::string LowerExtension(const fs::path& path) {
  std::string extension = path.extension().string();
  std::ranges::transform(extension, extension.begin(),
                         [](unsigned char c) { return std::tolower(c); });
  return extension;
}

bool IsPhoto(const fs::path& path) {
  constexpr std::array<std::string_view, 4> kRead = {".jpg", ".jpeg", ".png", ".webp"};
  return std::ranges::find(kRead, LowerExtension(path)) != kRead.end();
}

bool IsOtherPicture(const fs::path& path) {
  constexpr std::array<std::string_view, 10> kOthers = {".gif",  ".bmp",  ".tif", ".tiff", ".heic",
                                                        ".heif", ".avif", ".jxl", ".ico",  ".jp2"};
  return std::ranges::find(kOthers, LowerExtension(path)) != kOthers.end();
}

PassedOver NoPhoto(const fs::path& path) {
  if (IsOtherPicture(path)) {
    return {path, "this format is not read; save it as JPEG, PNG or WebP", true};
  }
  return {path, "no JPEG, PNG or WebP by its name", false};
}

// Every file below `folder`, by path; also below links to folders, each folder once.
Result<std::vector<fs::path>> FilesBelow(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code failure;
  std::set<fs::path> seen{fs::weakly_canonical(folder, failure)};
  for (fs::recursive_directory_iterator
           entry(folder, fs::directory_options::follow_directory_symlink, failure),
       end;
       !failure && entry != end; entry.increment(failure)) {
    std::error_code unreadable;  // a link to nothing is a file that cannot be opened
    if (!entry->is_directory(unreadable)) {
      files.push_back(entry->path());
    } else if (!seen.insert(fs::weakly_canonical(entry->path(), unreadable)).second) {
      entry.disable_recursion_pending();
    }
  }
  if (failure) {
    return Fail(ErrorCode::kNotFound,
                format("{} cannot be read to its end: {}; check the permissions", folder.string(),
                       failure.message()));
  }
  std::ranges::sort(files);
  return files;
}

EnrolmentPlan PlanFolders(const fs::path& root, const std::vector<fs::path>& files) {
  EnrolmentPlan plan;
  for (const fs::path& file : files) {
    const fs::path relative = file.lexically_relative(root);
    if (relative.has_parent_path() && *relative.begin() == kUnnamedFaces) {
      plan.passed_over.push_back(
          {file,
           "the folder train holds faces that nobody has named yet; name them in Frigate, or "
           "rename the folder if it is a person's",
           false});
    } else if (!IsPhoto(file)) {
      plan.passed_over.push_back(NoPhoto(file));
    } else if (std::string person = PersonOfPath(root, file); IsUtf8(person)) {
      plan.photos.push_back({.path = file, .person = std::move(person)});
    } else {
      plan.passed_over.push_back(
          {file, "the person's name is not UTF-8; rename the folder or file", true});
    }
  }
  return plan;
}

bool IsFaceList(const fs::path& file) {
  const std::string name = file.filename().string();
  return name.starts_with("faces") && LowerExtension(file) == ".json";
}

// Adds {image_id: subject} of one answer of CompreFace.
Status ReadFaceList(const fs::path& file, std::map<std::string, std::string>& subjects) {
  VIGIL_ASSIGN_OR_RETURN(const Bytes bytes, ReadFileBytes(file));
  const auto parsed =
      ParseJson(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  const auto* object = parsed ? parsed->if_object() : nullptr;
  const auto* faces = object != nullptr ? object->if_contains("faces") : nullptr;
  if (faces == nullptr || !faces->is_array()) {
    return Fail(ErrorCode::kInvalidArgument,
                format("{}: is no answer of CompreFace: a JSON object with \"faces\"; ask "
                       "GET /api/v1/recognition/faces again",
                       file.string()));
  }
  for (const json::value& face : faces->get_array()) {
    const auto* fields = face.if_object();
    const auto* id = fields != nullptr ? fields->if_contains("image_id") : nullptr;
    const auto* subject = fields != nullptr ? fields->if_contains("subject") : nullptr;
    if (id == nullptr || subject == nullptr || !id->is_string() || !subject->is_string()) {
      return Fail(ErrorCode::kInvalidArgument, format("{}: face {} has no image_id and subject",
                                                      file.string(), subjects.size() + 1));
    }
    subjects[std::string(id->get_string())] = std::string(subject->get_string());
  }
  return {};
}

Result<EnrolmentPlan> PlanCompreFace(const fs::path& root, const std::vector<fs::path>& files) {
  std::map<std::string, std::string> subjects;
  for (const fs::path& file : files) {
    if (file.parent_path() == root && IsFaceList(file)) {
      VIGIL_RETURN_IF_ERROR(ReadFaceList(file, subjects));
    }
  }
  EnrolmentPlan plan;
  for (const fs::path& file : files) {
    if (file.parent_path() == root && IsFaceList(file)) continue;
    const auto subject = subjects.find(file.stem().string());
    if (subject == subjects.end()) {
      plan.passed_over.push_back({file, "its name is no image_id of faces.json", false});
      continue;
    }
    plan.photos.push_back({.path = file, .person = std::move(subject->second)});
    subjects.erase(subject);
  }
  for (const auto& [id, subject] : subjects) {
    plan.passed_over.push_back(
        {root / id,
         format("faces.json names this picture of {}, but there is no such file; download "
                "/api/v1/recognition/faces/{}/img",
                subject, id),
         true});
  }
  return plan;
}

}  // namespace

Result<EnrolmentPlan> PlanEnrolment(const std::filesystem::path& from) {
  std::error_code failure;
  EnrolmentPlan plan;
  if (fs::is_directory(from, failure)) {
    const fs::path frigate = from / "clips" / "faces";
    const fs::path root = fs::is_directory(frigate, failure)
                              ? frigate
                              : (from / "").parent_path();  // without a slash at its end
    VIGIL_ASSIGN_OR_RETURN(const auto files, FilesBelow(root));
    const bool compreface = std::ranges::any_of(files, [&](const fs::path& file) {
      return file.parent_path() == root && IsFaceList(file);
    });
    if (compreface) {
      VIGIL_ASSIGN_OR_RETURN(plan, PlanCompreFace(root, files));
    } else {
      plan = PlanFolders(root, files);
    }
  } else if (IsPhoto(from) || IsOtherPicture(from)) {
    return Fail(ErrorCode::kInvalidArgument,
                format("{} is one picture; `vigil enroll NAME {}` enrols it", from.string(),
                       from.string()));
  } else {
    VIGIL_ASSIGN_OR_RETURN(const Bytes bytes, ReadFileBytes(from));
    VIGIL_ASSIGN_OR_RETURN(
        plan.photos, ParseEnrolmentCsv(std::string_view(reinterpret_cast<const char*>(bytes.data()),
                                                        bytes.size()),
                                       from.filename().string(), from.parent_path()));
  }
  if (plan.photos.empty() && plan.passed_over.empty()) {
    return Fail(ErrorCode::kNotFound,
                format("{} holds no photo; give a folder with a sub-folder of photos for each "
                       "person, or a CSV file with the columns name and photo",
                       from.string()));
  }
  return plan;
}

EnrolmentPlan PlanOfOne(const std::string& person, std::vector<std::filesystem::path> photos) {
  EnrolmentPlan plan;
  for (auto& path : photos) plan.photos.push_back({.path = std::move(path), .person = person});
  return plan;
}

}  // namespace vigil::app
