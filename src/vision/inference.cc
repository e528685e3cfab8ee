// Loading and compiling networks.
#include "vision/inference.h"

namespace vigil::vision {

Result<std::shared_ptr<ov::Model>> ReadNetwork(ov::Core& core, const InstalledModel& model,
                                               const std::string& network, Precision precision) {
  const std::string_view stored = StoredPrecision(precision);
  const ModelNetwork* files = model.Find(network, stored);
  if (files == nullptr) {
    return Fail(ErrorCode::kUnavailable,
                format("model {} has no network {} in {}; run `vigil models install {}`", model.id,
                       network, stored, model.id));
  }
  VIGIL_RETURN_IF_ERROR(VerifyNetwork(model, *files));
  std::shared_ptr<ov::Model> read;
  VIGIL_RETURN_IF_ERROR(GuardInference(format("load {} of {}", network, model.id), [&] {
    read = core.read_model(files->xml.path.string(), files->bin.path.string());
  }));
  return read;
}

Result<ov::CompiledModel> CompileNetwork(ov::Core& core, const InstalledModel& model,
                                         const std::string& network, Precision precision,
                                         int streams, std::size_t batch,
                                         const std::function<void(ov::Model&)>& extend) {
  VIGIL_ASSIGN_OR_RETURN(const auto read, ReadNetwork(core, model, network, precision));
  ov::CompiledModel compiled;
  VIGIL_RETURN_IF_ERROR(GuardInference(format("load {} of {}", network, model.id), [&] {
    if (batch > 0) {
      ov::PartialShape shape = read->input().get_partial_shape();
      shape[0] = static_cast<std::int64_t>(batch);
      read->reshape(shape);
    }
    if (extend) extend(*read);
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
