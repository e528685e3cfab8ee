// What is learnt of a program that runs beside this one.
#include "app/child_process.h"

#include <gtest/gtest.h>

#include <future>

namespace vigil::app {
namespace {

std::string EndOf(const std::string& script) {
  std::promise<std::string> end;
  auto ended = end.get_future();
  const auto process = ChildProcess::Start(
      "/bin/sh", {"-c", script}, [](const std::string&) {},
      [&end](const std::string& how) { end.set_value(how); });
  EXPECT_TRUE(process.has_value());
  return ended.get();
}

TEST(ChildProcess, TellsHowItEnded) {
  EXPECT_EQ(EndOf("exit 3"), "ended with code 3");
  EXPECT_EQ(EndOf("kill -KILL $$"), "was ended by signal 9");
}

TEST(ChildProcess, TellsItsLinesBeforeItsEnd) {
  std::vector<std::string> told;
  std::promise<void> end;
  const auto process = ChildProcess::Start(
      "/bin/sh", {"-c", "echo one; echo two"},
      [&told](const std::string& line) { told.push_back(line); },
      [&](const std::string&) { end.set_value(); });
  end.get_future().wait();
  EXPECT_EQ(told, (std::vector<std::string>{"one", "two"}));
}

}  // namespace
}  // namespace vigil::app
