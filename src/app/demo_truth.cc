// The verdict on the demo.
#include "app/demo_truth.h"

#include <cctype>
#include <cmath>
#include <utility>

#include "base/format.h"

namespace vigil::app {
namespace {

// Between the camera's clock and ours lie connecting, buffering and a track that outlives its face.
constexpr double kToleranceS = 2.5;

}  // namespace

Result<DemoSchedule> ParseDemoSchedule(const std::string& text) {
  VIGIL_ASSIGN_OR_RETURN(const auto value, ParseJson(text));
  try {
    DemoSchedule schedule{.loop_s = value.at("loop_s").to_number<double>(), .appearances = {}};
    for (const json::value& item : value.at("appearances").as_array()) {
      schedule.appearances.push_back(
          {std::string(item.at("person").as_string()), item.at("from_s").to_number<double>(),
           item.at("to_s").to_number<double>(), item.at("left").as_bool()});
    }
    return schedule;
  } catch (const std::exception& failure) {
    return Fail(ErrorCode::kInternal,
                format("the camera's schedule is not understood: {}", failure.what()));
  }
}

std::string DisplayName(std::string folder) {
  bool first = true;
  for (char& c : folder) {
    if (c == '_') c = ' ';
    if (first) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    first = c == ' ';
  }
  return folder;
}

DemoTruth::DemoTruth(DemoSchedule schedule, std::string stranger)
    : schedule_(std::move(schedule)), stranger_(std::move(stranger)) {
  for (const auto& appearance : schedule_.appearances) {
    if (appearance.person != stranger_) seen_[DisplayName(appearance.person)] = {};
  }
}

bool DemoTruth::VisibleAt(const std::string& name, double at_s, bool left) const {
  const double in_loop = std::fmod(at_s, schedule_.loop_s);
  for (const auto& appearance : schedule_.appearances) {
    if (DisplayName(appearance.person) == name && appearance.left == left &&
        in_loop > appearance.from_s - kToleranceS && in_loop < appearance.to_s + kToleranceS) {
      return true;
    }
  }
  return false;
}

void DemoTruth::NoteMatch(const std::string& name, double at_s, bool left, float similarity) {
  if (!VisibleAt(name, at_s, left)) {
    misnamed_.push_back(format("{} was named at {:.1f} s on the {}, but was not there", name, at_s,
                               left ? "left" : "right"));
    return;
  }
  Seen& seen = seen_[name];
  if (seen.matches++ == 0) seen.first_s = at_s;
  seen.best_similarity = std::max(seen.best_similarity, similarity);
}

void DemoTruth::NoteAlert(const std::string& name, bool webhook, bool genuine) {
  if (!genuine) ++forged_;
  Seen& seen = seen_[name];
  ++(webhook ? seen.webhooks : seen.mails);
}

std::vector<std::string> DemoTruth::Faults(double scene_s) const {
  std::vector<std::string> faults = misnamed_;
  if (scene_s <= 0) faults.emplace_back("the camera never gave a picture: nothing was judged");
  if (forged_ > 0) faults.push_back(format("{} webhooks had a wrong signature", forged_));
  for (const auto& appearance : schedule_.appearances) {
    if (appearance.person == stranger_ || scene_s < appearance.to_s + kToleranceS) continue;
    const std::string name = DisplayName(appearance.person);
    const Seen& seen = seen_.at(name);
    if (seen.matches == 0) {
      faults.push_back(format("{} was in the picture and was not recognised", name));
    } else if (seen.webhooks == 0 || seen.mails == 0) {
      faults.push_back(format("an alert about {} did not arrive ({} webhooks, {} mails)", name,
                              seen.webhooks, seen.mails));
    }
  }
  for (const auto& [name, seen] : seen_) {
    if (seen.matches == 0 && seen.webhooks + seen.mails > 0) {
      faults.push_back(format("an alert about {} arrived without a match", name));
    }
  }
  return faults;
}

json::object DemoTruth::Summary(double scene_s) const {
  json::array people;
  for (const auto& [name, seen] : seen_) {
    people.push_back({{"name", name},
                      {"matches", seen.matches},
                      {"first_s", seen.matches > 0 ? json::value(seen.first_s) : nullptr},
                      {"best_similarity", ShortDecimal(seen.best_similarity)},
                      {"webhooks", seen.webhooks},
                      {"mails", seen.mails}});
  }
  json::array faults;
  for (const auto& fault : Faults(scene_s)) faults.push_back(json::string(fault));
  return {{"ok", faults.empty()},
          {"scene_s", scene_s},
          {"people", std::move(people)},
          {"strangers_seen", strangers_},
          {"faults", std::move(faults)}};
}

}  // namespace vigil::app
