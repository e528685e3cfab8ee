// The page of all settings for people, from the same table that reads them.
#include <string>
#include <string_view>

#include "base/format.h"
#include "config/config_keys.h"

namespace vigil::config {
namespace {

constexpr std::string_view kHead = R"(# Configuration

This page is written by `vigil config --markdown` from the table that reads the settings; do not edit
it by hand.

Settings come from, later ones winning: the defaults below, the file (`--config FILE`, else
`vigil.toml` of the working directory, else none), the environment (`VIGIL__SECTION__KEY`; for
entries of lists `VIGIL__CAMERAS__0__URL`, without gaps from 0; lists of text comma-separated), the
flags of the command. An unknown key is an error that names the nearest known one, and all faults of
all sources are told at once. `vigil config --example` prints a file with every key.

Relative paths start at the working directory. A *secret* is never printed; it can stand in a file of
its own: append `_file` to the key and give the path (one trailing newline is dropped).
)";

// A cell must not end its column.
std::string Cell(std::string_view text) {
  std::string cell;
  for (const char c : text) {
    if (c == '|') cell += '\\';
    cell += c;
  }
  return cell;
}

std::string Row(const ConfigKey& key) {
  std::string meaning = Cell(key.description);
  if (!key.only_for.empty()) meaning += format(" Only for `{}`.", key.only_for);
  if (key.secret) meaning += " *Secret.*";
  const std::string initial = key.default_toml.empty() ? "" : format("`{}`", key.default_toml);
  return format("| `{}` | {} | {} | {} | {} |\n", key.name, Cell(initial), Cell(key.unit),
                Cell(key.limits), meaning);
}

}  // namespace

std::string ReferenceMarkdown() {
  std::string page(kHead);
  std::string section;
  for (const ConfigKey& key : ConfigKeys()) {
    if (key.section != section) {
      section = key.section;
      page += key.in_list ? format("\n## `[[{}]]`, one for each entry\n\n", section)
                          : format("\n## `[{}]`\n\n", section);
      page += "| key | default | unit | permitted | meaning |\n| --- | --- | --- | --- | --- |\n";
    }
    page += Row(key);
  }
  return page;
}

}  // namespace vigil::config
