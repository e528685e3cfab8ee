# Shared by the stages of the set-up: where things lie, and how progress and failures are told. Sourced, not run.
set -eu
checkout=$(cd "$(dirname "$0")/../.." && pwd)
cache=${HOME:?HOME is not set}/.cache/vigil
venv=$checkout/build/venv
export PIP_CACHE_DIR="$cache/pip" PIP_DISABLE_PIP_VERSION_CHECK=1
mkdir -p "$checkout/build" "$cache"

say() { printf '%s\n' "$*" >&2; }

# fail WHAT MEND: ends the set-up; it can be run again and goes on where it stopped.
fail() {
    say "set-up failed: $1"
    say "  what to do: $2, then run the same command again; what is done stays done"
    exit 1
}

# run_logged LOG WHAT MEND COMMAND...: quiet while it works, the end of the log when it fails.
run_logged() {
    log=$1 what=$2 mend=$3
    shift 3
    if ! "$@" >"$log" 2>&1; then
        tail -n 15 "$log" >&2
        fail "$what (whole log: $log)" "$mend"
    fi
}
