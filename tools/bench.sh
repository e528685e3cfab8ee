#!/bin/sh
# The measurements that can be repeated from the checkout. With VIGIL_TEST_DATA set, accuracy on LFW View 1 as well.
set -eu
cd "$(dirname "$0")/.."
if [ -z "${VIGIL_TEST_DATA:-}" ]; then
    echo "VIGIL_TEST_DATA is not set: it names a folder with lfw/ and video/; nothing to measure without it" >&2
    exit 1
fi
for clip in pedestrians_1080p tv_scene_720p; do
    build/release/vigil bench detect --video "$VIGIL_TEST_DATA/video/$clip.mp4" --json
done
for precision in f32 i8; do
    build/venv/bin/python bench/lfw_view1.py --lfw "$VIGIL_TEST_DATA/lfw" --precision "$precision"
done
