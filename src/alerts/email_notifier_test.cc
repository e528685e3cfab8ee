// The mail against a real SMTP dialogue on loopback.
#include "alerts/email_notifier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "alerts/loopback_server.h"
#include "alerts/mail_text.h"
#include "alerts/message_text.h"
#include "base/crypto.h"
#include "contract/notifier_contract.h"

namespace vigil::alerts {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

EmailOptions OptionsFor(const std::string& url) {
  EmailOptions options;
  options.smtp_url = url;
  options.security = SmtpSecurity::kNone;
  options.from = "Vigil <vigil@example.org>";
  options.to = {"guards@example.org", "Night Shift <night@example.org>"};
  return options;
}

std::unique_ptr<Notifier> MakeEmail(const EmailOptions& options, const Clock& clock) {
  auto notifier = MakeEmailNotifier(options, clock);
  EXPECT_TRUE(notifier.has_value()) << notifier.error().message;
  return *std::move(notifier);
}

class EmailWorld {
 public:
  std::unique_ptr<Notifier> Make() { return MakeEmail(OptionsFor(receiver_.Url()), clock_); }
  void Refuse() { receiver_.SetReply("data end", "451 try again later"); }
  void Hang() { receiver_.SetReply("MAIL", ""); }
  void AwaitAttempt() { receiver_.greetings.Await(1); }
  std::vector<std::string> Received() const {
    std::vector<std::string> ids;
    for (const Mail& mail : receiver_.mails.All()) {
      const std::size_t start = mail.data.find("Message-ID: <") + 13;
      ids.push_back(mail.data.substr(start, mail.data.find('@', start) - start));
    }
    return ids;
  }

 private:
  SystemClock clock_;
  SmtpReceiver receiver_;
};

}  // namespace
}  // namespace vigil::alerts

namespace vigil {
INSTANTIATE_TYPED_TEST_SUITE_P(Email, NotifierContract, alerts::EmailWorld);
}

namespace vigil::alerts {
namespace {

class EmailNotifier : public testing::Test {
 protected:
  Result<std::string> Deliver(const EmailOptions& options, const AlertMessage& message,
                              std::span<const std::byte> snapshot = {}) {
    return MakeEmail(options, clock_)->Deliver(message, snapshot, {});
  }
  Error FailureOf(const EmailOptions& options) {
    const auto answer = Deliver(options, ContractAlert());
    return answer.has_value() ? Error{ErrorCode::kInternal, "delivered: " + *answer}
                              : answer.error();
  }
  std::string Sent() const { return receiver_.mails.All().front().data; }

  ManualClock clock_{WallTime{std::chrono::milliseconds{1'700'000'030'500}}};
  SmtpReceiver receiver_;
};

TEST_F(EmailNotifier, SendsTextHtmlAndPicture) {
  const std::string jpeg = "\xFF\xD8picture";
  EmailOptions options = OptionsFor(receiver_.Url());
  options.public_url = "https://vigil.example.org/";
  const auto answer = Deliver(options, ContractAlert(), std::as_bytes(std::span(jpeg)));
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  EXPECT_EQ(*answer, "250 queued as 7");
  EXPECT_THAT(receiver_.mails.All().front().commands,
              AllOf(Contains(HasSubstr("MAIL FROM:<vigil@example.org>")),
                    Contains(HasSubstr("RCPT TO:<guards@example.org>")),
                    Contains(HasSubstr("RCPT TO:<night@example.org>"))));
  EXPECT_THAT(
      Sent(),
      AllOf(HasSubstr("From: \"Vigil\" <vigil@example.org>\r\n"),
            HasSubstr("To: <guards@example.org>,\r\n \"Night Shift\" <night@example.org>\r\n"),
            HasSubstr("Subject: [high] Looks like Ada Example at Front door\r\n"),
            HasSubstr("Date: Tue, 14 Nov 2023 22:13:50 +0000\r\n"),
            HasSubstr("Expires: Wed, 15 Nov 2023 22:13:20 +0000\r\n"),
            HasSubstr("Message-ID: <0192c1f0-0000-7000-8000-000000000001@example.org>\r\n"),
            HasSubstr("Content-Type: multipart/alternative;"),
            HasSubstr("Content-Type: multipart/related;"),
            HasSubstr("Content-Type: text/plain; charset=utf-8"),
            HasSubstr("Content-Type: text/html; charset=utf-8")));
  EXPECT_THAT(Sent(), AllOf(HasSubstr("Content-ID: <snapshot>"),
                            HasSubstr("Content-Disposition: inline; filename=\"snapshot.jpg\""),
                            HasSubstr(Base64Encode(jpeg)), HasSubstr("cid:snapshot")));
}

TEST_F(EmailNotifier, NamesCannotAddHeadersOrMarkup) {
  AlertMessage message = ContractAlert();
  message.person_name = "Eve\r\nBcc: all@example.org\r\n\r\n<script>";
  message.camera_name = std::string(10'000, 'x');
  ASSERT_TRUE(Deliver(OptionsFor(receiver_.Url()), message).has_value());
  EXPECT_THAT(Sent(), AllOf(Not(HasSubstr("\nBcc:")), HasSubstr("&lt;script&gt;"),
                            testing::ContainsRegex("Subject: =.UTF-8.B.")));
  EXPECT_THAT(Sent().substr(Sent().find("<html>")), Not(HasSubstr("<script>")));
  EXPECT_LT(Sent().size(), 8'000U);
}

TEST_F(EmailNotifier, ForeignNamesAreEncodedAndFolded) {
  AlertMessage message = ContractAlert();
  message.person_name = "Зоя Пример 名前";
  ASSERT_TRUE(Deliver(OptionsFor(receiver_.Url()), message).has_value());
  const std::string subject =
      EncodeHeaderText("[high] Looks like " + message.person_name + " at Front door");
  EXPECT_THAT(subject, AllOf(testing::StartsWith("=?UTF-8?B?"), HasSubstr("?=\r\n =?UTF-8?B?")));
  EXPECT_THAT(Sent(), HasSubstr("Subject: " + subject + "\r\n"));
}

TEST_F(EmailNotifier, CodesDecideWhetherToTryAgain) {
  struct Case {
    const char* command;
    const char* reply;
    ErrorCode code;
  };
  for (const Case& wanted : {Case{"greeting", "554 no service", ErrorCode::kUnavailable},
                             Case{"greeting", "421 busy", ErrorCode::kUnavailable},
                             Case{"MAIL", "451 later", ErrorCode::kUnavailable},
                             Case{"RCPT", "450 later", ErrorCode::kUnavailable},
                             Case{"RCPT", "550 no such user", ErrorCode::kInvalidArgument},
                             Case{"DATA", "554 no", ErrorCode::kInvalidArgument},
                             Case{"data end", "552 too large", ErrorCode::kInvalidArgument},
                             Case{"data end", "452 disk full", ErrorCode::kUnavailable}}) {
    SmtpReceiver receiver;
    receiver.SetReply(wanted.command, wanted.reply);
    const Error error = FailureOf(OptionsFor(receiver.Url()));
    EXPECT_EQ(error.code, wanted.code) << wanted.reply << ": " << error.message;
    EXPECT_THAT(error.message, HasSubstr(wanted.reply));
    EXPECT_TRUE(receiver.mails.All().empty());
  }
}

TEST_F(EmailNotifier, OneRefusedRecipientStopsNoOther) {
  receiver_.SetReply("RCPT TO:<guards", "550 no such user");
  const auto answer = Deliver(OptionsFor(receiver_.Url()), ContractAlert());
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  EXPECT_EQ(*answer, "250 queued as 7; 1 of 2 recipients refused: 550 no such user");
}

TEST_F(EmailNotifier, WrongPasswordIsTriedAgainAndNotShown) {
  receiver_.SetReply("AUTH", "535 wrong password");
  EmailOptions options = OptionsFor(receiver_.Url());
  options.user = "vigil";
  options.password = Secret("hunter2");
  const Error error = FailureOf(options);
  EXPECT_EQ(error.code, ErrorCode::kUnavailable) << error.message;
  EXPECT_THAT(error.message, Not(HasSubstr("hunter2")));
}

TEST_F(EmailNotifier, RequiresStarttlsUnlessToldOtherwise) {
  EmailOptions options = OptionsFor(receiver_.Url());
  options.security = SmtpSecurity::kStarttls;
  const Error error = FailureOf(options);
  EXPECT_EQ(error.code, ErrorCode::kUnavailable) << error.message;
  EXPECT_TRUE(receiver_.mails.All().empty());
}

TEST_F(EmailNotifier, UnencryptedOnlyOnThisMachine) {
  EmailOptions options = OptionsFor("smtp://192.0.2.1:25");
  const Error error = FailureOf(options);
  EXPECT_EQ(error.code, ErrorCode::kUnavailable);
  EXPECT_THAT(error.message, HasSubstr("only permitted to a server on this machine"));
}

TEST_F(EmailNotifier, SilentServerMeetsTheDeadline) {
  receiver_.SetReply("greeting", "");
  EmailOptions options = OptionsFor(receiver_.Url());
  options.connect_timeout = options.timeout = std::chrono::milliseconds{100};
  EXPECT_EQ(FailureOf(options).code, ErrorCode::kTimeout);
}

TEST_F(EmailNotifier, FaultyOptionsAreRefused) {
  const auto refused = [&](auto change) {
    EmailOptions options = OptionsFor(receiver_.Url());
    change(options);
    const auto notifier = MakeEmailNotifier(options, clock_);
    return notifier.has_value() ? std::string("accepted") : notifier.error().message;
  };
  EXPECT_THAT(refused([](auto& options) { options.to.clear(); }), HasSubstr("to: names no"));
  EXPECT_THAT(refused([](auto& options) { options.to = {"a@b\r\nDATA"}; }), HasSubstr("to: "));
  EXPECT_THAT(refused([](auto& options) { options.from = "nobody"; }), HasSubstr("from: "));
  EXPECT_THAT(refused([](auto& options) { options.smtp_url = "http://h"; }), HasSubstr("smtp_url"));
  EXPECT_THAT(refused([](auto& options) { options.security = SmtpSecurity::kImplicit; }),
              HasSubstr("smtps://"));
}

TEST(Mailbox, IsParsedStrictly) {
  EXPECT_EQ(ParseMailbox("a@b.org")->address, "a@b.org");
  EXPECT_EQ(ParseMailbox("\"Ada E.\" <a@b.org>")->name, "Ada E.");
  for (const char* text :
       {"", "a", "a@", "@b", "a@b@c", "a b@c", "<a@b", "a@b>", "a@b,c@d", "ä@b"}) {
    EXPECT_FALSE(ParseMailbox(text).has_value()) << text;
  }
}

TEST(MailText, BodiesSayHowSureAndNoMore) {
  AlertMessage message = ContractAlert();
  message.suppressed_before = 12;
  MailContext context;
  context.sent_at = message.event_time + std::chrono::minutes{2};
  const std::string text = MailPlainText(message, context);
  EXPECT_THAT(text, AllOf(HasSubstr("looks like Ada Example: similarity 0.71 (threshold 0.63); a "
                                    "stranger scores this high about 1 in 4,000."),
                          HasSubstr("not a proof"), HasSubstr("Repeats held back: 12\r\n"),
                          HasSubstr("Late: this message was sent at 2023-11-14T22:15:20.000Z")));
  EXPECT_THAT(MailHtml(message, context, Picture::kAbsent), Not(HasSubstr("<img")));
}

TEST(OddsText, IsRoundedAndBounded) {
  EXPECT_EQ(OddsText(0.00025), "about 1 in 4,000");
  EXPECT_EQ(OddsText(0.0013), "about 1 in 770");
  EXPECT_EQ(OddsText(0.3), "about 1 in 3");
  EXPECT_EQ(OddsText(0.0000081), "about 1 in 120,000");
  EXPECT_EQ(OddsText(1), "more than 1 in 2");
  EXPECT_EQ(OddsText(0), "less than 1 in 1,000,000");
  EXPECT_EQ(OddsText(std::nan("")), "at an unknown rate");
}

TEST(OneLine, IsAlwaysValidUtf8OnOneLine) {
  EXPECT_EQ(OneLine("a\r\nb", 10), "a  b");
  EXPECT_EQ(OneLine("\xC3\xA4\xFF\xC3", 10), "ä\uFFFD\uFFFD");
  EXPECT_EQ(OneLine("\xE2\x80\xAEx\xE2\x80\xA8", 10), " x ");
  EXPECT_EQ(OneLine("\xED\xA0\x80", 10), "\uFFFD\uFFFD\uFFFD");
  EXPECT_EQ(OneLine("äöü", 2), "äö\u2026");
  EXPECT_EQ(OneLine("äö", 2), "äö");
}

}  // namespace
}  // namespace vigil::alerts
