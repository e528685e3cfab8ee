// Pictures at rest in a directory, sealed.
#pragma once

#include <filesystem>
#include <memory>

#include "base/clock.h"
#include "base/result.h"
#include "base/seal.h"
#include "core/media_store.h"

namespace vigil::media_store {

// Keeps each picture as DIRECTORY/KIND/TIME/ID, where TIME is the first six digits of the UUIDv7 in
// the id (one folder for about 4.7 hours). Files have mode 0600 and hold Sealer's form with the id
// as context, so that a file renamed to another id does not open. `sealer` and `clock` must outlive
// the store. kPermission or kUnavailable when the directory cannot be made or written; the message
// names it and the mend.
Result<std::unique_ptr<MediaStore>> MakeDirectoryMediaStore(const std::filesystem::path& directory,
                                                            const Sealer& sealer, Clock& clock);

}  // namespace vigil::media_store
