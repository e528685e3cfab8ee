// Threads that take the next photo of the plan and send it.
#include "app/bulk_enrolment.h"

#include <algorithm>
#include <chrono>
#include <mutex>
#include <thread>
#include <utility>

#include "api/local_client.h"
#include "app/photo_paths.h"
#include "base/format.h"

namespace vigil::app {
namespace {

using std::chrono::milliseconds;

// A busy server has time again soon; a broken one has not.
constexpr int kTriesMax = 6;
constexpr milliseconds kFirstPause{250};

bool MayPass(int status) { return status == 429 || status == 503 || status == 504; }

// Not this photo's fault, so that the next one would fare no better.
bool EndsAll(int status) {
  return status == 401 || status == 403 || status == 429 || status >= 500;
}

std::string TextAt(const json::value& value, std::string_view key) {
  const auto* object = value.if_object();
  const auto* found = object != nullptr ? object->if_contains(key) : nullptr;
  return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
}

bool FlagAt(const json::value& value, std::string_view key) {
  const auto* object = value.if_object();
  const auto* found = object != nullptr ? object->if_contains(key) : nullptr;
  return found != nullptr && found->is_bool() && found->get_bool();
}

}  // namespace

std::string_view VerdictName(Verdict verdict) {
  switch (verdict) {
    case Verdict::kEnrolled:
      return "enrolled";
    case Verdict::kAlreadyEnrolled:
      return "already_enrolled";
    case Verdict::kRefused:
      return "refused";
    case Verdict::kPassedOver:
      return "passed_over";
  }
  return "refused";
}

void EnrolmentCounts::Count(const FileVerdict& verdict) {
  if (verdict.person_created) ++people_created;
  switch (verdict.verdict) {
    case Verdict::kEnrolled:
      ++enrolled;
      return;
    case Verdict::kAlreadyEnrolled:
      ++already_enrolled;
      return;
    case Verdict::kRefused:
      ++refused;
      return;
    case Verdict::kPassedOver:
      ++passed_over;
      return;
  }
}

BulkEnrolment::BulkEnrolment(RestClient& client, Clock& clock, EnrolmentPlan plan,
                             OnVerdict on_verdict)
    : client_(client), clock_(clock), plan_(std::move(plan)), on_verdict_(std::move(on_verdict)) {}

Status BulkEnrolment::FindLists() {
  const bool any =
      std::ranges::any_of(plan_.photos, [](const auto& photo) { return !photo.lists.empty(); });
  if (!any) return {};
  VIGIL_ASSIGN_OR_RETURN(const auto lists, client_.Call(api::Method::kGet, "/watchlists"));
  std::string known;
  for (const json::value& list : lists.at("items").as_array()) {
    const std::string name = TextAt(list, "name");
    list_ids_[name] = TextAt(list, "id");
    known += format("{}{}", known.empty() ? "" : ", ", name);
  }
  std::set<std::string> missing;
  std::string told;
  for (const PlannedPhoto& photo : plan_.photos) {
    for (const std::string& list : photo.lists) {
      if (list_ids_.contains(list) || !missing.insert(list).second) continue;
      told += format("{}{}there is no watch-list {}", told.empty() ? "" : "\n  ",
                     photo.where.empty() ? "" : photo.where + ": ", list);
    }
  }
  if (missing.empty()) return {};
  return Fail(ErrorCode::kNotFound,
              format("{}; there are: {}", told, known.empty() ? "none" : known));
}

Result<RestAnswer> BulkEnrolment::SendPatiently(const PlannedPhoto& photo, std::string_view bytes,
                                                std::stop_token stop) {
  std::vector<std::pair<std::string, std::string>> fields = {{"name", photo.person}};
  if (!photo.reason.empty()) fields.emplace_back("reason", photo.reason);
  if (!photo.notes.empty()) fields.emplace_back("notes", photo.notes);
  std::string lists;
  for (const std::string& list : photo.lists) {
    lists += format("{}{}", lists.empty() ? "" : ",", list_ids_.at(list));
  }
  if (!lists.empty()) fields.emplace_back("watchlists", std::move(lists));
  const api::FormBody form = api::MakePhotoForm(bytes, fields);
  milliseconds pause = kFirstPause;
  for (int tries = 1;; ++tries, pause *= 2) {
    auto answer =
        client_.Send(api::Method::kPost, "/criminals/enroll", form.content_type, form.body);
    if (!answer || !MayPass(answer->status) || tries == kTriesMax || stop.stop_requested()) {
      return answer;
    }
    clock_.SleepUntil(clock_.Now() + pause, stop);
  }
}

Result<FileVerdict> BulkEnrolment::Enrol(const PlannedPhoto& photo, std::stop_token stop) {
  FileVerdict verdict{.path = photo.path, .person = photo.person};
  const auto bytes = ReadFileBytes(photo.path);
  if (!bytes) {
    verdict.code = "unreadable_file";
    verdict.message = bytes.error().message;
    if (!photo.where.empty()) verdict.message = photo.where + ": " + verdict.message;
    return verdict;
  }
  const std::string_view text(reinterpret_cast<const char*>(bytes->data()), bytes->size());
  VIGIL_ASSIGN_OR_RETURN(const RestAnswer answer, SendPatiently(photo, text, stop));
  if (EndsAll(answer.status)) {
    return Fail(ErrorCode::kUnavailable,
                format("{}: {}", photo.path.string(), ProblemText(answer)));
  }
  if (!answer.Good()) {
    verdict.code = TextAt(answer.body, "code");
    verdict.message = ProblemText(answer);
    return verdict;
  }
  const bool already = FlagAt(answer.body, "already_enrolled");
  verdict.verdict = already ? Verdict::kAlreadyEnrolled : Verdict::kEnrolled;
  verdict.person_id = TextAt(answer.body, "person_id");
  verdict.person_created = FlagAt(answer.body, "person_created");
  verdict.photo_id = TextAt(answer.body, "photo_id");
  verdict.photo = answer.body.at("photo");
  return verdict;
}

Status BulkEnrolment::Run(std::stop_token stop) {
  for (const PassedOver& file : plan_.passed_over) {
    on_verdict_({.path = file.path,
                 .person = {},
                 .verdict = file.a_picture ? Verdict::kRefused : Verdict::kPassedOver,
                 .code = file.a_picture ? "unusable_file" : "",
                 .message = file.why});
    ++done_;
  }
  std::stop_source ended;  // by the first error
  std::atomic<std::size_t> next = 0;
  std::mutex mutex;  // guards `failed` and the calls of on_verdict_
  Status failed;
  const auto work = [&] {
    for (std::size_t i = next++; i < plan_.photos.size(); i = next++) {
      if (stop.stop_requested() || ended.stop_requested()) return;
      const auto verdict = Enrol(plan_.photos[i], stop);
      const std::lock_guard lock(mutex);
      if (!verdict) {
        if (failed) failed = std::unexpected(verdict.error());
        ended.request_stop();
        return;
      }
      on_verdict_(*verdict);
      ++done_;
    }
  };
  const std::size_t threads =
      std::min<std::size_t>(static_cast<std::size_t>(client_.PhotosAtOnce()), plan_.photos.size());
  std::vector<std::jthread> workers;
  for (std::size_t i = 0; i < threads; ++i) workers.emplace_back(work);
  workers.clear();
  return failed;
}

}  // namespace vigil::app
