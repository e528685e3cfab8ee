// Asking POST /criminals/resemblances about everybody in turn.
#include "app/enrolment_report.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <utility>

#include "base/format.h"

namespace vigil::app {
namespace {

constexpr std::size_t kPeopleOfOneRequest = 100;
constexpr std::chrono::milliseconds kAskAgain{100};
constexpr int kAskedMax = 100;

std::string Text(const json::value& object, std::string_view key) {
  const json::value& value = object.at(key);
  return value.is_string() ? std::string(value.get_string()) : std::string();
}

double Figure(const json::value& object, std::string_view key) {
  return object.at(key).to_number<double>();
}

}  // namespace

void ReportMaker::Note(const FileVerdict& verdict) {
  if (verdict.person_id.empty()) return;
  names_[verdict.person_id] = verdict.person;
  // The same file twice: the first path stays.
  paths_.emplace(verdict.photo_id, verdict.path.string());
}

ReportedPhoto ReportMaker::PhotoOf(const std::string& person_id,
                                   const std::string& photo_id) const {
  const auto name = names_.find(person_id);
  const auto path = paths_.find(photo_id);
  return {.person = name == names_.end() ? std::string() : name->second,
          .person_id = person_id,
          .photo_id = photo_id,
          .path = path == paths_.end() ? std::string() : path->second};
}

void ReportMaker::Read(const json::value& answer, EnrolmentReport& report,
                       std::set<std::pair<std::string, std::string>>& pairs) const {
  report.threshold = Figure(answer, "threshold");
  for (const json::value& item : answer.at("look_alikes").as_array()) {
    const std::string one = Text(item, "person_id");
    const std::string other = Text(item, "other_person_id");
    // Told from both sides when they were asked about in different requests.
    if (!pairs.insert(std::minmax(one, other)).second) continue;
    ReportedPair pair{.first = PhotoOf(one, Text(item, "photo_id")),
                      .second = PhotoOf(other, Text(item, "other_photo_id")),
                      .similarity = Figure(item, "similarity"),
                      .same_picture = item.at("same_picture").as_bool()};
    pair.second.person = Text(item, "other_name");
    report.look_alikes.push_back(std::move(pair));
  }
  for (const json::value& item : answer.at("near_duplicates").as_array()) {
    const std::string person = Text(item, "person_id");
    report.near_duplicates.push_back({.first = PhotoOf(person, Text(item, "photo_id")),
                                      .second = PhotoOf(person, Text(item, "other_photo_id")),
                                      .similarity = Figure(item, "similarity"),
                                      .same_picture = true});
  }
  for (const json::value& item : answer.at("poor_photos").as_array()) {
    report.poor_photos.push_back(
        {PhotoOf(Text(item, "person_id"), Text(item, "photo_id")), Figure(item, "quality")});
  }
}

Result<EnrolmentReport> ReportMaker::Make(RestClient& client, Clock& clock,
                                          std::stop_token stop) const {
  EnrolmentReport report;
  std::set<std::pair<std::string, std::string>> pairs;
  int asked = 0;
  for (auto person = names_.begin(); person != names_.end();) {
    json::array ids;
    auto end = person;
    for (; end != names_.end() && ids.size() < kPeopleOfOneRequest; ++end) {
      ids.push_back(json::value(end->first));
    }
    if (stop.stop_requested()) return Fail(ErrorCode::kCancelled, "the report was interrupted");
    VIGIL_ASSIGN_OR_RETURN(
        const json::value answer,
        client.Call(api::Method::kPost, "/criminals/resemblances", {{"persons", std::move(ids)}}));
    if (!answer.at("gallery_current").as_bool() && ++asked < kAskedMax) {
      clock.SleepUntil(clock.Now() + kAskAgain, stop);
      continue;
    }
    Read(answer, report, pairs);
    person = end;
  }
  std::ranges::sort(report.look_alikes, std::ranges::greater(), &ReportedPair::similarity);
  std::ranges::sort(report.near_duplicates, std::ranges::greater(), &ReportedPair::similarity);
  std::ranges::sort(report.poor_photos, {}, &PoorPhotoLine::quality);
  return report;
}

}  // namespace vigil::app
