# Shared by the stages of the set-up: where things lie, and how progress and failures are told. Sourced, not run.
set -eu
checkout=$(cd "$(dirname "$0")/../.." && pwd)
cache=${HOME:?HOME is not set}/.cache/vigil
venv=$checkout/build/venv
downloads=$cache/downloads
export PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
mkdir -p "$checkout/build" "$downloads"

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

pip_install() {
    "$venv/bin/python" -m pip install --no-index --find-links "$downloads" --no-deps --require-hashes --requirement "$1"
}

# install_packages REQUIREMENTS: pinned Python packages, each by its hash. They are downloaded once and kept; with all of them there
# the network is not asked.
install_packages() {
    log=$checkout/build/setup-python.log
    if pip_install "$1" >"$log" 2>&1; then return; fi
    say "      downloading Python packages"
    run_logged "$log" "Python packages could not be downloaded" \
        "check the network and the free disk; if a hash differs, the file that came is not the one that was tested: do not use it" \
        "$venv/bin/python" -m pip download --only-binary :all: --no-deps --require-hashes --dest "$downloads" --requirement "$1"
    run_logged "$log" "Python packages could not be installed" "look for a full disk; else remove build/venv" pip_install "$1"
}
