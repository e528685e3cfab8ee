#!/bin/sh
# Configures a preset and builds targets of it: tools/build.sh PRESET TARGET...
set -eu
cd "$(dirname "$0")/.."
preset=$1
shift
mkdir -p build
# Objects of one checkout serve another: paths below it do not count.
export CCACHE_BASEDIR="$PWD" CCACHE_NOHASHDIR=1
if ! cmake --preset "$preset" >"build/configure-$preset.log" 2>&1; then
    cat "build/configure-$preset.log" >&2
    echo "configuring failed; run 'make setup' and look at the lines above" >&2
    exit 1
fi
echo "building ($preset) ..." >&2
exec ninja -C "build/$preset" --quiet "$@"
