// No form of a secret gets through.
#include "alerts/secret_mask.h"

#include <gtest/gtest.h>

#include "base/crypto.h"

namespace vigil::alerts {
namespace {

TEST(SecretMask, HidesEveryFormOfASecret) {
  SecretMask mask;
  mask.Add("p@ss/w\"rd");
  for (const char* text : {"p@ss/w\"rd", "p%40ss%2Fw%22rd", "p%40ss%2fw%22rd", "p@ss/w\\\"rd"}) {
    EXPECT_EQ(mask.Hide(std::string("got ") + text + "!"), "got ***!");
  }
}

TEST(SecretMask, HidesASecretInsideBase64) {
  constexpr std::string_view kSecret = "hunter2-hunter2";
  SecretMask mask;
  mask.Add(kSecret);
  for (const char* before : {"", "u", "ab", "user", "user:"}) {
    const std::string encoded = Base64Encode(before + std::string(kSecret) + "tail");
    EXPECT_NE(mask.Hide(encoded).find("***"), std::string::npos) << before;
    EXPECT_LT(mask.Hide(encoded).size(), encoded.size() - 10) << before;
  }
}

TEST(SecretMask, HidesTheWordsOfAHeaderAndLeavesWhatIsFilledIn) {
  SecretMask mask;
  mask.AddWords("Bearer tk_abcdef {{person.name}}");
  EXPECT_EQ(mask.Hide("wrong token tk_abcdef for Ada"), "wrong token *** for Ada");
  EXPECT_EQ(mask.Hide("person.name"), "person.name");
}

TEST(SecretMask, HidesWhatAnAddressCarries) {
  SecretMask mask;
  mask.AddUrl("https://user:hunter2@api.example.org/bot123456:the-token/send?key=abcdef&x=1");
  EXPECT_EQ(mask.Hide("/bot123456:the-token/send"), "/***/send");
  EXPECT_EQ(mask.Hide("the-token"), "***");
  EXPECT_EQ(mask.Hide("user hunter2 abcdef 1"), "*** *** *** 1");
  EXPECT_EQ(mask.Hide("api.example.org"), "api.example.org");
}

TEST(SecretMask, LeavesShortWordsAlone) {
  SecretMask mask;
  mask.Add("abc");
  mask.Add("");
  EXPECT_EQ(mask.Hide("abc"), "abc");
}

TEST(OriginOnly, TellsTheReceiverAndNothingElse) {
  EXPECT_EQ(OriginOnly("https://hooks.slack.example/services/T0/B0/x"),
            "https://hooks.slack.example/***");
  EXPECT_EQ(OriginOnly("https://user:pw@h.example:8443?token=1"), "https://h.example:8443/***");
  EXPECT_EQ(OriginOnly("https://h.example#x@y"), "https://h.example/***");
  EXPECT_EQ(OriginOnly("nonsense"), "***");
}

}  // namespace
}  // namespace vigil::alerts
