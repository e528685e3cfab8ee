#!/bin/sh
# Python packages of the end-to-end tests, in the same private environment.
. "$(dirname "$0")/common.sh"
requirements=$checkout/tools/setup/requirements-test.txt
stamp=$venv/requirements-test.done
cmp -s "$requirements" "$stamp" && exit 0
say "installing the Python packages of the tests"
install_packages "$requirements"
cp "$requirements" "$stamp"
