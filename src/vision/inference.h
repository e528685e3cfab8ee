// The narrow door to OpenVINO. Included by adapters of this room only.
#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <openvino/openvino.hpp>
#include <string>
#include <string_view>

#include "base/format.h"
#include "base/result.h"
#include "vision/cpu.h"
#include "vision/model_store.h"

namespace vigil::vision {

// Checks the files of one network of `model` and reads it.
Result<std::shared_ptr<ov::Model>> ReadNetwork(ov::Core& core, const InstalledModel& model,
                                               const std::string& network, Precision precision);

// Checks the files of one network of `model` and compiles it for the CPU: `streams` callers may
// infer at once, each on its own thread. kI8 takes the network stored as "int8"; kF32 and kBf16
// take "fp32". The precision is always stated to OpenVINO, which otherwise silently computes in
// bf16 where the processor can. `batch`: how many pictures every inference takes; 0: any number.
// `extend` may change the network before; what it throws is kInternal.
Result<ov::CompiledModel> CompileNetwork(ov::Core& core, const InstalledModel& model,
                                         const std::string& network, Precision precision,
                                         int streams, std::size_t batch = 0,
                                         const std::function<void(ov::Model&)>& extend = {});

// Runs `work` and turns OpenVINO's exceptions into kInternal.
template <class Work>
Status GuardInference(std::string_view doing, Work&& work) {
  try {
    work();
    return {};
  } catch (const std::exception& failure) {
    return Fail(ErrorCode::kInternal, format("{}: {}", doing, failure.what()));
  }
}

}  // namespace vigil::vision
