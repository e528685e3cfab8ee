// The steps between the networks' inferences take no memory once they have seen a frame.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <random>

#include "golden/golden_photos.h"
#include "installed_models.h"
#include "test_frames.h"
#include "vision/detectors/mtcnn.h"
#include "vision/detectors/proposer.h"

namespace {

std::atomic<bool> counting{false};
std::atomic<int> allocations{0};

void* Allocate(std::size_t size, std::size_t alignment) {
  if (counting) ++allocations;
  void* memory = alignment > alignof(std::max_align_t)
                     ? std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment)
                     : std::malloc(size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

// Sanitizers bring their own.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
void* operator new(std::size_t size) { return Allocate(size, 0); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  return Allocate(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
#define VIGIL_COUNTS_ALLOCATIONS 1
#else
#define VIGIL_COUNTS_ALLOCATIONS 0
#endif

namespace vigil::vision {
namespace {

PnetWeights SomeWeights() {
  std::mt19937 random(5);
  std::normal_distribution<float> normal(0, 0.15F);
  const auto floats = [&](std::size_t count) {
    std::vector<float> values(count);
    for (float& value : values) value = normal(random);
    return values;
  };
  return {floats(270), floats(10), floats(10), floats(1440), floats(16),  floats(16), floats(4608),
          floats(32),  floats(32), floats(64), floats(2),    floats(128), floats(4)};
}

TEST(Allocations, NoneBetweenTheNetworksInSteadyState) {
  if (!VIGIL_COUNTS_ALLOCATIONS) GTEST_SKIP() << "sanitizers count for themselves";
  const Frame frame = YuvTestFrame(320, 240, PixelFormat::kI420, {}, 7);
  const auto levels = MakePyramid(320, 240, 40, 0.709);
  const auto proposer = MakeScanProposer(SomeWeights());
  std::vector<std::vector<Proposal>> by_level(levels.size());
  std::vector<float> crop(3 * 24 * 24);
  AreaResizer resizer;
  SuppressScratch scratch;
  std::size_t proposed = 0;
  const auto work = [&] {
    for (auto& of_level : by_level) of_level.clear();
    proposer->Propose(frame, levels, 0.4F, by_level);
    for (auto& of_level : by_level) {
      proposed += of_level.size();
      Suppress(of_level, 0.5F, OverlapKind::kUnion, scratch);
    }
    resizer.Resize(frame, {10, 12, 90, 95}, 24, 24, crop);
  };
  for (int i = 0; i < 3; ++i) work();
  EXPECT_GT(proposed, 0U) << "nothing was proposed: the test shows nothing";
  counting = true;
  const auto unseen = std::make_unique<int>(1);
  EXPECT_EQ(allocations.exchange(0), 1) << "allocations are not counted";
  work();
  counting = false;
  EXPECT_EQ(allocations, 0);
}

// The whole detector on pictures with faces: nothing but the two lists of its answer.
TEST(Allocations, DetectTakesMemoryForItsAnswerAlone) {
  if (!VIGIL_COUNTS_ALLOCATIONS) GTEST_SKIP() << "sanitizers count for themselves";
  if (!PnetScan::IsFast()) GTEST_SKIP() << "here OpenVINO computes, in memory of its own";
  auto made = MakeMtcnnDetectors(
      {.models_directory = InstalledModelsDirectory(), .precision = Precision::kI8}, 1);
  if (!made) {
    ASSERT_FALSE(ModelsAreRequired()) << made.error().message;
    GTEST_SKIP() << made.error().message;
  }
  Detector& detector = *made->front();
  const auto photos = ReadGoldenPhotos(InstalledModelsDirectory(), "faces.json");
  ASSERT_GE(photos.size(), 3U);
  std::size_t faces = 0;
  const auto work = [&](std::size_t photo) {
    const auto found = detector.Detect({&photos[photo].frame, 1});
    ASSERT_TRUE(found);
    faces += found->front().size();
  };
  for (int round = 0; round < 2; ++round) {
    for (std::size_t photo = 0; photo < 3; ++photo) work(photo);
  }
  EXPECT_GT(faces, 0U);
  allocations = 0;
  counting = true;
  for (int round = 0; round < 5; ++round) work(static_cast<std::size_t>(round % 3));
  counting = false;
  EXPECT_LE(allocations, 5 * 2);
}

}  // namespace
}  // namespace vigil::vision
