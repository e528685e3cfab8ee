#!/bin/sh
# clang-format, clang-tidy and the layer check; each must find nothing. Optional arguments: the files to look at.
set -eu
cd "$(dirname "$0")/.."
[ -f build/release/compile_commands.json ] || cmake --preset release >/dev/null
if [ $# -gt 0 ]; then files=$*; else files=$(git ls-files 'src/*.cc' 'tools/*.cc'); fi
git ls-files '*.cc' '*.h' | xargs clang-format-19 --dry-run --Werror
python3 tools/check_layers.py
echo "$files" | tr ' ' '\n' | grep -v _test.cc |
    xargs -P "$(nproc)" -n 4 clang-tidy-19 -p build/release --quiet \
        --extra-arg=-Wno-unknown-warning-option --extra-arg=-Wno-unused-command-line-argument
echo "lint: nothing found"
