// See calibration.h. Impostor similarities are counted in fine bins: a thousand photos have half a
// million pairs.
#include "pipeline/calibration.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <set>

#include "base/format.h"

namespace vigil::pipeline {
namespace {

constexpr std::array kRates = {1e-2, 1e-3, 1e-4, 1e-5};
constexpr std::size_t kPointsMin = 2;
constexpr std::size_t kBins = 20'000;  // of 0.0001 from -1 to 1

// How many pairs have which similarity.
class Spread {
 public:
  void Add(float similarity) {
    const double place = (std::clamp(static_cast<double>(similarity), -1.0, 1.0) + 1) / 2;
    ++bins_[std::min(kBins - 1, static_cast<std::size_t>(place * kBins))];
    sum_ += similarity;
    ++count_;
  }

  std::size_t Count() const { return count_; }
  double Mean() const { return count_ == 0 ? 0 : sum_ / static_cast<double>(count_); }

  // The lowest similarity that at most `rate` of the pairs reach.
  double SimilarityAt(double rate) const {
    const double permitted = rate * static_cast<double>(count_);
    std::size_t above = 0;
    std::size_t bin = kBins;
    while (bin > 0 && static_cast<double>(above + bins_[bin - 1]) <= permitted)
      above += bins_[--bin];
    return static_cast<double>(bin) / kBins * 2 - 1;
  }

  double ShareFrom(double similarity) const {
    const auto first = static_cast<std::size_t>(std::lround((similarity + 1) / 2 * kBins));
    std::size_t above = 0;
    for (std::size_t bin = first; bin < kBins; ++bin) above += bins_[bin];
    return static_cast<double>(above) / static_cast<double>(count_);
  }

 private:
  std::vector<std::uint32_t> bins_ = std::vector<std::uint32_t>(kBins);
  std::size_t count_ = 0;
  double sum_ = 0;
};

std::unexpected<Error> TooFew(const CalibrationReport& report) {
  // The rarest rate that must be measured, and how many photos of different people that takes.
  const double pairs = static_cast<double>(kCalibrationImpostorsAbove) / kRates[kPointsMin - 1];
  const auto photos = static_cast<std::size_t>(std::ceil((1 + std::sqrt(1 + 8 * pairs)) / 2));
  return Fail(
      ErrorCode::kInvalidArgument,
      format("{} usable photos of {} people give {} pairs of different people, too few to "
             "measure how strangers score: give at least {} people and about {} photos",
             report.photos, report.people, report.impostor_pairs, kCalibrationPeopleMin, photos));
}

}  // namespace

ImpostorTail CalibrationReport::Tail() const {
  ImpostorTail tail;
  for (const CalibrationPoint& point : points)
    tail.points.push_back({point.false_match_rate, point.similarity});
  return tail;
}

Result<CalibrationReport> MeasureCalibration(std::span<const LabelledEmbedding> faces) {
  Spread genuine;
  Spread impostor;
  std::set<std::string> people;
  for (std::size_t i = 0; i < faces.size(); ++i) {
    people.insert(faces[i].person);
    for (std::size_t j = i + 1; j < faces.size(); ++j) {
      Spread& spread = faces[i].person == faces[j].person ? genuine : impostor;
      spread.Add(Similarity(faces[i].embedding, faces[j].embedding));
    }
  }
  CalibrationReport report{.people = people.size(),
                           .photos = faces.size(),
                           .genuine_pairs = genuine.Count(),
                           .impostor_pairs = impostor.Count(),
                           .genuine_mean = genuine.Mean(),
                           .impostor_mean = impostor.Mean(),
                           .points = {}};
  for (const double rate : kRates) {
    const double above = rate * static_cast<double>(impostor.Count());
    if (above + 1e-9 < static_cast<double>(kCalibrationImpostorsAbove)) break;
    const double similarity = impostor.SimilarityAt(rate);
    if (!report.points.empty() && similarity <= report.points.back().similarity) break;
    CalibrationPoint point{
        .false_match_rate = rate, .similarity = similarity, .true_match_rate = {}};
    if (genuine.Count() > 0) point.true_match_rate = genuine.ShareFrom(similarity);
    report.points.push_back(point);
  }
  if (report.people < kCalibrationPeopleMin || report.points.size() < kPointsMin)
    return TooFew(report);
  return report;
}

}  // namespace vigil::pipeline
