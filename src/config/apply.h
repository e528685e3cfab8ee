// From flat settings to typed members, by the table of fields.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/config.h"
#include "config/settings.h"

namespace vigil::config {

// A configuration being read: what is known so far, and everything that was wrong.
struct Reading {
  Config config;
  std::vector<std::string> errors;
  std::map<std::string, std::string> places;  // where each given key stands

  // Notes a fault of `path`, with its place when it was given anywhere.
  void Refuse(const std::string& path, std::string_view fault);
};

// Fills the members of all sections, converts and checks ranges and words; keys nobody knows become
// errors that name the nearest known one.
Reading ApplySettings(Settings settings);

}  // namespace vigil::config
