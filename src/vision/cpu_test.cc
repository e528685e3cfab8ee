// Which precision is chosen for which processor.
#include "vision/cpu.h"

#include <gtest/gtest.h>

namespace vigil::vision {
namespace {

std::string CpuInfo(const std::string& flags) {
  return "processor\t: 0\nmodel name\t: Some CPU 9\nflags\t\t: fpu " + flags +
         "\nbugs\t: none\n\nprocessor\t: 1\n";
}

TEST(Cpu, FlagsAreReadAsWholeWords) {
  const CpuFeatures cpu =
      ReadCpuFeatures(CpuInfo("avx2 avx512f avx512bw avx512vl avx512_vnni avx512_bf16x"));
  EXPECT_EQ(cpu.model_name, "Some CPU 9");
  EXPECT_TRUE(cpu.avx2);
  EXPECT_TRUE(cpu.avx512);
  EXPECT_TRUE(cpu.vnni);
  EXPECT_FALSE(cpu.bf16);
}

TEST(Cpu, FastestNativePrecisionIsChosen) {
  EXPECT_EQ(BestPrecision(ReadCpuFeatures(CpuInfo("avx2 avx_vnni"))), Precision::kI8);
  EXPECT_EQ(BestPrecision(ReadCpuFeatures(CpuInfo("avx2 avx512_bf16"))), Precision::kBf16);
  EXPECT_EQ(BestPrecision(ReadCpuFeatures(CpuInfo("avx2"))), Precision::kF32);
  EXPECT_EQ(BestPrecision(ReadCpuFeatures("")), Precision::kF32);
}

TEST(Cpu, WishOverrulesTheProcessor) {
  const CpuFeatures plain = ReadCpuFeatures(CpuInfo("avx2"));
  EXPECT_EQ(ChoosePrecision("auto", plain), Precision::kF32);
  EXPECT_EQ(ChoosePrecision("i8", plain), Precision::kI8);
  const auto wrong = ChoosePrecision("int8", plain);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, ErrorCode::kInvalidArgument);
  EXPECT_NE(wrong.error().message.find("auto, f32, bf16 or i8"), std::string::npos);
}

TEST(Cpu, ChoiceIsShownWithItsReason) {
  const CpuFeatures cpu = ReadCpuFeatures(CpuInfo("avx2 avx_vnni"));
  EXPECT_EQ(DescribePrecision(cpu, Precision::kI8), "Some CPU 9 (avx2, vnni): i8");
}

}  // namespace
}  // namespace vigil::vision
