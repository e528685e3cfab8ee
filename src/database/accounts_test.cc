// Accounts, the first administrator, and logins.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "database/retention.h"
#include "database/session_repository.h"
#include "database/user_repository.h"
#include "temporary_database.h"

namespace vigil::database {
namespace {

using ::testing::HasSubstr;

class Accounts : public ::testing::Test {
 protected:
  User Make(const std::string& name, Role role = Role::kAdmin) {
    User user;
    user.name = name;
    user.password_hash = "hash";
    user.role = role;
    return user;
  }

  Session Login(const std::string& user_id, const std::string& hash) {
    Session session;
    session.user_id = user_id;
    session.refresh_hash = hash;
    session.expires_at = Later();
    return *sessions_.Create(session);
  }

  RefreshVerdict Rotate(const std::string& from, const std::string& to) {
    return sessions_.Rotate(from, to, Later())->verdict;
  }

  WallTime Later() { return database_.GetClock().WallNow() + std::chrono::hours{24}; }

  TemporaryDatabase database_;
  UserRepository users_{*database_};
  SessionRepository sessions_{*database_};
};

TEST_F(Accounts, AreFoundByNameInAnyCase) {
  const User olga = *users_.Create(Make("Olga"));
  EXPECT_EQ(olga.name, "olga");
  EXPECT_EQ(users_.FindByName("OLGA")->value().id, olga.id);
  EXPECT_EQ(users_.FindByName("otto")->has_value(), false);
  EXPECT_EQ(users_.Create(Make("oLGA")).error().code, ErrorCode::kConflict);
  EXPECT_EQ(users_.List()->size(), 1U);
  EXPECT_EQ(users_.Get(olga.id)->role, Role::kAdmin);
}

TEST_F(Accounts, KeepTheLastAdministrator) {
  User olga = *users_.Create(Make("olga"));
  const User otto = *users_.Create(Make("otto", Role::kOperator));
  EXPECT_EQ(users_.Delete(olga.id).error().code, ErrorCode::kConflict);
  olga.enabled = false;
  EXPECT_EQ(users_.Update(olga).error().code, ErrorCode::kConflict);
  olga.enabled = true;
  olga.role = Role::kOperator;
  EXPECT_EQ(users_.Update(olga).error().code, ErrorCode::kConflict);
  EXPECT_TRUE(users_.Get(olga.id)->enabled);
  EXPECT_EQ(users_.Get(olga.id)->role, Role::kAdmin);
  EXPECT_TRUE(users_.Delete(otto.id).has_value());
  ASSERT_TRUE(users_.Create(Make("second")).has_value());
  EXPECT_TRUE(users_.Delete(olga.id).has_value());
  EXPECT_EQ(users_.Delete(olga.id).error().code, ErrorCode::kNotFound);
}

TEST_F(Accounts, EndTheirLoginsWhenRightsChange) {
  User otto = *users_.Create(Make("otto", Role::kOperator));
  const Session session = Login(otto.id, "token-1");
  otto.name = "otto2";
  otto = *users_.Update(otto);
  EXPECT_EQ(otto.token_version, 0);
  EXPECT_FALSE(sessions_.Get(session.id)->revoked);
  otto.password_hash = "another";
  otto = *users_.Update(otto);
  EXPECT_EQ(otto.token_version, 1);
  EXPECT_TRUE(sessions_.Get(session.id)->revoked);
}

TEST_F(Accounts, BeginWithAOneTimeToken) {
  EXPECT_EQ(users_.HasAdministrator(), false);
  const Secret token = **users_.MakeSetupToken();
  const Secret another = **users_.MakeSetupToken();
  for (const auto& row : database_.Execute("SELECT token_hash FROM setup_tokens").rows) {
    EXPECT_NE(row.Text("token_hash"), token.Reveal());
  }
  const auto create = [&](const Secret& with) {
    return users_.CreateFirstAdministrator(with, Make("Olga", Role::kOperator));
  };
  EXPECT_EQ(create(Secret("guess")).error().code, ErrorCode::kPermission);
  const User olga = *create(token);
  EXPECT_EQ(olga.role, Role::kAdmin);
  EXPECT_EQ(users_.HasAdministrator(), true);
  EXPECT_EQ(create(token).error().code, ErrorCode::kPermission);
  EXPECT_EQ(create(another).error().code, ErrorCode::kPermission);
  EXPECT_EQ(users_.MakeSetupToken()->has_value(), false);
}

TEST_F(Accounts, RefuseASetupTokenAfterADay) {
  const Secret token = **users_.MakeSetupToken();
  database_.GetClock().Advance(std::chrono::hours{24});
  const Result<User> late = users_.CreateFirstAdministrator(token, Make("olga"));
  EXPECT_EQ(late.error().code, ErrorCode::kPermission);
  EXPECT_THAT(late.error().message, HasSubstr("vigil setup-database"));
}

TEST_F(Accounts, RotateRefreshTokens) {
  const Session session = Login(users_.Create(Make("olga"))->id, "token-1");
  EXPECT_EQ(Rotate("token-1", "token-2"), RefreshVerdict::kRotated);
  EXPECT_EQ(Rotate("token-2", "token-3"), RefreshVerdict::kRotated);
  EXPECT_EQ(sessions_.Get(session.id)->refresh_hash, "token-3");
  EXPECT_EQ(Rotate("guess", "token-4"), RefreshVerdict::kUnknown);
}

TEST_F(Accounts, EndTheFamilyWhenASpentTokenComesBack) {
  const std::string user = users_.Create(Make("olga"))->id;
  const Session stolen = Login(user, "token-1");
  const Session other = Login(user, "other-1");
  ASSERT_EQ(Rotate("token-1", "token-2"), RefreshVerdict::kRotated);
  const RefreshResult reused = *sessions_.Rotate("token-1", "thief", Later());
  EXPECT_EQ(reused.verdict, RefreshVerdict::kReused);
  EXPECT_EQ(reused.session.id, stolen.id);
  EXPECT_EQ(Rotate("token-2", "token-3"), RefreshVerdict::kExpired)
      << "the owner's newest token ends too";
  EXPECT_EQ(Rotate("thief", "thief-2"), RefreshVerdict::kUnknown);
  EXPECT_EQ(Rotate("other-1", "other-2"), RefreshVerdict::kRotated) << "another login lives on";
}

TEST_F(Accounts, RefuseExpiredAndRevokedTokens) {
  const std::string user = users_.Create(Make("olga"))->id;
  Login(user, "logged-out");
  Login(user, "too-old");
  ASSERT_TRUE(sessions_.RevokeByToken("logged-out").has_value());
  ASSERT_TRUE(sessions_.RevokeByToken("unknown").has_value());
  EXPECT_EQ(Rotate("logged-out", "x"), RefreshVerdict::kExpired);
  database_.GetClock().Advance(std::chrono::hours{24});
  EXPECT_EQ(Rotate("too-old", "x"), RefreshVerdict::kExpired);
  const RetentionOptions kept{.sessions = std::chrono::hours{24}};
  EXPECT_EQ(ForgetOldRows(*database_, kept)->sessions, 0);
  database_.GetClock().Advance(std::chrono::hours{25});
  EXPECT_EQ(ForgetOldRows(*database_, kept)->sessions, 2);
  EXPECT_EQ(Rotate("too-old", "x"), RefreshVerdict::kUnknown);
}

TEST_F(Accounts, ForgetSpentTokensOfALoginThatGoesOn) {
  const std::string user = users_.Create(Make("olga"))->id;
  Login(user, "token-1");
  EXPECT_EQ(Rotate("token-1", "token-2"), RefreshVerdict::kRotated);
  database_.GetClock().Advance(std::chrono::hours{20});
  EXPECT_EQ(Rotate("token-2", "token-3"), RefreshVerdict::kRotated);
  database_.GetClock().Advance(std::chrono::hours{20});
  const RetentionOptions kept{.sessions = std::chrono::hours{24}};
  const RetentionResult result = *ForgetOldRows(*database_, kept);
  EXPECT_EQ(result.refresh_tokens, 1);
  EXPECT_EQ(result.sessions, 0);
  EXPECT_EQ(Rotate("token-1", "x"), RefreshVerdict::kUnknown);
  EXPECT_EQ(Rotate("token-2", "x"), RefreshVerdict::kReused) << "still noticed";
}

}  // namespace
}  // namespace vigil::database
