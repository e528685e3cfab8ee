// Loading and compiling networks.
#include "vision/inference.h"

namespace vigil::vision {

Result<ov::CompiledModel> CompileNetwork(ov::Core& core, const InstalledModel& model,
                                         const std::string& network, Precision precision,
                                         int streams) {
  const std::string_view stored = StoredPrecision(precision);
  const ModelNetwork* files = model.Find(network, stored);
  if (files == nullptr) {
    return Fail(ErrorCode::kUnavailable,
                format("model {} has no network {} in {}; run `vigil models install {}`", model.id,
                       network, stored, model.id));
  }
  VIGIL_RETURN_IF_ERROR(VerifyNetwork(model, *files));
  ov::CompiledModel compiled;
  VIGIL_RETURN_IF_ERROR(GuardInference(format("load {} of {}", network, model.id), [&] {
    const auto read = core.read_model(files->xml.path.string(), files->bin.path.string());
    compiled = core.compile_model(
        read, "CPU",
        // What is not quantised in an int8 network stays in 32-bit floats.
        ov::hint::inference_precision(precision == Precision::kBf16 ? ov::element::bf16
                                                                    : ov::element::f32),
        ov::inference_num_threads(streams), ov::num_streams(streams),
        ov::hint::enable_cpu_pinning(false));
  }));
  return compiled;
}

}  // namespace vigil::vision
