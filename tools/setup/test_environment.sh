#!/bin/sh
# Python packages of the end-to-end tests, in the same private environment.
. "$(dirname "$0")/common.sh"
requirements=$checkout/tools/setup/requirements-test.txt
stamp=$venv/requirements-test.done
cmp -s "$requirements" "$stamp" && exit 0
say "installing the Python packages of the tests"
run_logged "$checkout/build/setup-python.log" "the tests' Python packages could not be installed" \
    "check the network" \
    "$venv/bin/python" -m pip install --require-hashes --no-deps -r "$requirements"
cp "$requirements" "$stamp"
