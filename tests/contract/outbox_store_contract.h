// What every OutboxStore must do. Include it in one test file of an adapter and instantiate
// OutboxStoreContract.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/uuid.h"
#include "core/alert.h"

namespace vigil {

// A store with the one thing that the port leaves to the incident's transaction.
class OutboxStoreHarness {
 public:
  virtual ~OutboxStoreHarness() = default;
  virtual OutboxStore& Store() = 0;
  // Queues an alert on `channel`, due at the clock's time, and returns what was stored.
  virtual AlertMessage Queue(const std::string& channel) = 0;
};

using OutboxStoreFactory = std::function<std::unique_ptr<OutboxStoreHarness>(Clock& clock)>;

class OutboxStoreContract : public ::testing::TestWithParam<OutboxStoreFactory> {
 protected:
  std::vector<std::string> Due(const std::string& channel, int limit = 10) {
    const auto due = harness_->Store().DueAlerts(channel, clock_.WallNow(), limit);
    std::vector<std::string> ids;
    if (!due.has_value()) return {due.error().message};
    for (const PendingAlert& alert : *due) ids.push_back(alert.message.id);
    return ids;
  }

  Status Record(const std::string& id, DeliveryState state, std::chrono::seconds pause) {
    return harness_->Store().RecordAttempt(id, clock_.WallNow(), state, "HTTP 500",
                                           clock_.WallNow() + pause);
  }

  ManualClock clock_;
  std::unique_ptr<OutboxStoreHarness> harness_ = GetParam()(clock_);
};

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST_P(OutboxStoreContract, IsEmptyAtFirst) {
  EXPECT_THAT(Due("hook"), IsEmpty());
  EXPECT_FALSE(harness_->Store().NextDue("hook").value().has_value());
}

TEST_P(OutboxStoreContract, GivesDueAlertsOfOneChannelOldestFirst) {
  const AlertMessage first = harness_->Queue("hook");
  clock_.Advance(std::chrono::seconds{1});
  const AlertMessage mail = harness_->Queue("mail");
  const AlertMessage second = harness_->Queue("hook");
  EXPECT_THAT(Due("hook"), ElementsAre(first.id, second.id));
  EXPECT_THAT(Due("hook", 1), ElementsAre(first.id));
  EXPECT_THAT(Due("mail"), ElementsAre(mail.id));
}

TEST_P(OutboxStoreContract, KeepsTheWholeMessage) {
  const AlertMessage queued = harness_->Queue("hook");
  const auto due = harness_->Store().DueAlerts("hook", clock_.WallNow(), 1);
  ASSERT_EQ(due->size(), 1U);
  const AlertMessage& stored = due->front().message;
  EXPECT_EQ(stored.id, queued.id);
  EXPECT_EQ(stored.incident_id, queued.incident_id);
  EXPECT_EQ(stored.person_name, queued.person_name);
  EXPECT_EQ(stored.reason, queued.reason);
  EXPECT_EQ(stored.severity, queued.severity);
  EXPECT_EQ(stored.camera_name, queued.camera_name);
  EXPECT_EQ(stored.event_time, queued.event_time);
  EXPECT_EQ(stored.similarity, queued.similarity);
  EXPECT_EQ(stored.snapshot_media_id, queued.snapshot_media_id);
  EXPECT_EQ(due->front().attempts, 0);
}

TEST_P(OutboxStoreContract, ComesBackAfterAFailedAttempt) {
  const std::string id = harness_->Queue("hook").id;
  ASSERT_TRUE(Record(id, DeliveryState::kPending, std::chrono::seconds{5}).has_value());
  EXPECT_THAT(Due("hook"), IsEmpty());
  EXPECT_EQ(**harness_->Store().NextDue("hook"), clock_.WallNow() + std::chrono::seconds{5});
  clock_.Advance(std::chrono::seconds{5});
  const auto due = harness_->Store().DueAlerts("hook", clock_.WallNow(), 1);
  ASSERT_EQ(due->size(), 1U);
  EXPECT_EQ(due->front().attempts, 1);
}

TEST_P(OutboxStoreContract, IsDoneWhenSentOrDead) {
  const std::string sent = harness_->Queue("hook").id;
  const std::string dead = harness_->Queue("hook").id;
  ASSERT_TRUE(Record(sent, DeliveryState::kSent, std::chrono::seconds{0}).has_value());
  ASSERT_TRUE(Record(dead, DeliveryState::kDead, std::chrono::seconds{0}).has_value());
  clock_.Advance(std::chrono::hours{1});
  EXPECT_THAT(Due("hook"), IsEmpty());
  EXPECT_FALSE(harness_->Store().NextDue("hook").value().has_value());
}

TEST_P(OutboxStoreContract, RefusesAnAttemptForAnUnknownAlert) {
  EXPECT_EQ(Record("nobody", DeliveryState::kSent, std::chrono::seconds{0}).error().code,
            ErrorCode::kNotFound);
}

}  // namespace vigil
