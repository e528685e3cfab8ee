// Completions follow the command line they are made from.
#include "app/completions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>

namespace vigil::app {
namespace {

using testing::Contains;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;

class Completions : public testing::Test {
 protected:
  Completions() {
    app_.add_option("--config", "configuration file");
    CLI::App* users = app_.add_subcommand("users", "accounts: it's all here");
    users->add_subcommand("add", "a new one")->add_flag("--json", json_, "JSON lines");
  }

  bool json_ = false;
  CLI::App app_{"", "vigil"};
};

TEST_F(Completions, KnowEveryCommandAndFlag) {
  const auto levels = CompletionLevels(app_);
  ASSERT_EQ(levels.size(), 3U);
  EXPECT_EQ(levels[2].path, "users add");
  EXPECT_THAT(levels[0].words, Contains(Field(&CompletionWord::word, "users")));
  EXPECT_THAT(levels[1].words, Contains(Field(&CompletionWord::word, "add")));
  EXPECT_THAT(levels[2].words, Contains(Field(&CompletionWord::word, "--json")));
  EXPECT_THAT(levels[2].words, Contains(Field(&CompletionWord::word, "--config")));
}

TEST_F(Completions, QuoteForTheirShell) {
  EXPECT_THAT(CompletionScript(app_, "bash"),
              HasSubstr("'users add') echo '--help --json --config'"));
  EXPECT_THAT(CompletionScript(app_, "zsh"), HasSubstr(R"('users:accounts: it'\''s all here')"));
  EXPECT_THAT(CompletionScript(app_, "fish"),
              HasSubstr(R"(-a users -d 'accounts: it\'s all here')"));
  EXPECT_THAT(CompletionScript(app_, "cmd"), IsEmpty());
}

}  // namespace
}  // namespace vigil::app
