// Reads tests/golden/faces.json, for the tests of this room.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "base/json.h"

namespace vigil::vision {

inline json::value ReadGolden() {
  std::ifstream file(VIGIL_SOURCE_DIR "/tests/golden/faces.json");
  std::ostringstream text;
  text << file.rdbuf();
  auto parsed = ParseJson(text.str());
  if (parsed) return *parsed;
  ADD_FAILURE() << "tests/golden/faces.json: " << parsed.error().message;
  return json::object{};
}

}  // namespace vigil::vision
