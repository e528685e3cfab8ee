// What an administrator should look at after an enrolment: people who look alike, doubled and poor
// photos.
#pragma once

#include <map>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "app/bulk_enrolment.h"
#include "app/rest_client.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"

namespace vigil::app {

// A photo as people can find it again.
struct ReportedPhoto {
  std::string person;
  std::string person_id;
  std::string photo_id;
  std::string path;  // empty: not a file of this run
};

struct ReportedPair {
  ReportedPhoto first;
  ReportedPhoto second;
  double similarity = 0;
  bool same_picture = false;
};

struct PoorPhotoLine {
  ReportedPhoto photo;
  double quality = 0;
};

struct EnrolmentReport {
  std::vector<ReportedPair> look_alikes;  // two people each, the most alike first
  std::vector<ReportedPair> near_duplicates;
  std::vector<PoorPhotoLine> poor_photos;  // the poorest first
  double threshold = 0;                    // from where on people are look-alikes
};

// Gathers the verdicts of a run, then asks about all who took part in it. Used by one thread.
class ReportMaker {
 public:
  void Note(const FileVerdict& verdict);

  // A hundred people a request. Waits, 10 s at most, until the gallery knows all that was enrolled.
  // kCancelled when `stop` is requested.
  Result<EnrolmentReport> Make(RestClient& client, Clock& clock, std::stop_token stop) const;

  std::size_t People() const { return names_.size(); }

 private:
  ReportedPhoto PhotoOf(const std::string& person_id, const std::string& photo_id) const;
  void Read(const json::value& answer, EnrolmentReport& report,
            std::set<std::pair<std::string, std::string>>& pairs) const;

  std::map<std::string, std::string> names_;  // by person id
  std::map<std::string, std::string> paths_;  // by photo id
};

}  // namespace vigil::app
