// What happens to exceptions in work that several threads share.
#include "gallery/scan_crew.h"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <thread>

namespace vigil::gallery {
namespace {

class ScanCrewTest : public ::testing::Test {
 protected:
  // Runs one function on this thread and one on the crew's helper, which has surely begun before
  // this thread's function is called.
  void Run(const std::function<void()>& here, const std::function<void()>& helper) {
    const auto caller = std::this_thread::get_id();
    std::atomic<bool> begun = false;
    crew_.Run([&] {
      if (std::this_thread::get_id() == caller) {
        begun.wait(false);
        here();
        return;
      }
      begun = true;
      begun.notify_all();
      helper();
    });
  }

  ScanCrew crew_{1};
};

TEST_F(ScanCrewTest, ThrowsWhatAHelperThrew) {
  EXPECT_THROW(Run([] {}, [] { throw std::runtime_error("of the helper"); }), std::runtime_error);
  EXPECT_NO_THROW(Run([] {}, [] {})) << "it is over";
}

TEST_F(ScanCrewTest, WaitsForItsHelperWhenTheCallerThrows) {
  std::atomic<bool> thrown = false;
  bool helped = false;
  const auto here = [&] {
    thrown = true;
    thrown.notify_all();
    throw std::runtime_error("of the caller");
  };
  EXPECT_THROW(Run(here,
                   [&] {
                     thrown.wait(false);
                     helped = true;
                   }),
               std::runtime_error);
  EXPECT_TRUE(helped);
  EXPECT_NO_THROW(Run([] {}, [] {})) << "the helper takes part again";
}

}  // namespace
}  // namespace vigil::gallery
