// Reads what other implementations find in the demo's photos, for the tests of this room.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

#include "base/json.h"

namespace vigil::vision {

// "faces.json" is facenet-pytorch's work, "yunet_sface.json" OpenCV's.
inline json::value ReadGolden(const std::string& name = "faces.json") {
  std::ifstream file(VIGIL_SOURCE_DIR "/tests/golden/" + name);
  std::ostringstream text;
  text << file.rdbuf();
  auto parsed = ParseJson(text.str());
  if (parsed) return *parsed;
  ADD_FAILURE() << "tests/golden/" << name << ": " << parsed.error().message;
  return json::object{};
}

}  // namespace vigil::vision
