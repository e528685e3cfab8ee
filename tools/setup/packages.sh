#!/bin/sh
# Stage 1: Debian packages of a list (default packages.txt). Only the missing ones, as root or through sudo.
. "$(dirname "$0")/common.sh"
wanted=$(grep -v '^#' "$checkout/tools/setup/${1:-packages.txt}")
# shellcheck disable=SC2086
installed=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' $wanted 2>/dev/null | sed -n 's/ installed$//p')
missing=$(printf '%s\n' $wanted | grep -vxF "$installed" || true)
if [ -z "$missing" ]; then
    say "      already there"
    exit 0
fi
command -v apt-get >/dev/null || fail "this is not Debian: apt-get is missing" "use Debian 12"
as_root=
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null ||
        fail "packages are missing and this is not root: $(echo $missing)" "install them as root"
    as_root=sudo
fi
say "      installing $(echo "$missing" | wc -w) packages (several hundred MB the first time)"
export DEBIAN_FRONTEND=noninteractive
run_logged "$checkout/build/setup-packages.log" "the package lists could not be updated" \
    "check the network and /etc/apt/sources.list" $as_root apt-get update
# shellcheck disable=SC2086
run_logged "$checkout/build/setup-packages.log" "packages could not be installed" \
    "read the lines above; usual causes: a full disk, another apt at work, an interrupted one (dpkg --configure -a)" \
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing
