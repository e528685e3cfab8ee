// The words by which tables name the values of core's enumerations.
#include "database/rows.h"

namespace vigil::database {

std::string_view StateName(IncidentState state) {
  return state == IncidentState::kOpen ? "open" : "acknowledged";
}

std::string_view StateName(DeliveryState state) {
  switch (state) {
    case DeliveryState::kPending:
      return "pending";
    case DeliveryState::kSent:
      return "sent";
    case DeliveryState::kDead:
      return "dead";
  }
  VIGIL_CHECK(false, "unknown delivery state");
}

std::string_view RoleName(Role role) {
  VIGIL_CHECK(role != Role::kPublic, "an account has a role");
  return role == Role::kAdmin ? "admin" : "operator";
}

Outcome OutcomeFromWord(std::string_view word) {
  return FromWord(word,
                  {Outcome::kMatch, Outcome::kPossibleMatch, Outcome::kStranger,
                   Outcome::kUnrecognisable, Outcome::kSpoof},
                  [](Outcome outcome) { return OutcomeName(outcome); });
}

Verdict VerdictFromWord(std::string_view word) {
  return FromWord(word, {Verdict::kConfirmed, Verdict::kFalseMatch, Verdict::kUnsure},
                  [](Verdict verdict) { return VerdictName(verdict); });
}

DeliveryState DeliveryStateFromWord(std::string_view word) {
  return FromWord(word, {DeliveryState::kPending, DeliveryState::kSent, DeliveryState::kDead},
                  [](DeliveryState state) { return StateName(state); });
}

UnrecognisableReason UnrecognisableReasonFromWord(std::string_view word) {
  return FromWord(word,
                  {UnrecognisableReason::kTooSmall, UnrecognisableReason::kTurnedAway,
                   UnrecognisableReason::kBlurred, UnrecognisableReason::kDark,
                   UnrecognisableReason::kOccluded},
                  [](UnrecognisableReason reason) { return ReasonName(reason); });
}

Severity SeverityOf(std::int64_t number) {
  if (number < 0 || number > 3) throw RowError(format("unknown severity {}", number));
  return static_cast<Severity>(number);
}

}  // namespace vigil::database
