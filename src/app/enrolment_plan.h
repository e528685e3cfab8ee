// What a folder, a list or another program's export asks to enrol: every file with its person,
// before any of them is opened.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace vigil::app {

struct PlannedPhoto {
  std::filesystem::path path;
  std::string person;
  std::string reason = {};
  std::string notes = {};
  std::vector<std::string> lists = {};  // names of watch-lists
  std::string where = {};               // "people.csv:3:14", for messages; may be empty
};

// A file that is no photo to be tried, and why.
struct PassedOver {
  std::filesystem::path path;
  std::string why;
  bool a_picture = false;  // but of a format that is not read: somebody wanted it enrolled
};

struct EnrolmentPlan {
  std::vector<PlannedPhoto> photos;
  std::vector<PassedOver> passed_over;
};

// What `from` holds, by what it is:
//   a file          CSV, as ReadEnrolmentCsv tells;
//   a folder        with a sub-folder of photos for each person, which is named after them, or with
//                   photos named after people (PersonOfPath);
//   Frigate's       the folder clips/faces, or one that holds it. The sub-folder `train` of any
//                   folder is passed over: Frigate keeps faces there that nobody has named yet;
//   CompreFace's    a folder with faces*.json, the answers of its GET /api/v1/recognition/faces,
//                   and the pictures of GET .../faces/ID/img, each named after its image_id.
// Photos are in the order of their paths, or of the list. kNotFound when there is nothing to enrol,
// kInvalidArgument for a list that is wrong, with every fault on a line of its own.
Result<EnrolmentPlan> PlanEnrolment(const std::filesystem::path& from);

// The plan of photos that all show one person.
EnrolmentPlan PlanOfOne(const std::string& person, std::vector<std::filesystem::path> photos);

}  // namespace vigil::app
