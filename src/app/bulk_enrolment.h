// Carrying out a plan of enrolment: many photos at once, a verdict for each, and what an
// administrator should look at afterwards.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <map>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "app/enrolment_plan.h"
#include "app/rest_client.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"

namespace vigil::app {

enum class Verdict {
  kEnrolled,
  kAlreadyEnrolled,  // the person has this very file
  kRefused,          // it should have been enrolled, and cannot be
  kPassedOver,       // nobody expected it to be enrolled
};

// "enrolled", "already_enrolled", "refused", "passed_over".
std::string_view VerdictName(Verdict verdict);

struct FileVerdict {
  std::filesystem::path path;
  std::string person = {};  // empty where nobody is known
  Verdict verdict = Verdict::kRefused;
  std::string code = {};     // of a refusal, for programs: "no_face", "several_faces" ...
  std::string message = {};  // why, and what to do about it
  std::string person_id = {};
  bool person_created = false;
  std::string photo_id = {};
  json::value photo = nullptr;  // EnrolledPhoto of the REST API, when it was enrolled now
};

struct EnrolmentCounts {
  std::size_t enrolled = 0;
  std::size_t already_enrolled = 0;
  std::size_t refused = 0;
  std::size_t passed_over = 0;
  std::size_t people_created = 0;

  void Count(const FileVerdict& verdict);
  std::size_t Files() const { return enrolled + already_enrolled + refused + passed_over; }
};

// Sends the photos of a plan, as many at once as the client has use for. Whatever happened before,
// it can be run again: what is enrolled is only recognised.
class BulkEnrolment {
 public:
  // Called once a file, in the order in which they are done, by one thread at a time.
  using OnVerdict = std::function<void(const FileVerdict&)>;

  // `client` and `clock` must outlive it.
  BulkEnrolment(RestClient& client, Clock& clock, EnrolmentPlan plan, OnVerdict on_verdict);

  // Finds the plan's watch-lists. kNotFound names every one that does not exist, and where.
  Status FindLists();
  // Blocks until all is done or `stop` is requested, which lets the photos under way end. An error
  // is one of the installation (disk full, server gone), not of a photo, and ends the run: what was
  // enrolled until then stays.
  Status Run(std::stop_token stop);

  std::size_t Files() const { return plan_.photos.size() + plan_.passed_over.size(); }
  // For progress, from any thread.
  std::size_t Done() const { return done_; }

 private:
  Result<FileVerdict> Enrol(const PlannedPhoto& photo, std::stop_token stop);
  Result<RestAnswer> SendPatiently(const PlannedPhoto& photo, std::string_view bytes,
                                   std::stop_token stop);

  RestClient& client_;
  Clock& clock_;
  const EnrolmentPlan plan_;
  const OnVerdict on_verdict_;
  std::map<std::string, std::string, std::less<>> list_ids_;  // by name
  std::atomic<std::size_t> done_ = 0;
};

}  // namespace vigil::app
