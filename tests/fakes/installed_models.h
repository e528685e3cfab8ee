// Where tests and measuring tools find the real models, and whether they may do without.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string_view>

namespace vigil {

// VIGIL_MODELS_DIRECTORY, else ~/.cache/vigil/models: where the set-up installs them, and what an
// installation's configuration says unless it is changed.
inline std::filesystem::path InstalledModelsDirectory() {
  const char* chosen = std::getenv("VIGIL_MODELS_DIRECTORY");
  if (chosen != nullptr && *chosen != '\0') return chosen;
  const char* home = std::getenv("HOME");
  return std::filesystem::path(home == nullptr ? "." : home) / ".cache" / "vigil" / "models";
}

// Set by `make test` and continuous integration, where a test that skips for want of models would
// prove nothing and nobody would see it.
inline bool ModelsAreRequired() {
  const char* required = std::getenv("VIGIL_REQUIRE_MODELS");
  return required != nullptr && std::string_view(required) == "1";
}

}  // namespace vigil
