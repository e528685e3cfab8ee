// What `vigil enroll` says: for people, or one JSON object a line.
#pragma once

#include <chrono>
#include <cstddef>

#include "app/bulk_enrolment.h"
#include "app/enrolment_report.h"

namespace vigil::app {

// Verdicts, report and summary go to stdout; why a photo of a single person is refused, to stderr.
class EnrolmentPrinter {
 public:
  // `bulk`: people are named beside their photos.
  EnrolmentPrinter(bool bulk, bool json) : bulk_(bulk), json_(json) {}

  void Print(const FileVerdict& verdict) const;
  void Print(const EnrolmentReport& report) const;
  // `elapsed`: from the first photo to the last, without the report.
  void PrintSummary(const EnrolmentCounts& counts, std::size_t files,
                    std::chrono::duration<double> elapsed, bool interrupted) const;

 private:
  const bool bulk_;
  const bool json_;
};

json::object VerdictJson(const FileVerdict& verdict);

}  // namespace vigil::app
