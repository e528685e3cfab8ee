#!/bin/sh
# Stage 4: Swagger UI for the pages at /docs: one pinned package, checked by hash, of which three files are kept. No node is needed.
. "$(dirname "$0")/common.sh"
version=5.35.0
hash=1b8e891893404ea4c3558b6a87e2a3e494e7eedba41168c2ece5800a391a6ea6
package=$downloads/swagger-ui-dist-$version.tgz
target=$checkout/build/swagger-ui
stamp=$target/$version.done
if [ -e "$stamp" ]; then
    say "      already there"
    exit 0
fi
right() { [ -e "$package" ] && printf '%s  %s\n' "$hash" "$package" | sha256sum --check --status; }
if ! right; then
    say "      downloading Swagger UI (5 MB)"
    rm -f "$package" "$package.part"
    /usr/bin/python3 -c 'import sys, urllib.request; urllib.request.urlretrieve(sys.argv[1], sys.argv[2])' \
        "https://registry.npmjs.org/swagger-ui-dist/-/swagger-ui-dist-$version.tgz" "$package.part" >"$checkout/build/setup-docs.log" 2>&1 ||
        fail "Swagger UI could not be downloaded: $(tail -n 1 "$checkout/build/setup-docs.log")" "check the network"
    mv "$package.part" "$package"
    right || fail "Swagger UI is not the file that was tested" "do not use it; remove $package"
fi
rm -rf "$target"
mkdir -p "$target"
tar --extract --gzip --file "$package" --directory "$target" --strip-components 1 \
    package/swagger-ui-bundle.js package/swagger-ui.css package/LICENSE package/NOTICE || fail "$package could not be unpacked" "remove it"
touch "$stamp"
