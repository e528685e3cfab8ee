// Configured cameras at rest; their URLs are sealed.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "core/camera.h"
#include "database/database.h"

namespace vigil::database {

// Thread-safe. kConflict: the name is taken. kInvalidArgument: the group does not exist.
class CameraRepository {
 public:
  explicit CameraRepository(Database& database) : database_(database) {}

  // Fills id, created_at and updated_at.
  Result<Camera> Create(Camera camera);
  Result<Camera> Get(const std::string& id);
  // All, by name. A camera whose sealed URL was altered has an empty one, and the log says so; Get
  // answers kDataLoss.
  Result<std::vector<Camera>> List();
  // Replaces every field but id and created_at. kNotFound.
  Result<Camera> Update(Camera camera);
  // Finds one, lets `edit` change it and saves it as Update does, in one transaction: two changes
  // of different fields both hold. `edit` runs on the writer's thread and asks the database
  // nothing; its error changes nothing and is the answer.
  Result<Camera> Change(const std::string& id, const std::function<Status(Camera&)>& edit);
  Status Delete(const std::string& id);

 private:
  Database& database_;
};

// Thread-safe. Deleting a group leaves its cameras as groups of their own.
class CameraGroupRepository {
 public:
  explicit CameraGroupRepository(Database& database) : database_(database) {}

  Result<CameraGroup> Create(CameraGroup group);
  Result<CameraGroup> Get(const std::string& id);
  Result<std::vector<CameraGroup>> List();
  Result<CameraGroup> Update(CameraGroup group);
  Status Delete(const std::string& id);

 private:
  Database& database_;
};

}  // namespace vigil::database
