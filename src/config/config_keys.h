// The one table of configuration keys, from which the reader, the example file and the
// documentation follow.
#pragma once

#include <string>
#include <vector>

namespace vigil::config {

struct ConfigKey {
  std::string section;  // "recognition", or "alerts.channels" and "cameras" for lists of tables
  std::string name;
  std::string default_toml;  // as written in a file; empty: absent unless set
  std::string unit;          // "ms", "cosine", or empty
  std::string description;
  bool in_list = false;  // a key of one entry of a list of tables
  bool secret = false;   // never shown; also accepted as <name>_file
  std::string limits;    // "1 to 1000", "auto, f32, bf16, i8"; empty: any
  std::string only_for;  // the kind of channel that has this key; empty: every one
};

// Every key, in the order of the example file.
std::vector<ConfigKey> ConfigKeys();

// The whole of config/vigil.example.toml: every key with its default, unit and description.
std::string ExampleToml();

// The whole of docs/configuration.md: the same as tables, with the permitted values.
std::string ReferenceMarkdown();

}  // namespace vigil::config
