// The models' side of `vigil doctor`: files, hashes, and the arithmetic this processor is good at.
#include <array>
#include <utility>

#include "app/doctor.h"
#include "app/engines.h"
#include "base/format.h"
#include "pipeline/embedder_advice.h"
#include "vision/model_store.h"

namespace vigil::app {
namespace {

Finding ModelFault(std::string what, std::string mend) {
  return {"models", FindingState::kFault, std::move(what), std::move(mend)};
}

Finding CheckModel(const config::Config& config, const std::string& id) {
  const auto model = vision::FindModel(config.models.directory, id);
  if (!model.has_value()) {
    return ModelFault(model.error().message, format("run: vigil models install {}", id));
  }
  if (const Status intact = vision::VerifyModel(*model); !intact.has_value()) {
    return ModelFault(intact.error().message, format("run: vigil models install {}", id));
  }
  return {"models", FindingState::kOk,
          format("{}: {} files as installed", id, 2 * model->networks.size()), ""};
}

}  // namespace

Findings CheckModels(const config::Config& config) {
  std::error_code failure;
  if (!std::filesystem::is_directory(config.models.directory, failure)) {
    return {ModelFault(
        format("the models' folder {} does not exist", config.models.directory.string()),
        "run `make setup` in the checkout, or name the right folder in [models] directory")};
  }
  Findings findings{CheckModel(config, config.models.detector),
                    CheckModel(config, config.models.embedder)};
  if (!config.models.liveness.empty())
    findings.push_back(CheckModel(config, config.models.liveness));
  return findings;
}

Findings CheckEmbedder(const config::Config& config, const vision::CpuFeatures& cpu,
                       std::int64_t persons) {
  const auto model = vision::FindModel(config.models.directory, config.models.embedder);
  if (!model.has_value()) return {};
  // An impossible precision is CheckPrecision's fault to tell; any stored one serves here.
  const auto precision =
      vision::ChoosePrecision(config.models.precision, cpu).value_or(vision::Precision::kF32);
  EmbedderInfo info;
  info.space.model_id = model->id;
  info.threshold_floor = model->threshold_floor;
  info.impostor_tail = model->TailOf(vision::StoredPrecision(precision));
  auto advice = pipeline::AdviseEmbedder(info, persons);
  if (advice.change) {
    return {{"models", FindingState::kWarning, std::move(advice.sentence), std::move(advice.mend)}};
  }
  // Smaller galleries were not measured.
  if (persons < pipeline::kAdviceFromPersons) {
    advice.sentence =
        format("the embedder {} is calibrated; people enrolled: {}", model->id, persons);
  }
  return {{"models", FindingState::kOk, std::move(advice.sentence), ""}};
}

Findings CheckPrecision(const config::Config& config, const vision::CpuFeatures& cpu) {
  const auto precision = vision::ChoosePrecision(config.models.precision, cpu);
  if (!precision.has_value()) {
    return {{"precision", FindingState::kFault, precision.error().message,
             "write precision = \"auto\" in [models]"}};
  }
  const std::string what = vision::DescribePrecision(cpu, *precision);
  if (*precision == vision::Precision::kI8) {
    const auto model = vision::FindModel(config.models.directory, config.models.embedder);
    if (model.has_value() && model->Find("embedder", "int8") == nullptr) {
      return {{"precision", FindingState::kFault,
               format("i8 is to be used, but {} is installed without 8-bit integers",
                      config.models.embedder),
               format("run: vigil models install {} (or write precision = \"f32\" in [models])",
                      config.models.embedder)}};
    }
  }
  const bool native = *precision == vision::Precision::kF32 ||
                      (*precision == vision::Precision::kI8 && cpu.vnni) ||
                      (*precision == vision::Precision::kBf16 && cpu.bf16);
  if (!native) {
    return {{"precision", FindingState::kWarning,
             what + ", which this processor does not compute natively",
             "write precision = \"auto\" in [models]"}};
  }
  return {{"precision", FindingState::kOk, what, ""}};
}

}  // namespace vigil::app
