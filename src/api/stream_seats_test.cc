// Who may open one more stream, and who may go on.
#include "api/stream_seats.h"

#include <gtest/gtest.h>

namespace vigil::api {
namespace {

const Principal kAnna{"1", "anna", "", Role::kAdmin};
const Principal kOtto{"2", "otto", "", Role::kOperator};
const Principal kLocal{"", "local socket", "", Role::kAdmin};

TEST(StreamSeats, OneUserLeavesRoomForOthers) {
  const auto seats = std::make_shared<StreamSeats>(5, 2);
  auto first = seats->Take(kAnna);
  const auto second = seats->Take(kAnna);
  ASSERT_TRUE(first && second);
  const auto third = seats->Take(kAnna);
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().status, 429);
  EXPECT_NE(third.error().detail.find("anna has 2 streams"), std::string::npos);
  EXPECT_EQ(third.error().headers.front().first, "Retry-After");
  EXPECT_TRUE(seats->Take(kOtto));
  first->reset();
  EXPECT_TRUE(seats->Take(kAnna));
}

TEST(StreamSeats, AllTogetherAreLimited) {
  const auto seats = std::make_shared<StreamSeats>(3, 2);
  const auto one = seats->Take(kLocal);
  const auto two = seats->Take(kLocal);
  const auto three = seats->Take(kLocal);
  ASSERT_TRUE(one && two && three) << "the local socket is no user";
  EXPECT_EQ(seats->Take(kOtto).error().status, 503);
}

class Answering final : public Authenticator {
 public:
  Status CheckToken(const HttpRequest&) const override { return {}; }
  Result<Principal> Authenticate(const HttpRequest&) override { return answer; }
  Result<Principal> answer = kAnna;
};

TEST(MayStillFollow, OnlyADefiniteNoEndsAStream) {
  Answering authenticator;
  const HttpRequest request;
  EXPECT_TRUE(MayStillFollow(authenticator, request));
  authenticator.answer = Fail(ErrorCode::kUnavailable, "the database is busy");
  EXPECT_TRUE(MayStillFollow(authenticator, request));
  authenticator.answer = Fail(ErrorCode::kPermission, "this login has ended");
  EXPECT_FALSE(MayStillFollow(authenticator, request));
  HttpRequest local;
  local.local_socket = true;
  EXPECT_TRUE(MayStillFollow(authenticator, local));
}

}  // namespace
}  // namespace vigil::api
