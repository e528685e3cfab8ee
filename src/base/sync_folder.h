// New and replaced names in a folder, made to outlive a power cut.
#pragma once

#include <filesystem>

namespace vigil {

// Brings the names in `folder` (empty: the working directory) to the disk, see fsync(2). False when
// the system refuses; errno then says why.
bool SyncFolder(const std::filesystem::path& folder);

}  // namespace vigil
