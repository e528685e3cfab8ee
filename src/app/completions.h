// Completion scripts for shells, made from the command line's own description.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
}

namespace vigil::app {

// What may follow one command. `path`: the words that lead to it, empty for the program itself.
struct CompletionWord {
  std::string word;  // "users", "--json"
  std::string help;  // one line
};
struct CompletionLevel {
  std::string path;  // "users add"
  std::vector<CompletionWord> words;
};

// Every command with its subcommands and flags, the program first. Hidden ones (no help) are left
// out; the program's own flags may follow every command.
std::vector<CompletionLevel> CompletionLevels(const CLI::App& program);

// A script that completes `vigil` in bash, zsh or fish; empty for another shell. Where no word is
// known, files are offered.
std::string CompletionScript(const CLI::App& program, std::string_view shell);

}  // namespace vigil::app
