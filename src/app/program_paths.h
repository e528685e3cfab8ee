// Files that lie beside the program: set-up tools, the camera program, the web page.
#pragma once

#include <filesystem>
#include <string_view>

#include "base/result.h"

namespace vigil::app {

// The folder of the running program.
std::filesystem::path ProgramFolder();

// A file of the checkout or installation, looked for in the working directory and in the program's
// folder and its parents. kUnavailable names what was sought and the mend.
Result<std::filesystem::path> FindSetupFile(std::string_view relative);

}  // namespace vigil::app
