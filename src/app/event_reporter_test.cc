// Changes are told once, however often a camera or channel repeats itself.
#include "app/event_reporter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace vigil::app {
namespace {

using pipeline::CameraState;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Reporter : public ::testing::Test {
 protected:
  void Camera(CameraState state, StreamFault fault = StreamFault::kNone) {
    pipeline::CameraStatus status;
    status.camera_id = "c1";
    status.camera_name = "door";
    status.state = state;
    status.fault = fault;
    reporter_.NoteCamera(status);
  }
  void Delivery(DeliveryState state) {
    alerts::DeliveryReport report;
    report.channel = "hook";
    report.state = state;
    report.answer = "HTTP 500";
    reporter_.NoteDelivery(report);
  }

  std::vector<std::string> kinds_;
  json::object last_;
  EventReporter reporter_{[this](std::string kind, json::object data) {
    kinds_.push_back(std::move(kind));
    last_ = std::move(data);
  }};
};

TEST_F(Reporter, TellsACameraDownOnceForEachCause) {
  Camera(CameraState::kConnecting);
  EXPECT_THAT(kinds_, IsEmpty());
  Camera(CameraState::kWaiting, StreamFault::kRefused);
  Camera(CameraState::kConnecting, StreamFault::kRefused);
  Camera(CameraState::kWaiting, StreamFault::kRefused);
  EXPECT_THAT(kinds_, ElementsAre("camera.down"));
  EXPECT_EQ(last_.at("cause"), "refused");
  EXPECT_EQ(last_.at("camera_name"), "door");
  EXPECT_FALSE(last_.at("mend").as_string().empty());
  Camera(CameraState::kWaiting, StreamFault::kUnauthorised);
  EXPECT_THAT(kinds_, ElementsAre("camera.down", "camera.down"));
  EXPECT_EQ(last_.at("cause"), "unauthorised");
}

TEST_F(Reporter, TellsWhenACameraComesAndGoes) {
  Camera(CameraState::kUp);
  Camera(CameraState::kWaiting, StreamFault::kStalled);
  Camera(CameraState::kUp);
  Camera(CameraState::kStopped);
  Camera(CameraState::kUp);
  EXPECT_THAT(kinds_,
              ElementsAre("camera.up", "camera.down", "camera.up", "camera.stopped", "camera.up"));
}

TEST_F(Reporter, TellsWhenAChannelBeginsAndCeasesToFail) {
  Delivery(DeliveryState::kSent);
  EXPECT_THAT(kinds_, IsEmpty()) << "all is well";
  Delivery(DeliveryState::kPending);
  EXPECT_EQ(last_.at("message"), "HTTP 500");
  Delivery(DeliveryState::kPending);
  Delivery(DeliveryState::kDead);
  Delivery(DeliveryState::kSent);
  Delivery(DeliveryState::kSent);
  EXPECT_THAT(kinds_, ElementsAre("channel.failing", "channel.recovered"));
}

TEST_F(Reporter, TellsAnotherGallery) {
  reporter_.NoteGallery({.sequence = 4, .references = 2, .persons = 1});
  reporter_.NoteGallery({.sequence = 4, .references = 2, .persons = 1});
  EXPECT_THAT(kinds_, IsEmpty());
  reporter_.NoteGallery({.sequence = 5, .references = 3, .persons = 2});
  EXPECT_THAT(kinds_, ElementsAre("gallery.changed"));
  EXPECT_EQ(last_.at("persons"), 2);
}

TEST_F(Reporter, TellsOfPicturesOfFacesAndOfNoOtherOutcome) {
  pipeline::TrackOutcome outcome;
  outcome.camera_id = "c1";
  outcome.camera_name = "door";
  outcome.track_id = 7;
  outcome.decision.outcome = Outcome::kStranger;
  reporter_.NoteOutcome(outcome);
  EXPECT_THAT(kinds_, IsEmpty());
  outcome.decision.outcome = Outcome::kSpoof;
  outcome.decision.trace.state.live = 0.25F;
  reporter_.NoteOutcome(outcome);
  outcome.occasion = pipeline::Occasion::kEnded;
  reporter_.NoteOutcome(outcome);
  EXPECT_THAT(kinds_, ElementsAre("face.spoof"));
  EXPECT_EQ(last_.at("track_id"), 7);
  EXPECT_EQ(last_.at("live"), 0.25);
}

TEST_F(Reporter, TellsOnceThatTheGalleryWasRebuilt) {
  const GalleryInfo gallery{.sequence = 4, .references = 2, .persons = 1};
  reporter_.NoteGallery(gallery, 0);
  reporter_.NoteGallery(gallery, 1);
  reporter_.NoteGallery(gallery, 1);
  EXPECT_THAT(kinds_, ElementsAre("gallery.rebuilt"));
  EXPECT_EQ(last_.at("references"), 2);
}

}  // namespace
}  // namespace vigil::app
