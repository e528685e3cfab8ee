#!/usr/bin/env python3
"""Embeddings a second beside the peers': `vigil bench embed` and a peer's script by turns, so that a noisy machine hits both alike.

  build/venv/bin/python bench/embed_ratio.py --peer-python PYTHON --peer-script embed_rate.py --onnx facenet.onnx
      [--batch 8] [--threads 1] [--precision i8] [--runs 5] [--seconds 3] [--core 0] [--vigil build/release/vigil]

The peer's script takes --threads, --batch, --seconds and --onnx, and prints one JSON line a peer with "peer" and "emb_per_s", embeddings a second
at the median time of a batch, as "embeddings_per_s" is here. Prints one JSON line: medians, and the median, lowest and highest ratio of the runs.
"""
import argparse
import json
import os
import statistics
import subprocess

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--peer-python", required=True)
parser.add_argument("--peer-script", required=True)
parser.add_argument("--onnx", required=True)
parser.add_argument("--batch", type=int, default=8)
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--precision", default="auto")
parser.add_argument("--runs", type=int, default=5)
parser.add_argument("--seconds", type=float, default=3)
parser.add_argument("--core", help="pin both to these cores, as taskset counts them")
parser.add_argument("--vigil", default="build/release/vigil")
options = parser.parse_args()


def lines(*command):
    pin = ["taskset", "-c", options.core] if options.core else []
    text = subprocess.run([*pin, *map(str, command)], stdout=subprocess.PIPE, text=True, check=True).stdout
    return [json.loads(line) for line in text.splitlines()]


shape = ["--threads", options.threads, "--batch", options.batch, "--seconds", options.seconds]
ours, latency, peers, ratios, load = [], [], {}, {}, []
for _ in range(options.runs):
    load.append(os.getloadavg()[0])
    [own] = lines(options.vigil, "bench", "embed", "--json", "--precision", options.precision, *shape)
    ours.append(own["embeddings_per_s"])
    latency.append(own["p50_ms"])
    for peer in lines(options.peer_python, options.peer_script, "--onnx", options.onnx, *shape):
        peers.setdefault(peer["peer"], []).append(peer["emb_per_s"])
        ratios.setdefault(peer["peer"], []).append(own["embeddings_per_s"] / peer["emb_per_s"])
print(json.dumps({
    "bench": "embed_ratio", "cpu": own["cpu"], "embedder": own["embedder"], "precision": own["precision"], "threads": options.threads,
    "batch": options.batch, "runs": options.runs, "embeddings_per_s": statistics.median(ours), "p50_ms": statistics.median(latency),
    "peers": {name: {"emb_per_s": statistics.median(rates), "ratio": round(statistics.median(ratios[name]), 2),
                     "lowest": round(min(ratios[name]), 2), "highest": round(max(ratios[name]), 2)} for name, rates in peers.items()},
    "load": [round(value, 1) for value in load]}))
