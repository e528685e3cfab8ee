// Finding what lies beside the program.
#include "app/program_paths.h"

#include "base/format.h"

namespace vigil::app {

std::filesystem::path ProgramFolder() {
  std::error_code failure;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", failure);
  return failure ? std::filesystem::path(".") : program.parent_path();
}

Result<std::filesystem::path> FindSetupFile(std::string_view relative) {
  std::error_code failure;
  if (std::filesystem::exists(relative, failure)) return std::filesystem::path(relative);
  for (auto folder = ProgramFolder();; folder = folder.parent_path()) {
    if (std::filesystem::exists(folder / relative, failure)) return folder / relative;
    if (folder == folder.parent_path()) break;
  }
  return Fail(ErrorCode::kUnavailable,
              format("{} was not found; run vigil from its checkout after 'make build'", relative));
}

}  // namespace vigil::app
