// See enrolment_printer.h.
#include "app/enrolment_printer.h"

#include <cstdio>

#include "app/command.h"
#include "base/format.h"

namespace vigil::app {
namespace {

// More of a kind are only counted for people; JSON has them all.
constexpr std::size_t kLinesOfAKindMax = 50;

json::object PhotoJson(const ReportedPhoto& photo) {
  return {{"person", photo.person},
          {"person_id", photo.person_id},
          {"photo_id", photo.photo_id},
          {"path", photo.path.empty() ? json::value(nullptr) : json::value(photo.path)}};
}

json::object PairJson(const ReportedPair& pair) {
  return {{"first", PhotoJson(pair.first)},
          {"second", PhotoJson(pair.second)},
          {"similarity", pair.similarity},
          {"same_picture", pair.same_picture}};
}

std::string PhotoText(const ReportedPhoto& photo) {
  return photo.path.empty() ? format("photo {}", photo.photo_id) : photo.path;
}

template <class Items, class LineOf>
void PrintSome(std::string_view heading, const Items& items, LineOf line_of) {
  if (items.empty()) return;
  PrintLine(format("\n{} ({}):", heading, items.size()));
  for (std::size_t i = 0; i < items.size() && i < kLinesOfAKindMax; ++i) {
    PrintLine("  " + line_of(items[i]));
  }
  if (items.size() > kLinesOfAKindMax) {
    PrintLine(format("  and {} more; --json tells all", items.size() - kLinesOfAKindMax));
  }
}

std::string Headline(const FileVerdict& verdict, bool bulk) {
  const std::string path = verdict.path.string();
  switch (verdict.verdict) {
    case Verdict::kEnrolled:
      return bulk ? format("{}: enrolled as {}", path, verdict.person) : path + ": enrolled";
    case Verdict::kAlreadyEnrolled:
      return bulk ? format("{}: already enrolled as {}", path, verdict.person)
                  : path + ": already enrolled";
    case Verdict::kRefused:
      return format("{}: refused: {}", path, verdict.message);
    case Verdict::kPassedOver:
      return format("{}: passed over: {}", path, verdict.message);
  }
  return path;
}

}  // namespace

json::object VerdictJson(const FileVerdict& verdict) {
  const bool enrolled =
      verdict.verdict == Verdict::kEnrolled || verdict.verdict == Verdict::kAlreadyEnrolled;
  json::object line{{"path", verdict.path.string()},
                    {"person", verdict.person},
                    {"verdict", VerdictName(verdict.verdict)},
                    {"enrolled", enrolled}};
  if (enrolled) {
    line["person_id"] = verdict.person_id;
    line["photo_id"] = verdict.photo_id;
    if (!verdict.photo.is_null()) line["photo"] = verdict.photo;
  } else {
    if (!verdict.code.empty()) line["code"] = verdict.code;
    line["error"] = verdict.message;
  }
  return line;
}

void EnrolmentPrinter::Print(const FileVerdict& verdict) const {
  if (json_) PrintJson(VerdictJson(verdict));
  if (!bulk_ && verdict.verdict == Verdict::kRefused) {
    std::fprintf(stderr, "vigil: %s: %s\n", verdict.path.c_str(), verdict.message.c_str());
    return;
  }
  if (json_) return;
  PrintLine(Headline(verdict, bulk_));
  const auto* photo = verdict.photo.if_object();
  const auto* advice = photo != nullptr ? photo->if_contains("advice") : nullptr;
  if (advice == nullptr || !advice->is_array()) return;
  for (const json::value& sentence : advice->get_array()) {
    PrintLine(format("  {}", std::string_view(sentence.as_string())));
  }
}

void EnrolmentPrinter::Print(const EnrolmentReport& report) const {
  if (json_) {
    for (const auto& pair : report.look_alikes) PrintJson({{"look_alikes", PairJson(pair)}});
    for (const auto& pair : report.near_duplicates) {
      PrintJson({{"near_duplicates", PairJson(pair)}});
    }
    for (const auto& poor : report.poor_photos) {
      json::object line = PhotoJson(poor.photo);
      line["quality"] = poor.quality;
      PrintJson({{"poor_photo", std::move(line)}});
    }
    return;
  }
  PrintSome(format("Different people who look alike, from similarity {:.3f} on: the same person "
                   "under two names?",
                   report.threshold),
            report.look_alikes, [](const ReportedPair& pair) {
              return format("{:.3f} {} and {}: {}, {}{}", pair.similarity, pair.first.person,
                            pair.second.person, PhotoText(pair.first), PhotoText(pair.second),
                            pair.same_picture ? " (the same picture)" : "");
            });
  PrintSome("Photos of one person that are nearly the same picture", report.near_duplicates,
            [](const ReportedPair& pair) {
              return format("{:.3f} {}: {}, {}", pair.similarity, pair.first.person,
                            PhotoText(pair.first), PhotoText(pair.second));
            });
  PrintSome("Poor photos; better ones are recognised better", report.poor_photos,
            [](const PoorPhotoLine& poor) {
              return format("quality {:.2f} {}: {}", poor.quality, poor.photo.person,
                            PhotoText(poor.photo));
            });
}

void EnrolmentPrinter::PrintSummary(const EnrolmentCounts& counts, std::size_t files,
                                    std::chrono::duration<double> elapsed, bool interrupted) const {
  const double seconds = elapsed.count();
  const double rate = seconds > 0 ? static_cast<double>(counts.Files()) / seconds : 0;
  if (json_) {
    PrintJson({{"summary",
                {{"files", files},
                 {"enrolled", counts.enrolled},
                 {"already_enrolled", counts.already_enrolled},
                 {"refused", counts.refused},
                 {"passed_over", counts.passed_over},
                 {"people_created", counts.people_created},
                 {"seconds", seconds},
                 {"files_per_s", rate},
                 {"interrupted", interrupted}}}});
    return;
  }
  PrintLine(
      format("\n{} of {} files in {:.1f} s ({:.1f} a second): {} enrolled ({} new people), "
             "{} already enrolled, {} refused, {} passed over",
             counts.Files(), files, seconds, rate, counts.enrolled, counts.people_created,
             counts.already_enrolled, counts.refused, counts.passed_over));
  if (counts.Files() < files) PrintLine("not finished; run the same command again to go on");
}

}  // namespace vigil::app
