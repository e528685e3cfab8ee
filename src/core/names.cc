// The words by which APIs, logs and tables name the values of core's enumerations.
#include "base/check.h"
#include "core/face_quality.h"
#include "core/frame_source.h"
#include "core/incident.h"
#include "core/outcome.h"
#include "core/person.h"
#include "core/watchlist.h"

namespace vigil {

std::string_view ReasonName(UnrecognisableReason reason) {
  switch (reason) {
    case UnrecognisableReason::kTooSmall:
      return "too_small";
    case UnrecognisableReason::kTurnedAway:
      return "turned_away";
    case UnrecognisableReason::kBlurred:
      return "blurred";
    case UnrecognisableReason::kDark:
      return "dark";
    case UnrecognisableReason::kOccluded:
      return "occluded";
  }
  VIGIL_CHECK(false, "unknown reason");
}

std::string_view VerdictName(Verdict verdict) {
  switch (verdict) {
    case Verdict::kConfirmed:
      return "confirmed";
    case Verdict::kFalseMatch:
      return "false_match";
    case Verdict::kUnsure:
      return "unsure";
  }
  VIGIL_CHECK(false, "unknown verdict");
}

std::string_view StreamFaultName(StreamFault fault) {
  switch (fault) {
    case StreamFault::kNone:
      return "none";
    case StreamFault::kRefused:
      return "refused";
    case StreamFault::kUnauthorised:
      return "unauthorised";
    case StreamFault::kNoRoute:
      return "no_route";
    case StreamFault::kNotFound:
      return "not_found";
    case StreamFault::kNoVideo:
      return "no_video";
    case StreamFault::kStalled:
      return "stalled";
    case StreamFault::kUndecodable:
      return "undecodable";
    case StreamFault::kEnded:
      return "ended";
    case StreamFault::kFrozen:
      return "frozen";
    case StreamFault::kOther:
      return "other";
  }
  VIGIL_CHECK(false, "unknown fault");
}

std::string_view StreamFaultMend(StreamFault fault) {
  switch (fault) {
    case StreamFault::kNone:
      return "nothing to mend";
    case StreamFault::kRefused:
      return "check that the camera is on and that the port in its URL is right";
    case StreamFault::kUnauthorised:
      return "check the user name and password in the camera's URL";
    case StreamFault::kNoRoute:
      return "check the camera's address, cable and network";
    case StreamFault::kNotFound:
      return "check the path in the camera's URL";
    case StreamFault::kNoVideo:
      return "choose a stream of the camera that carries video";
    case StreamFault::kStalled:
      return "check the network's load and the camera's bit rate";
    case StreamFault::kUndecodable:
      return "set the camera to H.264 or H.265";
    case StreamFault::kEnded:
      return "the stream ended; a camera is reconnected by itself";
    case StreamFault::kFrozen:
      return "restart the camera: it repeats one picture; if the scene is truly without any "
             "change, "
             "set recognition.frozen_picture_s to 0";
    case StreamFault::kOther:
      return "see the log for the cause";
  }
  VIGIL_CHECK(false, "unknown fault");
}

std::string_view OutcomeName(Outcome outcome) {
  switch (outcome) {
    case Outcome::kMatch:
      return "match";
    case Outcome::kPossibleMatch:
      return "possible_match";
    case Outcome::kStranger:
      return "stranger";
    case Outcome::kUnrecognisable:
      return "unrecognisable";
    case Outcome::kSpoof:
      return "spoof";
  }
  VIGIL_CHECK(false, "unknown outcome");
}

std::string_view MaskRuleName(MaskRule rule) {
  switch (rule) {
    case MaskRule::kAny:
      return "any";
    case MaskRule::kRequired:
      return "required";
    case MaskRule::kForbidden:
      return "forbidden";
  }
  VIGIL_CHECK(false, "unknown rule");
}

std::optional<MaskRule> MaskRuleOf(std::string_view word) {
  for (const MaskRule rule : {MaskRule::kAny, MaskRule::kRequired, MaskRule::kForbidden}) {
    if (MaskRuleName(rule) == word) return rule;
  }
  return std::nullopt;
}

std::string_view SeverityName(Severity severity) {
  switch (severity) {
    case Severity::kLow:
      return "low";
    case Severity::kMedium:
      return "medium";
    case Severity::kHigh:
      return "high";
    case Severity::kCritical:
      return "critical";
  }
  VIGIL_CHECK(false, "unknown severity");
}

}  // namespace vigil
