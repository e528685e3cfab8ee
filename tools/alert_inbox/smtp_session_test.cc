// Tests of the SMTP conversation.
#include "smtp_session.h"

#include <gtest/gtest.h>

namespace vigil::inbox {
namespace {

TEST(SmtpSession, TakesAMail) {
  SmtpSession session;
  EXPECT_TRUE(session.Take("EHLO client").reply.starts_with("250"));
  EXPECT_TRUE(session.Take("MAIL FROM:<a@example.org> SIZE=9").reply.starts_with("250"));
  EXPECT_TRUE(session.Take("RCPT TO:<b@example.org>").reply.starts_with("250"));
  EXPECT_TRUE(session.Take("data").reply.starts_with("354"));
  EXPECT_EQ(session.Take("Subject: x").reply, "");
  EXPECT_EQ(session.Take("..dot").reply, "");
  const auto end = session.Take(".");
  ASSERT_TRUE(end.mail.has_value());
  EXPECT_EQ(end.mail->from, "a@example.org");
  EXPECT_EQ(end.mail->to, std::vector<std::string>{"b@example.org"});
  EXPECT_EQ(end.mail->data, "Subject: x\r\n.dot\r\n");
}

TEST(SmtpSession, RefusesAWrongOrder) {
  SmtpSession session;
  EXPECT_TRUE(session.Take("MAIL FROM:<a@b>").reply.starts_with("503"));
  session.Take("EHLO x");
  EXPECT_TRUE(session.Take("RCPT TO:<a@b>").reply.starts_with("503"));
  EXPECT_TRUE(session.Take("DATA").reply.starts_with("503"));
  EXPECT_TRUE(session.Take("MAIL FROM: nobody").reply.starts_with("501"));
  EXPECT_TRUE(session.Take("VRFY x").reply.starts_with("502"));
}

TEST(SmtpSession, RefusesWhatIsTooLarge) {
  SmtpSession session;
  session.Take("HELO x");
  session.Take("MAIL FROM:<a@b>");
  session.Take("RCPT TO:<a@b>");
  session.Take("DATA");
  const std::string line(1'000'000, 'x');
  for (int i = 0; i < 21; ++i) session.Take(line);
  const auto end = session.Take(".");
  EXPECT_TRUE(end.reply.starts_with("552"));
  EXPECT_FALSE(end.mail.has_value());
}

TEST(SmtpSession, EndsOnQuit) { EXPECT_TRUE(SmtpSession().Take("QUIT").close); }

}  // namespace
}  // namespace vigil::inbox
