// Which numbers inference computes in, chosen by what the processor can do.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace vigil::vision {

// kF32: 32-bit floats, the reference. kBf16: 16-bit brain floats. kI8: 8-bit integers, from models
// quantised at set-up.
enum class Precision { kF32, kBf16, kI8 };

// "f32", "bf16", "i8": the words of configuration, logs and `vigil doctor`.
std::string_view PrecisionName(Precision precision);

// "fp32" or "int8": what a network must be stored as to run in `precision`.
std::string_view StoredPrecision(Precision precision);

struct CpuFeatures {
  std::string model_name;
  bool avx2 = false;
  bool avx512 = false;
  bool vnni = false;  // fast 8-bit products: AVX-512 VNNI, AVX-VNNI or AMX
  bool bf16 = false;  // fast 16-bit products: AVX-512 BF16 or AMX
};

// Features named in a text of the form of Linux's /proc/cpuinfo. Pure.
CpuFeatures ReadCpuFeatures(std::string_view cpuinfo);
// Features of this machine; all false where they cannot be read.
CpuFeatures DetectCpuFeatures();

// The fastest precision that this processor computes natively.
Precision BestPrecision(const CpuFeatures& cpu);

// "auto" chooses by the processor; "f32", "bf16" and "i8" are taken as they are, on any processor.
// kInvalidArgument for any other word.
Result<Precision> ChoosePrecision(std::string_view wish, const CpuFeatures& cpu);

// One line for people: "AMD EPYC (avx2, avx512, vnni, bf16): i8".
std::string DescribePrecision(const CpuFeatures& cpu, Precision precision);

}  // namespace vigil::vision
