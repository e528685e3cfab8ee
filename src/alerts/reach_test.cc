// A receiver is tried without being sent anything.
#include "alerts/reach.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "alerts/loopback_server.h"

namespace vigil::alerts {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

EmailOptions MailTo(const std::string& url) {
  EmailOptions options;
  options.smtp_url = url;
  options.security = SmtpSecurity::kNone;
  options.user = "vigil";
  options.password = Secret(std::string("hunter2"));
  return options;
}

WebhookOptions WebhookTo(const std::string& url) {
  WebhookOptions options;
  options.url = Secret(url);
  options.allow_private_addresses = true;
  return options;
}

TEST(Reach, AMailServerIsGreetedAndLoggedInTo) {
  SmtpReceiver receiver;
  receiver.SetReply("AUTH", "334 ");
  receiver.SetReply("AHZpZ2ls", "235 welcome");  // the base64 of the login's start
  const auto answer = Reach(MailTo(receiver.Url()), {});
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  EXPECT_THAT(*answer, HasSubstr("logged in"));
  EXPECT_THAT(receiver.mails.All(), IsEmpty());
}

TEST(Reach, ARefusedLoginIsToldApart) {
  SmtpReceiver receiver;
  receiver.SetReply("AUTH", "535 wrong password");
  const auto answer = Reach(MailTo(receiver.Url()), {});
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, ErrorCode::kPermission);
  EXPECT_THAT(answer.error().message, Not(HasSubstr("hunter2")));
}

TEST(Reach, AWebhookIsConnectedToAndSentNothing) {
  HttpReceiver receiver;
  WebhookOptions options = WebhookTo(receiver.Url());
  const auto answer = Reach(options, {});
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  EXPECT_THAT(receiver.requests.All(), IsEmpty());
  options.allow_private_addresses = false;
  const auto refused = Reach(options, {});
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error().message, HasSubstr("allow_private_addresses"));
}

TEST(Reach, AnHttpChannelIsConnectedToAndSentNothing) {
  HttpReceiver receiver;
  HttpOptions options;
  options.url = Secret(receiver.Url() + "?text={{text}}");
  options.allow_private_addresses = true;
  const auto answer = Reach(options, {});
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  EXPECT_THAT(receiver.requests.All(), IsEmpty());
}

TEST(Reach, NobodyThereIsUnavailable) {
  const auto answer = Reach(WebhookTo("http://127.0.0.1:1/"), {});
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace vigil::alerts
