// Fairness, newest-frame-wins and one-in-flight are what keep every camera live under load.
#include "pipeline/scheduler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <thread>
#include <vector>

namespace vigil::pipeline {
namespace {

class SchedulerTest : public testing::Test {
 protected:
  void Add(const std::string& camera_id) { scheduler_.AddCamera(camera_id, nullptr); }
  void Offer(const std::string& camera_id, std::uint64_t sequence) {
    Frame frame;
    frame.camera_id = camera_id;
    frame.sequence = sequence;
    scheduler_.Offer(std::move(frame));
  }

  std::map<std::string, int> drops_;
  Scheduler scheduler_{[this](const std::string& camera_id) { ++drops_[camera_id]; }};
};

TEST_F(SchedulerTest, HandsOutTheNewestFrameAndCountsTheOlder) {
  Add("door");
  Offer("door", 1);
  Offer("door", 2);
  const auto work = scheduler_.Take();
  ASSERT_TRUE(work && work->frame);
  EXPECT_EQ(work->frame->sequence, 2U);
  EXPECT_EQ(drops_["door"], 1);
}

TEST_F(SchedulerTest, ServesTheCameraThatWaitedLongest) {
  for (const char* camera : {"a", "b", "c"}) Add(camera);
  Offer("c", 1);
  Offer("a", 1);
  Offer("b", 1);
  Offer("c", 2);  // replacing its frame does not send a camera to the back
  EXPECT_EQ(scheduler_.Take()->camera_id, "c");
  EXPECT_EQ(scheduler_.Take()->camera_id, "a");
  EXPECT_EQ(scheduler_.Take()->camera_id, "b");
}

TEST_F(SchedulerTest, KeepsOneFrameOfACameraInFlight) {
  Add("busy");
  Add("calm");
  Offer("busy", 1);
  EXPECT_EQ(scheduler_.Take()->camera_id, "busy");
  Offer("busy", 2);
  Offer("calm", 1);
  EXPECT_EQ(scheduler_.Take()->camera_id, "calm");
  scheduler_.Done("busy");
  EXPECT_EQ(scheduler_.Take()->frame->sequence, 2U);
}

TEST_F(SchedulerTest, TellsTheEndOfAStreamBeforeTheNextFrame) {
  Add("door");
  Offer("door", 7);
  scheduler_.EndStream("door");
  Offer("door", 0);
  const auto work = scheduler_.Take();
  ASSERT_TRUE(work && work->frame);
  EXPECT_TRUE(work->stream_ended);
  EXPECT_EQ(work->frame->sequence, 0U);
  EXPECT_EQ(drops_["door"], 1);
}

TEST_F(SchedulerTest, HandsOutAnEndWithoutAFrame) {
  Add("door");
  scheduler_.EndStream("door");
  const auto work = scheduler_.Take();
  ASSERT_TRUE(work.has_value());
  EXPECT_TRUE(work->stream_ended);
  EXPECT_FALSE(work->frame.has_value());
}

TEST_F(SchedulerTest, DropsFramesOfUnknownCameras) {
  Offer("nobody", 1);
  EXPECT_EQ(drops_["nobody"], 1);
  EXPECT_EQ(scheduler_.WaitingFrames(), 0U);
}

TEST_F(SchedulerTest, CloseDropsFramesButStillTellsEnds) {
  Add("a");
  Add("b");
  Offer("a", 1);
  scheduler_.EndStream("b");
  scheduler_.Close();
  EXPECT_EQ(drops_["a"], 1);
  const auto work = scheduler_.Take();
  ASSERT_TRUE(work.has_value());
  EXPECT_EQ(work->camera_id, "b");
  scheduler_.Done("b");
  EXPECT_FALSE(scheduler_.Take().has_value());
}

TEST_F(SchedulerTest, RemoveWaitsUntilTheLaneIsAtRest) {
  Add("door");
  Offer("door", 1);
  const auto first = scheduler_.Take();
  ASSERT_TRUE(first.has_value());
  std::jthread remover([&] { scheduler_.RemoveCamera("door"); });
  scheduler_.Done("door");
  const auto last = scheduler_.Take();  // blocks until the remover announced the end
  ASSERT_TRUE(last.has_value());
  EXPECT_TRUE(last->stream_ended);
  scheduler_.Done("door");
  remover.join();
  Offer("door", 2);
  EXPECT_EQ(drops_["door"], 1);
}

TEST_F(SchedulerTest, TakeEndsWhenStopped) {
  Add("door");
  std::stop_source stop;
  std::optional<CameraWork> work;
  std::jthread worker([&] { work = scheduler_.Take(stop.get_token()); });
  stop.request_stop();
  worker.join();
  EXPECT_FALSE(work.has_value());
}

// Random offers, takes and answers against the rules: in order, one in flight, nothing lost
// uncounted, nobody starved.
RC_GTEST_PROP(Scheduler, KeepsItsRulesUnderAnyOrderOfCalls, ()) {
  int dropped = 0;
  Scheduler scheduler([&](const std::string&) { ++dropped; });
  const std::vector<std::string> cameras{"a", "b", "c", "d"};
  for (const auto& camera : cameras) scheduler.AddCamera(camera, nullptr);
  std::map<std::string, std::uint64_t> newest_taken;
  std::map<std::string, int> others_served;  // while this camera waited
  std::set<std::string> waiting;
  std::set<std::string> in_flight;
  int offered = 0;
  int taken = 0;

  for (const int step : *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 12))) {
    const std::string& camera = cameras[static_cast<std::size_t>(step % 4)];
    if (step < 4) {
      Frame frame;
      frame.camera_id = camera;
      frame.sequence = static_cast<std::uint64_t>(++offered);
      scheduler.Offer(frame);
      waiting.insert(camera);
    } else if (step < 8 && in_flight.erase(camera) > 0) {
      scheduler.Done(camera);
    } else if (std::ranges::any_of(waiting,
                                   [&](const auto& id) { return !in_flight.contains(id); })) {
      const auto work = scheduler.Take();
      RC_ASSERT(work.has_value() && work->frame.has_value());
      const std::string& served = work->camera_id;
      ++taken;
      RC_ASSERT(in_flight.insert(served).second);
      RC_ASSERT(work->frame->sequence > newest_taken[served]);
      newest_taken[served] = work->frame->sequence;
      RC_ASSERT(waiting.erase(served) == 1U);
      others_served[served] = 0;
      for (const auto& id : waiting) {
        if (!in_flight.contains(id))
          RC_ASSERT(++others_served[id] < static_cast<int>(cameras.size()));
      }
    }
  }
  RC_ASSERT(offered == dropped + taken + static_cast<int>(waiting.size()));
}

}  // namespace
}  // namespace vigil::pipeline
