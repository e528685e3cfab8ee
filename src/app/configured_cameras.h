// Cameras of the configuration live in the database too, so that incidents can name them.
#pragma once

#include <string>

#include "base/result.h"
#include "config/config.h"
#include "database/camera_repository.h"

namespace vigil::app {

// Makes the database's cameras `from_file` equal to those of the configuration. A camera is found
// again by its name, a renamed one by its URL, so that its history goes on; one that left the
// configuration is deleted, and one made through the API under a configured name becomes the
// configuration's. Each such step is logged. Cameras of the API alone are left as they are.
Status SyncConfiguredCameras(const config::Config& config, database::CameraRepository& cameras,
                             database::CameraGroupRepository& groups);

// "the configuration file /etc/vigil/vigil.toml", for messages.
std::string CamerasKeptIn(const config::Config& config);

}  // namespace vigil::app
