// How many files this process may have open.
#pragma once

namespace vigil::app {

// Raises the process's limit to what its system lets it have: a gallery that is taken up has a file
// open for each 8192 references until they are in memory, or for good where they stay on the disk.
// Nothing is lost where it cannot be raised: what needs more files says so.
void RaiseOpenFilesLimit();

}  // namespace vigil::app
