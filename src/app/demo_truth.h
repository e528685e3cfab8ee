// What the demo must see, and the verdict on what it saw.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace vigil::app {

// One person of the simulated camera's schedule, in seconds of its loop.
struct DemoAppearance {
  std::string person;
  double from_s = 0;
  double to_s = 0;
  bool left = true;  // half of the picture
};

struct DemoSchedule {
  double loop_s = 0;
  std::vector<DemoAppearance> appearances;
};

// Reads what `vigil-camera --describe` prints.
Result<DemoSchedule> ParseDemoSchedule(const std::string& text);

// "ben_afflek" -> "Ben Afflek".
std::string DisplayName(std::string folder);

// Compares matches with the schedule. Used by one thread at a time.
class DemoTruth {
 public:
  // Everybody on the schedule but `stranger` is enrolled, under DisplayName.
  DemoTruth(DemoSchedule schedule, std::string stranger);

  double LoopSeconds() const { return schedule_.loop_s; }

  // A match was told: at `at_s` of the scene, on the left or right half.
  void NoteMatch(const std::string& name, double at_s, bool left, float similarity);
  void NoteStranger() { ++strangers_; }
  void NoteAlert(const std::string& name, bool webhook, bool genuine);

  // People who were missed or misnamed, or whose alerts did not come, after `scene_s` seconds;
  // empty: all well.
  std::vector<std::string> Faults(double scene_s) const;
  json::object Summary(double scene_s) const;

 private:
  struct Seen {
    int matches = 0;
    float best_similarity = 0;
    double first_s = 0;
    int webhooks = 0;
    int mails = 0;
  };
  bool VisibleAt(const std::string& name, double at_s, bool left) const;

  const DemoSchedule schedule_;
  const std::string stranger_;
  std::map<std::string, Seen> seen_;  // by name, everybody enrolled
  std::vector<std::string> misnamed_;
  int forged_ = 0;  // webhooks whose signature did not hold
  int strangers_ = 0;
};

}  // namespace vigil::app
