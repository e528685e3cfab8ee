#!/bin/sh
# Stage 2: the private Python environment of set-up and model conversion, and in it OpenVINO, whose wheel also holds the
# C++ SDK. Every package is pinned and checked by hash. Nothing at run time needs Python.
. "$(dirname "$0")/common.sh"
requirements=$checkout/tools/setup/requirements.txt
stamp=$venv/requirements.done
log=$checkout/build/setup-python.log
if cmp -s "$requirements" "$stamp" && [ -e "$checkout/build/openvino/openvino/cmake/OpenVINOConfig.cmake" ]; then
    say "      already there"
    exit 0
fi
[ "$(uname -m)" = x86_64 ] || fail "this is a $(uname -m) machine" "use an x86-64 one: the pinned OpenVINO is built for it"
/usr/bin/python3 -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' ||
    fail "/usr/bin/python3 is not Python 3.11, for which the packages are pinned" "use Debian 12"
# An environment without pip is one whose making was interrupted.
if ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    run_logged "$log" "the Python environment could not be made" \
        "install Debian's python3-venv, and look for a full disk" /usr/bin/python3 -m venv --clear "$venv"
fi
say "      installing Python packages, OpenVINO among them (200 MB to download the first time)"
install_packages "$requirements"
packages=$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])')
[ -e "$packages/openvino/cmake/OpenVINOConfig.cmake" ] ||
    fail "OpenVINO's wheel lacks its C++ SDK" "remove build/venv"
mkdir -p "$checkout/build/openvino"
# A folder made by an unpacked wheel may stand where the link goes.
[ -L "$checkout/build/openvino/openvino" ] || rm -rf "$checkout/build/openvino/openvino"
ln -sfn "$packages/openvino" "$checkout/build/openvino/openvino"
cp "$requirements" "$stamp"
