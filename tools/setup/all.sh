#!/bin/sh
# The whole set-up: idempotent, and safe to interrupt and run again.
. "$(dirname "$0")/common.sh"
stage() {
    say "[$1/4] $2"
    started=$(date +%s)
    "$checkout/tools/setup/$3"
    say "      done in $(($(date +%s) - started)) s"
}
stage 1 "system packages" packages.sh
stage 2 "Python environment and OpenVINO" python.sh
stage 3 "models" models.sh
stage 4 "pages of the API" docs.sh
