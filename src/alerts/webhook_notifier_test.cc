// The webhook against a real server on loopback.
#include "alerts/webhook_notifier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "alerts/curl_call.h"
#include "alerts/loopback_server.h"
#include "base/crypto.h"
#include "base/json.h"
#include "contract/notifier_contract.h"

namespace vigil::alerts {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

const std::string kSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

WebhookOptions OptionsFor(const std::string& url) {
  WebhookOptions options;
  options.url = Secret(url);
  options.secret = Secret(kSecret);
  options.allow_private_addresses = true;
  return options;
}

std::unique_ptr<Notifier> MakeWebhook(const WebhookOptions& options, const Clock& clock) {
  auto notifier = MakeWebhookNotifier(options, clock);
  EXPECT_TRUE(notifier.has_value()) << notifier.error().message;
  return *std::move(notifier);
}

class WebhookWorld {
 public:
  std::unique_ptr<Notifier> Make() { return MakeWebhook(OptionsFor(receiver_.Url()), clock_); }
  void Refuse() { receiver_.SetReply("HTTP/1.1 503 Busy\r\nConnection: close\r\n\r\n"); }
  void Hang() { receiver_.Hang(); }
  void AwaitAttempt() { receiver_.requests.Await(1); }
  std::vector<std::string> Received() const {
    std::vector<std::string> ids;
    for (const HttpRequest& request : receiver_.requests.All()) {
      ids.push_back(request.Header("webhook-id"));
    }
    return ids;
  }

 private:
  SystemClock clock_;
  HttpReceiver receiver_;
};

}  // namespace
}  // namespace vigil::alerts

namespace vigil {
INSTANTIATE_TYPED_TEST_SUITE_P(Webhook, NotifierContract, alerts::WebhookWorld);
}

namespace vigil::alerts {
namespace {

class WebhookNotifier : public testing::Test {
 protected:
  Error FailureOf(const WebhookOptions& options) {
    const auto answer = MakeWebhook(options, clock_)->Deliver(ContractAlert(), {}, {});
    return answer.has_value() ? Error{ErrorCode::kInternal, "delivered: " + *answer}
                              : answer.error();
  }

  Error FailureOfStatus(const std::string& status) {
    receiver_.SetReply("HTTP/1.1 " + status + "\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    return FailureOf(OptionsFor(receiver_.Url()));
  }

  ManualClock clock_{WallTime{std::chrono::milliseconds{1'700'000'030'500}}};
  HttpReceiver receiver_;
};

// The example of the Standard Webhooks specification, as its reference libraries compute it.
TEST(WebhookSignature, EqualsThePublishedVector) {
  const auto signature =
      SignWebhook(Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), "msg_p5jXN8AQM9LWM0D4loKWxJek",
                  "1614265330", R"({"test": 2432232314})");
  ASSERT_TRUE(signature.has_value());
  EXPECT_EQ(*signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

TEST(WebhookSignature, RefusesShortAndForeignSecrets) {
  for (const char* secret : {"", "whsec_", "whsec_c2hvcnQ=", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}) {
    EXPECT_FALSE(SignWebhook(Secret(secret), "i", "1", "b").has_value()) << secret;
  }
}

TEST_F(WebhookNotifier, SendsASignedBody) {
  const std::string jpeg = "\xFF\xD8picture";
  const auto answer = MakeWebhook(OptionsFor(receiver_.Url()), clock_)
                          ->Deliver(ContractAlert(), std::as_bytes(std::span(jpeg)), {});
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  EXPECT_EQ(*answer, "HTTP 204");
  ASSERT_EQ(receiver_.requests.All().size(), 1U);
  const HttpRequest request = receiver_.requests.All().front();
  EXPECT_THAT(request.head, testing::StartsWith("POST /hook HTTP/1.1\r\n"));
  EXPECT_EQ(request.Header("Content-Type"), "application/json");
  EXPECT_EQ(request.Header("webhook-timestamp"), "1700000030");
  EXPECT_EQ(request.Header("webhook-signature"),
            *SignWebhook(Secret(kSecret), ContractAlert().id, "1700000030", request.body));
  const json::value body = *ParseJson(request.body);
  EXPECT_EQ(body.at("type"), "vigil.match");
  EXPECT_EQ(body.at("timestamp"), "2023-11-14T22:13:20.000Z");
  const json::value& data = body.at("data");
  EXPECT_EQ(data.at("person").at("name"), "Ada Example");
  EXPECT_EQ(data.at("person").at("severity"), "high");
  EXPECT_EQ(data.at("sent_at"), "2023-11-14T22:13:50.500Z");
  EXPECT_EQ(data.at("expires_at"), "2023-11-15T22:13:20.000Z");
  EXPECT_EQ(data.at("late"), false);
  EXPECT_EQ(data.at("similarity").as_double(), 0.71);
  EXPECT_EQ(data.at("stranger_odds_text"), "about 1 in 4,000");
  EXPECT_EQ(data.at("snapshot").at("base64").as_string().c_str(), Base64Encode(jpeg));
}

TEST_F(WebhookNotifier, SaysWhenItIsLateAndLeavesLargePicturesOut) {
  clock_.Advance(std::chrono::minutes{5});
  WebhookOptions options = OptionsFor(receiver_.Url());
  options.snapshot_max_bytes = 10;
  const Bytes jpeg(11);
  ASSERT_TRUE(MakeWebhook(options, clock_)->Deliver(ContractAlert(), jpeg, {}).has_value());
  const json::value body = *ParseJson(receiver_.requests.All().front().body);
  EXPECT_EQ(body.at("data").at("late"), true);
  EXPECT_TRUE(body.at("data").at("snapshot").is_null());
}

TEST_F(WebhookNotifier, NamesBothWhereItMayBeEither) {
  AlertMessage message = ContractAlert();
  message.near_equal = true;
  message.or_person_id = "p2";
  message.or_person_name = "Berta";
  ASSERT_TRUE(
      MakeWebhook(OptionsFor(receiver_.Url()), clock_)->Deliver(message, {}, {}).has_value());
  const json::value body = *ParseJson(receiver_.requests.All().front().body);
  const json::value& data = body.at("data");
  EXPECT_EQ(data.at("near_equal"), true);
  EXPECT_EQ(data.at("or_person").at("name"), "Berta");
  EXPECT_THAT(data.at("text").as_string().c_str(), HasSubstr(", or Berta: similarity"));
}

TEST_F(WebhookNotifier, NamesCannotBreakTheBody) {
  AlertMessage message = ContractAlert();
  message.person_name = "a\"},\n\x01\xFF" + std::string(10'000, 'x');
  ASSERT_TRUE(
      MakeWebhook(OptionsFor(receiver_.Url()), clock_)->Deliver(message, {}, {}).has_value());
  const auto body = ParseJson(receiver_.requests.All().front().body);
  ASSERT_TRUE(body.has_value()) << body.error().message;
  EXPECT_THAT(body->at("data").at("person").at("name").as_string().c_str(),
              testing::StartsWith("a\"},  \uFFFDxxx"));
  EXPECT_LT(receiver_.requests.All().front().body.size(), 3'000U);
}

TEST_F(WebhookNotifier, StatusDecidesWhetherToTryAgain) {
  EXPECT_EQ(FailureOfStatus("500 Oops").code, ErrorCode::kUnavailable);
  EXPECT_EQ(FailureOfStatus("429 Slow down").code, ErrorCode::kUnavailable);
  EXPECT_EQ(FailureOfStatus("401 Who").code, ErrorCode::kUnavailable);
  EXPECT_EQ(FailureOfStatus("408 Late").code, ErrorCode::kTimeout);
  EXPECT_EQ(FailureOfStatus("410 Gone").code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(FailureOfStatus("422 No").code, ErrorCode::kInvalidArgument);
}

TEST_F(WebhookNotifier, FollowsNoRedirect) {
  HttpReceiver target;
  const Error error = FailureOfStatus("302 Found\r\nLocation: " + target.Url());
  EXPECT_EQ(error.code, ErrorCode::kUnavailable);
  EXPECT_THAT(error.message, HasSubstr("redirect"));
  EXPECT_TRUE(target.requests.All().empty());
}

TEST_F(WebhookNotifier, RefusesPrivateAddressesHoweverTheyAreSpelled) {
  for (const char* host :
       {"127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0x7f000001", "2130706433", "0", "[::1]"}) {
    WebhookOptions options = OptionsFor(format("http://{}:{}/hook", host, receiver_.Port()));
    options.allow_private_addresses = false;
    const Error error = FailureOf(options);
    EXPECT_EQ(error.code, ErrorCode::kUnavailable) << host;
    EXPECT_THAT(error.message, HasSubstr("allow_private_addresses")) << host;
  }
  EXPECT_TRUE(receiver_.requests.All().empty());
}

TEST_F(WebhookNotifier, CutsAnEndlessReply) {
  receiver_.SetReply("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + std::string(5'000'000, 'x'));
  const auto answer =
      MakeWebhook(OptionsFor(receiver_.Url()), clock_)->Deliver(ContractAlert(), {}, {});
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  receiver_.SetReply("HTTP/1.1 200 OK\r\nX: " + std::string(90'000, 'x') + "\r\n\r\n");
  EXPECT_EQ(FailureOf(OptionsFor(receiver_.Url())).code, ErrorCode::kUnavailable);
}

TEST_F(WebhookNotifier, GivesUpAtItsDeadline) {
  receiver_.Hang();
  WebhookOptions options = OptionsFor(receiver_.Url());
  options.timeout = std::chrono::milliseconds{100};
  EXPECT_EQ(FailureOf(options).code, ErrorCode::kTimeout);
}

TEST_F(WebhookNotifier, MessagesHoldNoSecret) {
  const Error error = FailureOf(OptionsFor("http://user:hunter2@127.0.0.1:1/?token=hunter2"));
  EXPECT_EQ(error.code, ErrorCode::kUnavailable);
  EXPECT_THAT(error.message, AllOf(HasSubstr("127.0.0.1"), Not(HasSubstr("hunter2"))));
}

TEST_F(WebhookNotifier, FaultyOptionsAreRefused) {
  for (const char* url : {"", "file:///etc/passwd", "ftp://h/x", "http://", "hello world"}) {
    const auto notifier = MakeWebhookNotifier(OptionsFor(url), clock_);
    ASSERT_FALSE(notifier.has_value()) << url;
    EXPECT_THAT(notifier.error().message, testing::StartsWith("url")) << url;
  }
}

struct AddressCase {
  const char* text;
  bool is_public;
  bool is_loopback;
};

TEST(Address, RangesAreToldApart) {
  for (const auto& [text, is_public, is_loopback] :
       std::vector<AddressCase>{{"1.1.1.1", true, false},
                                {"10.0.0.1", false, false},
                                {"172.15.0.1", true, false},
                                {"172.31.255.255", false, false},
                                {"192.168.1.1", false, false},
                                {"169.254.169.254", false, false},
                                {"100.64.0.1", false, false},
                                {"127.8.8.8", false, true},
                                {"0.0.0.0", false, false},
                                {"224.0.0.1", false, false},
                                {"255.255.255.255", false, false},
                                {"2606:4700::1", true, false},
                                {"::1", false, true},
                                {"::", false, false},
                                {"fe80::1", false, false},
                                {"fd00::1", false, false},
                                {"ff02::1", false, false},
                                {"::ffff:10.0.0.1", false, false},
                                {"::ffff:127.0.0.1", false, true},
                                {"::ffff:1.1.1.1", true, false},
                                {"64:ff9b::a00:1", false, false},
                                {"2002:a00:1::1", false, false},
                                {"2001::1", false, false},
                                {"2001:db8::1", false, false}}) {
    sockaddr_storage storage{};
    if (std::string_view(text).find(':') == std::string_view::npos) {
      auto* address = reinterpret_cast<sockaddr_in*>(&storage);
      address->sin_family = AF_INET;
      ASSERT_EQ(inet_pton(AF_INET, text, &address->sin_addr), 1);
    } else {
      auto* address = reinterpret_cast<sockaddr_in6*>(&storage);
      address->sin6_family = AF_INET6;
      ASSERT_EQ(inet_pton(AF_INET6, text, &address->sin6_addr), 1);
    }
    const auto& generic = reinterpret_cast<const sockaddr&>(storage);
    EXPECT_EQ(IsPublicAddress(generic), is_public) << text;
    EXPECT_EQ(IsLoopbackAddress(generic), is_loopback) << text;
  }
}

}  // namespace
}  // namespace vigil::alerts
