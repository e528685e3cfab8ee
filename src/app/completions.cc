// One function a shell: it finds the longest command path among the words typed so far and offers
// what may follow it.
#include "app/completions.h"

#include <CLI/CLI.hpp>

#include "base/format.h"

namespace vigil::app {
namespace {

// Help may run over several lines; a menu shows the first.
std::string FirstLine(const std::string& text) { return text.substr(0, text.find('\n')); }

void AddFlags(const CLI::App& command, std::vector<CompletionWord>& words) {
  for (const CLI::Option* option : command.get_options()) {
    if (option->get_group().empty()) continue;
    for (const std::string& name : option->get_lnames()) {
      words.push_back({"--" + name, FirstLine(option->get_description())});
    }
  }
}

void AddLevel(const CLI::App& program, const CLI::App& command, const std::string& path,
              std::vector<CompletionLevel>& levels) {
  CompletionLevel level{path, {}};
  const auto subcommands = command.get_subcommands([](const CLI::App*) { return true; });
  for (const CLI::App* subcommand : subcommands) {
    if (subcommand->get_name().empty() || subcommand->get_group().empty()) continue;
    level.words.push_back({subcommand->get_name(), FirstLine(subcommand->get_description())});
  }
  AddFlags(command, level.words);
  if (&command != &program) {
    for (const CLI::Option* option : program.get_options()) {
      for (const std::string& name : option->get_lnames()) {
        if (name == "config" || name == "data") {
          level.words.push_back({"--" + name, FirstLine(option->get_description())});
        }
      }
    }
  }
  levels.push_back(std::move(level));
  for (const CLI::App* subcommand : subcommands) {
    if (subcommand->get_name().empty() || subcommand->get_group().empty()) continue;
    AddLevel(program, *subcommand,
             path.empty() ? subcommand->get_name() : path + " " + subcommand->get_name(), levels);
  }
}

// In single quotes of a POSIX shell, and of zsh; fish knows \' instead.
std::string Quoted(std::string_view text, std::string_view quote_as) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') {
      quoted += quote_as;
    } else {
      quoted += c;
    }
  }
  return quoted + "'";
}

// The words of a level, one space between.
std::string Joined(const CompletionLevel& level) {
  std::string words;
  for (const CompletionWord& word : level.words) {
    if (!words.empty()) words += ' ';
    words += word.word;
  }
  return words;
}

// Walks the typed words: `path` grows while it stays one of the known paths.
constexpr std::string_view kBashHead = R"sh(# vigil completion for bash: source it, or write it to
# /usr/share/bash-completion/completions/vigil
_vigil_words() {
  case "$1" in
)sh";
constexpr std::string_view kBashTail = R"sh(    *) return 1 ;;
  esac
}
_vigil() {
  local current=${COMP_WORDS[COMP_CWORD]} path= longer word
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    longer=${path:+$path }$word
    if _vigil_words "$longer" >/dev/null; then path=$longer; fi
  done
  COMPREPLY=($(compgen -W "$(_vigil_words "$path")" -- "$current"))
}
complete -o default -F _vigil vigil
)sh";

std::string BashScript(const std::vector<CompletionLevel>& levels) {
  std::string script(kBashHead);
  for (const CompletionLevel& level : levels) {
    script += format("    {}) echo {} ;;\n", Quoted(level.path, R"('\'')"),
                     Quoted(Joined(level), R"('\'')"));
  }
  return script + std::string(kBashTail);
}

constexpr std::string_view kZshHead = R"sh(#compdef vigil
# vigil completion for zsh: write it as _vigil to a folder of $fpath
_vigil_words() {
  case "$1" in
)sh";
constexpr std::string_view kZshTail = R"sh(    *) return 1 ;;
  esac
}
_vigil() {
  local path_so_far= longer word
  local -a offered
  for word in "${(@)words[2,CURRENT-1]}"; do
    longer=${path_so_far:+$path_so_far }$word
    if _vigil_words "$longer"; then path_so_far=$longer; fi
  done
  _vigil_words "$path_so_far"
  _describe -t commands vigil offered || _files
}
if [ "$funcstack[1]" = _vigil ]; then _vigil "$@"; else compdef _vigil vigil; fi
)sh";

std::string ZshScript(const std::vector<CompletionLevel>& levels) {
  std::string script(kZshHead);
  for (const CompletionLevel& level : levels) {
    script += format("    {}) offered=(", Quoted(level.path, R"('\'')"));
    for (const CompletionWord& word : level.words) {
      // A colon parts word and help.
      script += format(" {}", Quoted(format("{}:{}", word.word, word.help), R"('\'')"));
    }
    script += " ) ;;\n";
  }
  return script + std::string(kZshTail);
}

constexpr std::string_view kFishHead = R"sh(# vigil completion for fish: write it to
# ~/.config/fish/completions/vigil.fish
function __vigil_at
    set -l path
    for word in (commandline -opc)[2..-1]
        set -l longer (string join ' ' $path $word)
        contains -- $longer $__vigil_paths; and set path $longer
    end
    test "$path" = "$argv[1]"
end
)sh";

std::string FishScript(const std::vector<CompletionLevel>& levels) {
  std::string script(kFishHead);
  script += "set -g __vigil_paths";
  for (const CompletionLevel& level : levels) {
    if (!level.path.empty()) script += " " + Quoted(level.path, R"(\')");
  }
  script += "\n";
  for (const CompletionLevel& level : levels) {
    const std::string condition = format("__vigil_at \"{}\"", level.path);
    for (const CompletionWord& word : level.words) {
      const bool flag = word.word.starts_with("--");
      script += format("complete -c vigil {}-n {} {} {} -d {}\n", flag ? "" : "-f ",
                       Quoted(condition, R"(\')"), flag ? "-l" : "-a",
                       flag ? word.word.substr(2) : word.word, Quoted(word.help, R"(\')"));
    }
  }
  return script;
}

}  // namespace

std::vector<CompletionLevel> CompletionLevels(const CLI::App& program) {
  std::vector<CompletionLevel> levels;
  AddLevel(program, program, "", levels);
  return levels;
}

std::string CompletionScript(const CLI::App& program, std::string_view shell) {
  const auto levels = CompletionLevels(program);
  if (shell == "bash") return BashScript(levels);
  if (shell == "zsh") return ZshScript(levels);
  if (shell == "fish") return FishScript(levels);
  return {};
}

}  // namespace vigil::app
