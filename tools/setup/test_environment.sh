#!/bin/sh
# What only tests and lint need: programs they drive, and Python packages in the same private environment.
. "$(dirname "$0")/common.sh"
say "programs of the tests"
"$checkout/tools/setup/packages.sh" packages-test.txt
say "the models that can be swapped in"
"$venv/bin/python" "$checkout/tools/models/models.py" install yunet sface ||
    fail "the models of the tests could not be installed" "read the line above"
requirements=$checkout/tools/setup/requirements-test.txt
stamp=$venv/requirements-test.done
cmp -s "$requirements" "$stamp" && exit 0
say "installing the Python packages of the tests"
install_packages "$requirements"
cp "$requirements" "$stamp"
