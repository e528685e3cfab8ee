#!/bin/bash
# The measurements that can be repeated from the checkout: ours and the peers by turns, the kernels one by one, and the curves of
# docs/performance.md. Every figure becomes a JSON line below build/bench. What cannot be measured here says why and is left out.
#   VIGIL_TEST_DATA     folder with lfw/, photos/ and video/
#   VIGIL_PEER_PYTHON   interpreter that has facenet-pytorch, onnxruntime and faiss-cpu
#   VIGIL_PEER_SCRIPTS  folder with mtcnn_fps.py, embed_rate.py and faiss_search.py
#   VIGIL_PEER_ONNX     FaceNet as ONNX, for the peers' embeddings
#   BENCH_RUNS          runs by turns (5)
#   BENCH_ACCURACY      1: accuracy on LFW View 1 as well, many minutes
set -euo pipefail
cd "$(dirname "$0")/.."
out=build/bench
runs=${BENCH_RUNS:-5}
vigil=build/release/vigil
python=build/venv/bin/python
mkdir -p "$out"

skip() { echo "bench: left out: $1" >&2; }

# keep COMMAND...: shows what it prints and keeps its JSON lines, each with the time and the commit.
keep() {
    echo "bench: $*" >&2
    "$@" | PYTHONPATH=bench "$python" -c '
import json, sys, figures
for line in sys.stdin:
    if line.startswith("{"):
        figures.record(json.loads(line))
'
}

if ninja -C build/release -t query vigil_kernels >/dev/null 2>&1; then
    tools/build.sh release vigil_kernels
    build/release/bin/vigil_kernels --benchmark_out="$out/kernels.json" --benchmark_out_format=json
else
    skip "the kernels one by one: libbenchmark-dev is not installed"
fi

if [ -z "${VIGIL_TEST_DATA:-}" ]; then
    echo "bench: VIGIL_TEST_DATA is not set: it names a folder with lfw/, photos/ and video/; nothing more to measure without it" >&2
    exit 1
fi
clip=$VIGIL_TEST_DATA/video/pedestrians_1080p.mp4
peer=${VIGIL_PEER_PYTHON:-}
scripts=${VIGIL_PEER_SCRIPTS:-}
if [ -n "$peer" ] && [ -x "$peer" ] && [ -n "$scripts" ] && [ -d "$scripts" ]; then
    for min_face in 20 40 60; do
        keep "$peer" bench/detect_ratio.py --peer "$scripts/mtcnn_fps.py" --vigil $vigil --video "$clip" --min-face $min_face \
            --frames 16 --runs "$runs"
    done
    keep "$peer" bench/detect_ratio.py --peer "$scripts/mtcnn_fps.py" --vigil $vigil --video "$VIGIL_TEST_DATA/video/tv_scene_720p.mp4" \
        --min-face 40 --frames 16 --runs "$runs"
    if [ -n "${VIGIL_PEER_ONNX:-}" ]; then
        for batch in 8 1; do
            keep $python bench/embed_ratio.py --peer-python "$peer" --peer-script "$scripts/embed_rate.py" --onnx "$VIGIL_PEER_ONNX" \
                --batch $batch --runs "$runs"
        done
    else
        skip "embeddings beside the peers: VIGIL_PEER_ONNX is not set"
    fi
    keep $python bench/search_ratio.py --faiss "$peer" "$scripts/faiss_search.py" --rounds "$runs"
else
    skip "the peers: VIGIL_PEER_PYTHON and VIGIL_PEER_SCRIPTS do not name an interpreter and a folder; ours alone"
    keep $vigil bench detect --video "$clip" --json
    keep $vigil bench embed --json
    keep $vigil bench search --json
fi
keep $vigil bench pipeline --video "$clip" --json
$python bench/gate.py --data "$VIGIL_TEST_DATA"
$python bench/curves.py --data "$VIGIL_TEST_DATA"
if [ "${BENCH_ACCURACY:-0}" = 1 ]; then
    for precision in f32 i8; do
        keep $python bench/lfw_view1.py --lfw "$VIGIL_TEST_DATA/lfw" --precision $precision
    done
else
    skip "accuracy on LFW: set BENCH_ACCURACY=1"
fi
echo "bench: figures are in $out, curves in docs/performance.md" >&2
