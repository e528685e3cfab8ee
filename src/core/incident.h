// A visit of one enrolled person to one place, kept so that every decision can be audited.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "core/detection.h"
#include "core/outcome.h"
#include "core/person.h"

namespace vigil {

// One track of a visit: where, when, and why the system thought so.
struct Sighting {
  std::string id;
  std::string incident_id;
  std::string camera_id;
  std::string camera_name;
  WallTime seen_at{};  // capture of the last frame in which the track was seen by then
  std::int64_t track_id = 0;
  int face_count = 0;  // faces in the frame of frame_media_id
  Box box;             // pixels of that frame
  int frame_width = 0;
  int frame_height = 0;
  float quality = 0;
  std::string crop_media_id;   // the probe's crop, JPEG, sealed in the media store
  std::string frame_media_id;  // the whole frame, JPEG, sealed
  Decision decision;
  std::string detector;  // id, hash and precision of the models that decided
  std::string embedder;
  // The photo of the best candidate's reference, filled by the database; it may be deleted since.
  std::string reference_photo_id{};
};

enum class IncidentState { kOpen, kAcknowledged };

// What an operator made of an incident.
enum class Verdict { kConfirmed, kFalseMatch, kUnsure };

// "confirmed", "false_match", "unsure".
std::string_view VerdictName(Verdict verdict);

struct Label {
  Verdict verdict = Verdict::kUnsure;
  std::string note = {};
  std::string user_name = {};  // empty: the local socket
  WallTime at{};
};

struct Incident {
  std::string id;
  std::string person_id;
  std::string person_name;  // as it was at the time
  Severity severity = Severity::kMedium;
  std::string camera_group_id;        // Camera::VisitGroup
  Outcome outcome = Outcome::kMatch;  // kMatch or kPossibleMatch
  IncidentState state = IncidentState::kOpen;
  WallTime first_seen{};
  WallTime last_seen{};
  int sighting_count = 0;
  Sighting best;  // the sighting of the highest similarity
  std::string acknowledged_by;
  std::optional<WallTime> acknowledged_at;
  std::optional<Label> label;  // the newest verdict
};

// Everything the incident engine hands to the database for one judged track.
struct NewSighting {
  Person person;
  std::string camera_group_id;
  // Its id, by MakeUuid, says whether it was recorded already. Empty: the database makes one.
  // incident_id is filled by the database.
  Sighting sighting;
  // Who it may be as well, being nearly as similar and looked for there.
  std::optional<Person> near_equal = {};
};

struct IncidentFilter {
  std::string camera_id = {};
  std::string person_id = {};
  std::optional<WallTime> from = {};
  std::optional<WallTime> to = {};
  std::optional<Outcome> outcome = {};
  std::optional<IncidentState> state = {};
  std::optional<Verdict> verdict = {};  // the newest one
  bool unjudged = false;                // only those without a verdict
  bool operator==(const IncidentFilter&) const = default;
};

// One face seen, enrolled or not: what `detections` keeps.
struct DetectionRecord {
  std::string id;
  std::string camera_id;
  WallTime seen_at{};
  std::int64_t track_id = 0;
  Box box;
  float score = 0;
  float quality = 0;
  Outcome outcome = Outcome::kStranger;
  std::optional<UnrecognisableReason> reason;
  std::string best_person_id;  // empty: nobody enrolled
  float similarity = 0;
  float threshold = 0;
  std::string crop_media_id;  // empty: not kept
};

struct DetectionFilter {
  std::string camera_id = {};
  std::optional<WallTime> from = {};
  std::optional<WallTime> to = {};
  std::optional<Outcome> outcome = {};
  std::optional<std::int64_t> track_id = {};
};

}  // namespace vigil
