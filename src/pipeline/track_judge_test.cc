// When a track is judged, what counts as evidence, and that conclusions only grow surer.
#include "pipeline/track_judge.h"

#include <gtest/gtest.h>

#include "fakes/fake_embedder.h"

namespace vigil::pipeline {
namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t kSequence = 7;

Embedding EmbeddingOf(std::uint64_t person) { return FakeEmbedder::EmbeddingOfSeed(person, 128); }

Shot MakeShot(int pts_ms, float quality, Embedding embedding = {}) {
  Shot shot;
  shot.quality.score = quality;
  shot.frame.pts = milliseconds{pts_ms};
  shot.embedding = std::move(embedding);
  return shot;
}

Track TrackWith(std::vector<Shot> shots) {
  Track track;
  track.shots = std::move(shots);
  return track;
}

DecisionPolicy Policy() {
  return {.impostor_tail = {{{1e-2, 0.366}, {1e-3, 0.503}, {1e-4, 0.629}, {1e-5, 0.733}}}};
}

GallerySearch Found(const std::string& person, float similarity,
                    std::uint64_t sequence = kSequence) {
  return {{{person, person + "-1", similarity}}, {sequence, 100, 100}};
}

Decision Decided(const std::string& person, float similarity, std::uint64_t sequence = kSequence) {
  return Decide(Found(person, similarity, sequence), FaceQuality{}, Policy());
}

bool Due(const Track& track, int now_ms, bool ended = false, std::uint64_t sequence = kSequence) {
  return IsDue(track, milliseconds{now_ms}, ended, sequence, {});
}

TEST(IsDue, WaitsForTheEvidenceWindowOrTheEnd) {
  const Track track = TrackWith({MakeShot(0, 0.5F)});
  EXPECT_FALSE(Due(track, 400));
  EXPECT_TRUE(Due(track, 600));
  EXPECT_TRUE(Due(track, 100, true));
}

TEST(IsDue, JudgesAgainOnlyForBetterOrMoreShotsAfterAGrowingWait) {
  Track track = TrackWith({MakeShot(0, 0.5F)});
  Conclude(track, Decided("anna", 0.2F), milliseconds{600});
  EXPECT_FALSE(Due(track, 5000)) << "nothing new to judge";
  track.shots.insert(track.shots.begin(), MakeShot(700, 0.52F));
  EXPECT_FALSE(Due(track, 1000)) << "too soon";
  EXPECT_TRUE(Due(track, 1200)) << "one more shot";
  Conclude(track, Decided("anna", 0.2F), milliseconds{1200});
  track.shots[0].quality.score = 0.55F;
  EXPECT_FALSE(Due(track, 9000)) << "hardly better";
  track.shots[0].quality.score = 0.7F;
  EXPECT_FALSE(Due(track, 2300)) << "the wait has doubled";
  EXPECT_TRUE(Due(track, 2400));
}

TEST(IsDue, SearchesAgainWhenTheGalleryChanged) {
  Track track = TrackWith({MakeShot(0, 0.5F)});
  Conclude(track, Decided("anna", 0.2F), milliseconds{600});
  EXPECT_FALSE(Due(track, 1200));
  EXPECT_TRUE(Due(track, 1200, false, kSequence + 1));
  EXPECT_FALSE(Due(track, 700, false, kSequence + 1)) << "one of many changes in a moment";
  EXPECT_TRUE(Due(track, 700, true, kSequence + 1)) << "the last chance";
}

TEST(IsDue, DoesNotRepeatItselfAtTheEnd) {
  Track track = TrackWith({MakeShot(0, 0.5F)});
  Conclude(track, Decided("anna", 0.2F), milliseconds{600});
  EXPECT_FALSE(Due(track, 700, true));
}

TEST(NeedsProof, AsksForItRegularlyAtOnceInDoubtAndAtTheEnd) {
  Track track = TrackWith({MakeShot(0, 0.5F, EmbeddingOf(1))});
  track.newest = MakeShot(700, 0.4F);
  const auto needs = [&](int now_ms, bool ended = false) {
    return NeedsProof(track, milliseconds{now_ms}, ended, {});
  };
  EXPECT_FALSE(needs(5000, true)) << "not judged yet";
  Conclude(track, Decided("anna", 0.9F), milliseconds{600});
  track.proven_at = milliseconds{600};
  EXPECT_FALSE(needs(2599));
  EXPECT_TRUE(needs(2600));
  EXPECT_TRUE(needs(700, true));
  track.doubtful = true;
  EXPECT_TRUE(needs(700));
  track.newest.reset();
  EXPECT_FALSE(needs(5000)) << "nothing new to compare";
}

TEST(FindTakeover, LooksAtTheNewestShotToo) {
  Track track = TrackWith({MakeShot(0, 0.5F, EmbeddingOf(1))});
  track.newest = MakeShot(700, 0.4F, EmbeddingOf(2));
  EXPECT_EQ(FindTakeover(track, {}), milliseconds{700});
}

TEST(FindTakeover, FindsWhereAnotherFaceBegins) {
  const Track track =
      TrackWith({MakeShot(400, 0.9F, EmbeddingOf(2)), MakeShot(0, 0.5F, EmbeddingOf(1)),
                 MakeShot(200, 0.4F, EmbeddingOf(1))});
  EXPECT_EQ(FindTakeover(track, {}), milliseconds{400});
}

TEST(FindTakeover, TellsRelativesApartByTheirNames) {
  Track track = TrackWith({MakeShot(400, 0.9F, EmbeddingOf(1)), MakeShot(0, 0.5F, EmbeddingOf(1)),
                           MakeShot(200, 0.4F, EmbeddingOf(1))});
  track.shots[1].names = "eddie";
  EXPECT_EQ(FindTakeover(track, {}), std::nullopt);
  track.shots[0].names = "evan";
  EXPECT_EQ(FindTakeover(track, {}), milliseconds{400});
}

TEST(FindTakeover, LeavesOneFaceAlone) {
  const Track track = TrackWith({MakeShot(400, 0.9F, EmbeddingOf(1)),
                                 MakeShot(0, 0.5F, EmbeddingOf(1)), MakeShot(200, 0.4F)});
  EXPECT_EQ(FindTakeover(track, {}), std::nullopt);
}

TEST(FuseShots, WeighsByQualityAndIsOfUnitLength) {
  const Embedding good = EmbeddingOf(1);
  const Embedding poor = EmbeddingOf(2);
  const Embedding fused =
      FuseShots(TrackWith({MakeShot(0, 0.9F, good), MakeShot(200, 0.1F, poor)}));
  EXPECT_NEAR(Similarity(fused, fused), 1, 1e-5);
  EXPECT_GT(Similarity(fused, good), 0.95F);
  EXPECT_LT(Similarity(fused, poor), 0.5F);
}

TEST(FuseShots, IsEmptyWithoutEmbeddedShots) {
  EXPECT_TRUE(FuseShots(TrackWith({MakeShot(0, 0.9F)})).empty());
}

TEST(JudgeTrack, DoesNotNameAnybodyFromOnePoorShot) {
  const Track poor = TrackWith({MakeShot(0, 0.3F, EmbeddingOf(1))});
  const Track good = TrackWith({MakeShot(0, 0.8F, EmbeddingOf(1))});
  const Track two =
      TrackWith({MakeShot(0, 0.3F, EmbeddingOf(1)), MakeShot(200, 0.3F, EmbeddingOf(1))});
  EXPECT_EQ(JudgeTrack(poor, Found("anna", 0.8F), Policy(), {}).outcome, Outcome::kPossibleMatch);
  EXPECT_EQ(JudgeTrack(good, Found("anna", 0.8F), Policy(), {}).outcome, Outcome::kMatch);
  EXPECT_EQ(JudgeTrack(two, Found("anna", 0.8F), Policy(), {}).outcome, Outcome::kMatch);
}

Decision JudgedOn(const Track& track, float similarity) {
  return JudgeTrack(track, Found("anna", similarity), Policy(), {});
}

TEST(JudgeTrack, LooksThatNameAnotherMakeTheMatchDoubtful) {
  Track track = TrackWith({MakeShot(0, 0.8F, EmbeddingOf(1)), MakeShot(200, 0.8F, EmbeddingOf(1))});
  track.shots[0].names = "anna";
  EXPECT_EQ(JudgedOn(track, 0.9F).outcome, Outcome::kMatch) << "the other is sure of nobody";
  track.shots[1].names = "bert";
  const Decision decision = JudgedOn(track, 0.9F);
  EXPECT_EQ(decision.outcome, Outcome::kPossibleMatch);
  EXPECT_TRUE(decision.trace.threshold.disputed);
  EXPECT_FALSE(decision.trace.threshold.lone_shot);
  EXPECT_FALSE(JudgedOn(track, 0.5F).trace.threshold.disputed) << "it was no match anyway";
}

TEST(JudgeTrack, TellsEveryReasonForDoubt) {
  Track track = TrackWith({MakeShot(0, 0.3F, EmbeddingOf(1))});
  track.shots[0].names = "bert";
  const GallerySearch twins{{{"anna", "a", 0.9F}, {"bert", "b", 0.89F}}, {kSequence, 100, 100}};
  const Decision decision = JudgeTrack(track, twins, Policy(), {});
  EXPECT_EQ(decision.outcome, Outcome::kPossibleMatch);
  EXPECT_TRUE(decision.trace.threshold.near_equal);
  EXPECT_TRUE(decision.trace.threshold.lone_shot);
  EXPECT_TRUE(decision.trace.threshold.disputed);
}

TEST(JudgeTrack, WritesDownHowMuchWasKnown) {
  Track track = TrackWith({MakeShot(0, 0.5F, EmbeddingOf(1)), MakeShot(200, 0.25F)});
  track.shots[1].quality.unrecognisable = UnrecognisableReason::kBlurred;
  track.first_pts = milliseconds{100};
  track.last_pts = milliseconds{900};
  track.conclusion.judgements = 2;
  const JudgeOptions options;
  const EvidenceTrace expected{.judgements = 3,
                               .seen = milliseconds{800},
                               .quality = 0.5F,
                               .quality_min = options.stranger_evidence_min,
                               .patience = options.patience,
                               .renames_refused = 0};
  EXPECT_EQ(JudgedOn(track, 0.9F).trace.evidence, expected);
}

bool Enough(const Track& track, float similarity, int now_ms, bool ended = false) {
  return HasEnoughEvidence(track, JudgedOn(track, similarity), milliseconds{now_ms}, ended, {});
}

TEST(HasEnoughEvidence, OnePoorLookMakesNobodyAStrangerAtOnce) {
  const Track poor = TrackWith({MakeShot(0, 0.5F, EmbeddingOf(1))});
  EXPECT_FALSE(Enough(poor, 0.1F, 600));
  EXPECT_TRUE(Enough(poor, 0.1F, 2000)) << "no better look came";
  EXPECT_TRUE(Enough(poor, 0.1F, 600, true)) << "none will come";
  EXPECT_TRUE(Enough(poor, 0.9F, 600)) << "a name is not kept back";
  EXPECT_TRUE(Enough(poor, 0.5F, 600)) << "nor is a possible one";
}

TEST(HasEnoughEvidence, GoodLooksMakeAStrangerAtOnce) {
  const Track good =
      TrackWith({MakeShot(0, 0.7F, EmbeddingOf(1)), MakeShot(200, 0.7F, EmbeddingOf(1))});
  EXPECT_TRUE(Enough(good, 0.1F, 600));
}

TEST(HasEnoughEvidence, AFaceThatIsTurnedAwayMayYetTurnRound) {
  Track turned = TrackWith({MakeShot(0, 0.9F), MakeShot(200, 0.9F)});
  for (Shot& shot : turned.shots) shot.quality.unrecognisable = UnrecognisableReason::kTurnedAway;
  EXPECT_FALSE(Enough(turned, 0, 600));
  EXPECT_TRUE(Enough(turned, 0, 2000));
  EXPECT_TRUE(Enough(turned, 0, 600, true));
}

TEST(IsDue, APostponedTrackIsJudgedWhenPatienceEndsOrItDoes) {
  Track track = TrackWith({MakeShot(0, 0.5F)});
  Postpone(track, milliseconds{600});
  EXPECT_FALSE(Due(track, 1900)) << "nothing new, and time left";
  EXPECT_TRUE(Due(track, 2000));
  EXPECT_TRUE(Due(track, 700, true)) << "nobody passes without a trace";
  track.shots[0].quality.unrecognisable = UnrecognisableReason::kBlurred;
  EXPECT_TRUE(Due(track, 2000)) << "looks of no use must be told of, too";
  Conclude(track, Decided("anna", 0.2F), milliseconds{2000});
  EXPECT_FALSE(Due(track, 2100));
}

Decision DecidedBetween(const std::string& first, float similarity, const std::string& second,
                        float less, std::uint64_t sequence = kSequence) {
  return Decide(
      {{{first, first + "-1", similarity}, {second, second + "-1", less}}, {sequence, 100, 100}},
      FaceQuality{}, Policy());
}

TEST(Conclude, AGivenNameGoesOverOnlyToSomebodyClearlyMoreSimilar) {
  Track track = TrackWith({MakeShot(0, 0.5F)});
  EXPECT_TRUE(Conclude(track, Decided("anna", 0.75F), milliseconds{600}));
  EXPECT_FALSE(Conclude(track, DecidedBetween("bert", 0.85F, "anna", 0.77F), milliseconds{1200}));
  EXPECT_EQ(track.conclusion.decision->candidates.front().person_id, "anna");
  EXPECT_EQ(track.conclusion.decision->trace.evidence.renames_refused, 1);
  EXPECT_TRUE(Conclude(track, DecidedBetween("bert", 0.85F, "anna", 0.6F), milliseconds{2400}));
  EXPECT_EQ(track.conclusion.decision->candidates.front().person_id, "bert");
  EXPECT_EQ(track.conclusion.decision->trace.evidence.renames_refused, 0);
}

TEST(Conclude, APossibleNameGivesWayToAMatch) {
  Track track = TrackWith({MakeShot(0, 0.5F)});
  EXPECT_TRUE(Conclude(track, Decided("anna", 0.5F), milliseconds{600}));
  EXPECT_FALSE(Conclude(track, DecidedBetween("bert", 0.55F, "anna", 0.5F), milliseconds{1200}));
  EXPECT_TRUE(Conclude(track, DecidedBetween("bert", 0.8F, "anna", 0.74F), milliseconds{2400}));
  EXPECT_EQ(track.conclusion.decision->candidates.front().person_id, "bert");
}

TEST(Conclude, ChangedGalleriesRenameAtOnce) {
  Track track = TrackWith({MakeShot(0, 0.5F)});
  EXPECT_TRUE(Conclude(track, Decided("anna", 0.75F), milliseconds{600}));
  EXPECT_TRUE(Conclude(track, DecidedBetween("bert", 0.8F, "anna", 0.74F, kSequence + 1),
                       milliseconds{1200}));
}

TEST(Conclude, SpeaksOnceForEachChange) {
  Track track = TrackWith({MakeShot(0, 0.5F)});
  EXPECT_TRUE(Conclude(track, Decided("anna", 0.3F), milliseconds{600}));     // stranger
  EXPECT_FALSE(Conclude(track, Decided("bert", 0.35F), milliseconds{1200}));  // still a stranger
  EXPECT_TRUE(Conclude(track, Decided("anna", 0.5F), milliseconds{2400}));    // possible match
  EXPECT_TRUE(Conclude(track, Decided("anna", 0.7F), milliseconds{4800}));    // match
  EXPECT_FALSE(Conclude(track, Decided("anna", 0.9F), milliseconds{9600}));
  EXPECT_FLOAT_EQ(track.conclusion.decision->similarity, 0.9F);
}

TEST(Conclude, DoesNotLoseAMatchToAPoorerAngle) {
  Track track = TrackWith({MakeShot(0, 0.5F)});
  EXPECT_TRUE(Conclude(track, Decided("anna", 0.7F), milliseconds{600}));
  EXPECT_FALSE(Conclude(track, Decided("anna", 0.5F), milliseconds{1200}));
  EXPECT_EQ(track.conclusion.decision->outcome, Outcome::kMatch);
}

TEST(Conclude, ForgetsAPersonWhoWasDeletedMeanwhile) {
  Track track = TrackWith({MakeShot(0, 0.5F)});
  EXPECT_TRUE(Conclude(track, Decided("anna", 0.9F), milliseconds{600}));
  EXPECT_TRUE(Conclude(track, Decided("bert", 0.1F, kSequence + 1), milliseconds{700}));
  EXPECT_EQ(track.conclusion.decision->outcome, Outcome::kStranger);
}

Decision ListedAs(float similarity, bool strict_passed, std::uint64_t revision = 0) {
  Decision decision = Decided("anna", similarity);
  decision.trace.watchlists = {{"usual", "", 0.5F, true}, {"strict", "", 0.8F, strict_passed}};
  decision.rules_revision = revision;
  return decision;
}

TEST(Conclude, SpeaksWhenAStricterListNamesThePersonToo) {
  Track track = TrackWith({MakeShot(0, 0.5F)});
  EXPECT_TRUE(Conclude(track, ListedAs(0.7F, false), milliseconds{600}));
  EXPECT_TRUE(Conclude(track, ListedAs(0.85F, true), milliseconds{1200}));
  EXPECT_FALSE(Conclude(track, ListedAs(0.9F, true), milliseconds{2400}));
}

// It is one of two for sure, but a poor look alone told nobody.
TEST(Conclude, SpeaksWhenWhatWasDoubtfulCallsForAnAlert) {
  Decision twins = Decided("anna", 0.8F);
  twins.outcome = Outcome::kPossibleMatch;
  ThresholdTrace& trace = twins.trace.threshold;
  trace.near_equal = true;
  trace.lead = 0.01F;
  trace.lead_min = 0.05F;
  Decision doubtful = twins;
  doubtful.trace.threshold.lone_shot = true;
  doubtful.similarity = 0.82F;
  Track track = TrackWith({MakeShot(0, 0.5F)});
  EXPECT_TRUE(Conclude(track, doubtful, milliseconds{600}));
  EXPECT_TRUE(Conclude(track, twins, milliseconds{1200}));
  EXPECT_FALSE(Conclude(track, doubtful, milliseconds{2400})) << "what was told stays";
  EXPECT_TRUE(CallsForAlert(*track.conclusion.decision));
}

TEST(Conclude, FollowsChangedWatchlists) {
  Track track = TrackWith({MakeShot(0, 0.5F)});
  Conclude(track, ListedAs(0.7F, false), milliseconds{600});
  EXPECT_FALSE(Due(track, 700));
  EXPECT_FALSE(Due(track, 1200));
  EXPECT_TRUE(IsDue(track, milliseconds{1200}, false, kSequence, {}, 1)) << "lists changed";
  Decision stranger = Decided("anna", 0.2F);
  stranger.rules_revision = 1;
  EXPECT_TRUE(Conclude(track, stranger, milliseconds{700}));
  EXPECT_EQ(track.conclusion.decision->outcome, Outcome::kStranger);
}

TEST(JudgeTrack, WritesDownEveryLook) {
  Shot turned = MakeShot(300, 0.9F);
  turned.quality.unrecognisable = UnrecognisableReason::kTurnedAway;
  Embedding other = EmbeddingOf(1);
  other[0] += 0.3F;
  Normalise(other);
  Track track = TrackWith({MakeShot(200, 0.6F, EmbeddingOf(1)), MakeShot(0, 0.2F, other), turned});
  track.shots.front().times.detect = std::chrono::microseconds{1'500};
  const Decision decision = JudgeTrack(track, Found("anna", 0.9F), Policy(), {});
  const DecisionTrace& trace = decision.trace;
  ASSERT_EQ(trace.shots.size(), 3U);
  EXPECT_EQ(trace.shots[0].pts, milliseconds{200});
  EXPECT_FLOAT_EQ(trace.shots[0].weight, 0.75F);
  EXPECT_FLOAT_EQ(trace.shots[1].weight, 0.25F);
  EXPECT_GT(trace.shots[0].similarity, trace.shots[1].similarity);
  EXPECT_FALSE(trace.shots[2].embedded);
  EXPECT_EQ(trace.shots[2].quality.unrecognisable, UnrecognisableReason::kTurnedAway);
  EXPECT_EQ(trace.probe.dimension, 128);
  EXPECT_EQ(trace.probe.shots, 2);
  EXPECT_LT(trace.probe.agreement, 1);
  EXPECT_GT(trace.probe.agreement, 0.9F);
  EXPECT_EQ(trace.times.detect, std::chrono::microseconds{1'500});
}

TEST(JudgeTrack, WritesDownThatALonePoorLookWasNotEnough) {
  const Track track = TrackWith({MakeShot(0, 0.5F, EmbeddingOf(1))});
  const Decision decision = JudgeTrack(track, Found("anna", 0.9F), Policy(), {});
  EXPECT_EQ(decision.outcome, Outcome::kPossibleMatch);
  EXPECT_TRUE(decision.trace.threshold.lone_shot);
  EXPECT_FLOAT_EQ(decision.trace.probe.agreement, 1);
}

Shot Covered(Shot shot, float covered) {
  shot.quality.covered = covered;
  return shot;
}

TEST(JudgeTrack, ACoveredFaceThatResemblesNobodyIsNoStranger) {
  const Track masked =
      TrackWith({Covered(MakeShot(0, 0.8F, EmbeddingOf(1)), 0.9F),
                 Covered(MakeShot(100, 0.8F, EmbeddingOf(1)), 0.6F), MakeShot(200, 0.1F)});
  const Decision decision = JudgeTrack(masked, Found("anna", 0.3F), Policy(), {});
  EXPECT_EQ(decision.outcome, Outcome::kUnrecognisable);
  EXPECT_EQ(decision.reason, UnrecognisableReason::kOccluded);
  EXPECT_NEAR(decision.trace.state.covered.value(), 0.75F, 1e-5F);
  EXPECT_FALSE(decision.trace.state.live.has_value());
}

TEST(JudgeTrack, WhoIsRecognisedInSpiteOfAMaskIsRecognised) {
  const Track masked = TrackWith({Covered(MakeShot(0, 0.8F, EmbeddingOf(1)), 0.9F),
                                  Covered(MakeShot(100, 0.8F, EmbeddingOf(1)), 0.9F)});
  EXPECT_EQ(JudgeTrack(masked, Found("anna", 0.9F), Policy(), {}).outcome, Outcome::kMatch);
  EXPECT_EQ(JudgeTrack(masked, Found("anna", 0.45F), Policy(), {}).outcome,
            Outcome::kPossibleMatch);
}

TEST(JudgeTrack, AHandBeforeTheMouthInOneLookDoesNotCoverTheFace) {
  const Track track = TrackWith({Covered(MakeShot(0, 0.8F, EmbeddingOf(1)), 0.02F),
                                 Covered(MakeShot(100, 0.8F, EmbeddingOf(1)), 0.9F)});
  const Decision decision = JudgeTrack(track, Found("anna", 0.3F), Policy(), {});
  EXPECT_EQ(decision.outcome, Outcome::kStranger);
  EXPECT_FALSE(decision.reason.has_value());
}

Shot Looking(Shot shot, float live) {
  shot.quality.live = live;
  return shot;
}

TEST(JudgeTrack, APictureOfAFaceIsASpoofWhomeverItShows) {
  const Track shown = TrackWith({Looking(MakeShot(0, 0.8F, EmbeddingOf(1)), 0.1F),
                                 Looking(MakeShot(100, 0.8F, EmbeddingOf(1)), 0.3F)});
  for (const float similarity : {0.9F, 0.45F, 0.1F}) {
    const Decision decision = JudgeTrack(shown, Found("anna", similarity), Policy(), {});
    EXPECT_EQ(decision.outcome, Outcome::kSpoof);
    EXPECT_NEAR(decision.trace.state.live.value(), 0.2F, 1e-5F);
  }
}

TEST(JudgeTrack, OneLookMakesNobodyASpoofButNamesNobodyEither) {
  const Track one = TrackWith({Looking(MakeShot(0, 0.8F, EmbeddingOf(1)), 0.1F)});
  EXPECT_EQ(JudgeTrack(one, Found("anna", 0.9F), Policy(), {}).outcome, Outcome::kPossibleMatch);
  EXPECT_EQ(JudgeTrack(one, Found("anna", 0.1F), Policy(), {}).outcome, Outcome::kStranger);
}

TEST(JudgeTrack, LooksThatAreMostlyAliveAreOfALivingFace) {
  const Track track = TrackWith({Looking(MakeShot(0, 0.8F, EmbeddingOf(1)), 0.9F),
                                 Looking(MakeShot(100, 0.8F, EmbeddingOf(1)), 0.3F)});
  EXPECT_EQ(JudgeTrack(track, Found("anna", 0.9F), Policy(), {}).outcome, Outcome::kMatch);
}

}  // namespace
}  // namespace vigil::pipeline
