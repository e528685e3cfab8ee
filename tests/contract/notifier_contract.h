// What every Notifier promises, whatever it speaks.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>

#include "core/alert.h"

namespace vigil {

inline AlertMessage ContractAlert() {
  AlertMessage message;
  message.id = "0192c1f0-0000-7000-8000-000000000001";
  message.incident_id = "0192c1f0-0000-7000-8000-000000000002";
  message.person_id = "0192c1f0-0000-7000-8000-000000000003";
  message.person_name = "Ada Example";
  message.reason = "test";
  message.severity = Severity::kHigh;
  message.camera_id = "0192c1f0-0000-7000-8000-000000000004";
  message.camera_name = "Front door";
  message.event_time = WallTime{std::chrono::milliseconds{1'700'000'000'000}};
  message.face_count = 2;
  message.similarity = 0.71F;
  message.threshold = 0.63F;
  message.stranger_odds = 0.00025;
  return message;
}

// A World brings one notifier and its receiver into a state:
//   std::unique_ptr<Notifier> Make();  // talks to this world's receiver
//   void Refuse();                     // the receiver fails in a way that may pass
//   void Hang();                       // the receiver takes the message and never answers
//   void AwaitAttempt();               // blocks until the receiver noticed an attempt
//   std::vector<std::string> Received();  // ids of the messages that fully arrived
template <class World>
class NotifierContract : public testing::Test {
 protected:
  World world_;
};

TYPED_TEST_SUITE_P(NotifierContract);

TYPED_TEST_P(NotifierContract, DeliversOnceAndTellsTheAnswer) {
  const auto notifier = this->world_.Make();
  const AlertMessage message = ContractAlert();
  const auto answer = notifier->Deliver(message, {}, {});
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  EXPECT_FALSE(answer->empty());
  EXPECT_EQ(this->world_.Received(), std::vector<std::string>{message.id});
}

TYPED_TEST_P(NotifierContract, RepeatCarriesTheSameId) {
  const auto notifier = this->world_.Make();
  const AlertMessage message = ContractAlert();
  ASSERT_TRUE(notifier->Deliver(message, {}, {}).has_value());
  ASSERT_TRUE(notifier->Deliver(message, {}, {}).has_value());
  EXPECT_EQ(this->world_.Received(), (std::vector<std::string>{message.id, message.id}));
}

TYPED_TEST_P(NotifierContract, PassingFailureIsRetryable) {
  const auto notifier = this->world_.Make();
  this->world_.Refuse();
  const auto answer = notifier->Deliver(ContractAlert(), {}, {});
  ASSERT_FALSE(answer.has_value());
  EXPECT_TRUE(answer.error().code == ErrorCode::kUnavailable ||
              answer.error().code == ErrorCode::kTimeout)
      << answer.error().message;
  EXPECT_FALSE(answer.error().message.empty());
}

TYPED_TEST_P(NotifierContract, RequestedStopSendsNothing) {
  const auto notifier = this->world_.Make();
  std::stop_source stop;
  stop.request_stop();
  const auto answer = notifier->Deliver(ContractAlert(), {}, stop.get_token());
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, ErrorCode::kCancelled);
  EXPECT_TRUE(this->world_.Received().empty());
}

TYPED_TEST_P(NotifierContract, StopEndsAHungAttempt) {
  const auto notifier = this->world_.Make();
  this->world_.Hang();
  std::stop_source stop;
  const std::jthread stopper([&] {
    this->world_.AwaitAttempt();
    stop.request_stop();
  });
  const auto start = std::chrono::steady_clock::now();
  const auto answer = notifier->Deliver(ContractAlert(), {}, stop.get_token());
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds{5});
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, ErrorCode::kCancelled) << answer.error().message;
}

REGISTER_TYPED_TEST_SUITE_P(NotifierContract, DeliversOnceAndTellsTheAnswer, RepeatCarriesTheSameId,
                            PassingFailureIsRetryable, RequestedStopSendsNothing,
                            StopEndsAHungAttempt);

}  // namespace vigil
