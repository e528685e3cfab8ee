// (1) A face found again near its time and place is not missed, in each whole pass but the first.
// (2) One that came too late, lies elsewhere or was found in another stream is missed.
#include "app/face_ledger.h"

#include <gtest/gtest.h>

namespace vigil::app {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPass{4000};
const std::vector<KnownFace> kKnown = {{milliseconds{1000}, {100, 100, 150, 160}}};

Detection At(Box box) { return {.box = box, .score = 1}; }

TEST(FaceLedger, FindsAFaceNearItsTimeAndPlaceInEveryWholePass) {
  FaceLedger ledger;
  const std::vector<Detection> faces = {At({105, 102, 155, 161}), At({500, 500, 550, 560})};
  ledger.Note("a", milliseconds{5200}, faces);
  ledger.Note("a", milliseconds{8700}, faces);
  const auto count = ledger.Compare("a", kKnown, kPass, milliseconds{13'000});
  EXPECT_EQ(count.expected, 2) << "the passes from 4 to 8 and from 8 to 12 s";
  EXPECT_EQ(count.missed, 0);
  EXPECT_EQ(ledger.Faces(), 4);
}

TEST(FaceLedger, MissesWhatCameTooLateOrElsewhereOrInAnotherStream) {
  FaceLedger ledger;
  ledger.Note("a", milliseconds{5500}, std::vector{At({100, 100, 150, 160})});
  ledger.Note("a", milliseconds{9000}, std::vector{At({300, 100, 350, 160})});
  ledger.Note("b", milliseconds{5000}, std::vector{At({100, 100, 150, 160})});
  const auto count = ledger.Compare("a", kKnown, kPass, milliseconds{12'000});
  EXPECT_EQ(count.expected, 2);
  EXPECT_EQ(count.missed, 2);
  EXPECT_EQ(ledger.Compare("nobody", kKnown, kPass, milliseconds{8000}).missed, 1);
}

TEST(FaceLedger, ExpectsNothingBeforeAPassIsWhole) {
  const FaceLedger ledger;
  EXPECT_EQ(ledger.Compare("a", kKnown, kPass, milliseconds{7999}).expected, 0);
  EXPECT_EQ(ledger.Compare("a", kKnown, milliseconds{0}, milliseconds{7999}).expected, 0);
}

}  // namespace
}  // namespace vigil::app
