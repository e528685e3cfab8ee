// Reads what Linux says of the processor.
#include "vision/cpu.h"

#include <fstream>
#include <set>
#include <sstream>

#include "base/format.h"

namespace vigil::vision {
namespace {

// The text after the colon of the first line that begins with `key`.
std::string FieldOf(std::string_view cpuinfo, std::string_view key) {
  std::istringstream lines{std::string(cpuinfo)};
  for (std::string line; std::getline(lines, line);) {
    const auto colon = line.find(':');
    if (!line.starts_with(key) || colon == std::string::npos) continue;
    const auto start = line.find_first_not_of(" \t", colon + 1);
    return start == std::string::npos ? std::string() : line.substr(start);
  }
  return {};
}

}  // namespace

std::string_view StoredPrecision(Precision precision) {
  return precision == Precision::kI8 ? "int8" : "fp32";
}

std::string_view PrecisionName(Precision precision) {
  switch (precision) {
    case Precision::kF32:
      return "f32";
    case Precision::kBf16:
      return "bf16";
    case Precision::kI8:
      return "i8";
  }
  return "f32";
}

CpuFeatures ReadCpuFeatures(std::string_view cpuinfo) {
  std::set<std::string> flags;
  std::istringstream words(FieldOf(cpuinfo, "flags"));
  for (std::string word; words >> word;) flags.insert(word);
  const auto has = [&flags](const char* flag) { return flags.contains(flag); };
  CpuFeatures cpu;
  cpu.model_name = FieldOf(cpuinfo, "model name");
  cpu.avx2 = has("avx2");
  cpu.avx512 = has("avx512f") && has("avx512bw") && has("avx512vl");
  cpu.vnni = has("avx512_vnni") || has("avx_vnni") || has("amx_int8");
  cpu.bf16 = has("avx512_bf16") || has("amx_bf16");
  return cpu;
}

CpuFeatures DetectCpuFeatures() {
  std::ifstream file("/proc/cpuinfo");
  std::ostringstream text;
  text << file.rdbuf();
  return ReadCpuFeatures(text.str());
}

Precision BestPrecision(const CpuFeatures& cpu) {
  if (cpu.vnni) return Precision::kI8;
  return cpu.bf16 ? Precision::kBf16 : Precision::kF32;
}

Result<Precision> ChoosePrecision(std::string_view wish, const CpuFeatures& cpu) {
  if (wish == "auto") return BestPrecision(cpu);
  for (const Precision precision : {Precision::kF32, Precision::kBf16, Precision::kI8}) {
    if (wish == PrecisionName(precision)) return precision;
  }
  return Fail(ErrorCode::kInvalidArgument,
              format("unknown precision \"{}\": use auto, f32, bf16 or i8", wish));
}

std::string DescribePrecision(const CpuFeatures& cpu, Precision precision) {
  std::string features;
  const auto add = [&features](bool present, std::string_view name) {
    if (!present) return;
    if (!features.empty()) features += ", ";
    features += name;
  };
  add(cpu.avx2, "avx2");
  add(cpu.avx512, "avx512");
  add(cpu.vnni, "vnni");
  add(cpu.bf16, "bf16");
  return format("{} ({}): {}", cpu.model_name.empty() ? "unknown processor" : cpu.model_name,
                features.empty() ? "no vector extensions that matter" : features,
                PrecisionName(precision));
}

}  // namespace vigil::vision
