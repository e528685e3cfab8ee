// Tokens that were made here, and all others.
#include "api/access_token.h"

#include <gtest/gtest.h>

#include "base/crypto.h"

namespace vigil::api {
namespace {

std::string UrlBase64(std::string_view bytes) {
  std::string text = Base64Encode(bytes);
  for (char& letter : text) letter = letter == '+' ? '-' : letter == '/' ? '_' : letter;
  while (text.ends_with('=')) text.pop_back();
  return text;
}

class AccessTokenTest : public testing::Test {
 protected:
  const TokenSigner signer_ = TokenSigner::FromKey(TokenSigner::MakeKey().value()).value();
  const WallTime now_{std::chrono::milliseconds{1'700'000'000'000}};
  const AccessClaims claims_{"user-1", "session-1", 3};
};

TEST_F(AccessTokenTest, TellsWhatWasSigned) {
  const auto token = signer_.Sign(claims_, now_);
  ASSERT_TRUE(token);
  EXPECT_EQ(signer_.Verify(*token, now_ + std::chrono::minutes{9}), claims_);
}

TEST_F(AccessTokenTest, EndsAfterTenMinutes) {
  const std::string token = signer_.Sign(claims_, now_).value();
  EXPECT_FALSE(signer_.Verify(token, now_ + kAccessTokenLife));
}

TEST_F(AccessTokenTest, RefusesTokensOfAnotherKey) {
  const auto other = TokenSigner::FromKey(TokenSigner::MakeKey().value()).value();
  EXPECT_FALSE(signer_.Verify(other.Sign(claims_, now_).value(), now_));
}

TEST_F(AccessTokenTest, RefusesAlteredTokens) {
  const std::string token = signer_.Sign(claims_, now_).value();
  for (std::size_t i = 0; i < token.size() - 1; i += 7) {
    std::string altered = token;
    altered[i] = altered[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(signer_.Verify(altered, now_)) << i;
  }
}

TEST_F(AccessTokenTest, RefusesOtherAlgorithms) {
  const std::string token = signer_.Sign(claims_, now_).value();
  const std::string payload =
      token.substr(token.find('.') + 1, token.rfind('.') - token.find('.') - 1);
  const std::string none = UrlBase64(R"({"alg":"none","typ":"JWT"})") + "." + payload + ".";
  EXPECT_FALSE(signer_.Verify(none, now_));
  EXPECT_FALSE(signer_.Verify(none + "AA", now_));
  const std::string head = UrlBase64(R"({"alg":"HS256","typ":"JWT"})") + "." + payload;
  EXPECT_FALSE(signer_.Verify(head + "." + UrlBase64(HmacSha256("", head)), now_));
}

TEST_F(AccessTokenTest, RefusesWhatIsNoToken) {
  for (const std::string& token :
       {std::string(), std::string("."), std::string(".."), std::string("a.b"),
        std::string("a.b.c"), std::string("a.b.c.d"), std::string("a..c"),
        std::string("\0.\0.\0", 5), std::string(5000, 'a') + ".b.c",
        UrlBase64("[]") + "." + UrlBase64("{}") + ".AA",
        UrlBase64("{\"alg\":5}") + "." + UrlBase64("{}") + ".AA"}) {
    EXPECT_FALSE(signer_.Verify(token, now_)) << token.substr(0, 40);
  }
}

TEST(TokenSigner, RefusesKeysThatAreNone) {
  EXPECT_FALSE(TokenSigner::FromKey(Secret("")));
  EXPECT_FALSE(TokenSigner::FromKey(
      Secret("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")));
}

}  // namespace
}  // namespace vigil::api
