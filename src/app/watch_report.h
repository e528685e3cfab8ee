// One run of `vigil watch` as one HTML page: who appeared when, with pictures.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "core/outcome.h"
#include "pipeline/track_outcome.h"

namespace vigil::app {

// What the page says beside the appearances.
struct WatchReportFacts {
  std::string source;  // as people may see it: without credentials
  std::string models;
  std::size_t people_enrolled = 0;
  WallTime written_at{};
};

// Takes outcomes as they are told, from one thread. Memory and page are bounded: the faces beyond
// the bounds are counted, and the page says so.
class WatchReport {
 public:
  static constexpr std::size_t kAppearancesMax = 1'000;
  static constexpr std::size_t kPicturesMax = 300;

  void Take(const pipeline::TrackOutcome& outcome);

  // A page on its own: no script, nothing loaded from anywhere, every text from outside escaped.
  std::string Html(const WatchReportFacts& facts) const;

 private:
  using Time = std::chrono::milliseconds;  // into the stream
  // One track's last word.
  struct Appearance {
    std::int64_t track_id = 0;
    Outcome outcome = Outcome::kStranger;
    std::string person_id;
    std::string name;
    float similarity = 0;
    float threshold = 0;
    float floor = 0;
    double stranger_odds = 1;
    Time from{0};
    Time to{0};
    std::string picture;  // JPEG in base64; empty: none kept

    bool Named() const { return outcome == Outcome::kMatch || outcome == Outcome::kPossibleMatch; }
  };

  std::vector<const Appearance*> Named() const;
  std::vector<const Appearance*> Strangers() const;
  Time Duration() const;
  std::string Summary(const WatchReportFacts& facts) const;
  std::string Timeline() const;
  std::string Row(const std::string& name, const std::vector<const Appearance*>& appearances,
                  const char* kind) const;
  std::string Cards() const;

  std::map<std::int64_t, Appearance> appearances_;  // by track
  std::map<UnrecognisableReason, int> unrecognisable_;
  std::size_t pictures_ = 0;
  std::size_t beyond_ = 0;  // tracks that ended beyond kAppearancesMax
  Time end_{0};
};

}  // namespace vigil::app
