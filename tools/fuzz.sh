#!/bin/sh
# Fuzzes each parser of outside bytes for a minute: tools/fuzz.sh [SECONDS]. Stops at the first crash and says how to repeat it.
set -eu
cd "$(dirname "$0")/.."
seconds=${1:-60}
cmake --preset asan-ubsan -B build/fuzz -DVIGIL_FUZZ=ON -DVIGIL_HTTP=ON >/dev/null
targets=$(ninja -C build/fuzz -t targets all | sed -n 's/^\(vigil_[a-z_]*_fuzz\): phony.*/\1/p')
# shellcheck disable=SC2086
ninja -C build/fuzz --quiet $targets
for target in $targets; do
    corpus=build/fuzz/corpus/$target
    mkdir -p "$corpus"
    echo "$target: $seconds s" >&2
    "build/fuzz/bin/$target" -max_total_time="$seconds" -print_final_stats=1 "$corpus" 2>build/fuzz/"$target".log || {
        tail -n 30 build/fuzz/"$target".log >&2
        exit 1
    }
    grep -E 'number_of_executed_units' build/fuzz/"$target".log >&2
done
