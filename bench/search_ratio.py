#!/usr/bin/env python3
"""Vigil's exact search beside faiss-cpu, run in turns: prints the median ratio for each peer and batch.

  bench/search_ratio.py --faiss PYTHON SCRIPT [--n 1000000 --dim 512 --batch 1,64 --threads 2 --rounds 5]

PYTHON is an interpreter that has faiss-cpu; SCRIPT prints one JSON line for each index and batch ("peer", "batch",
"p50_ms", "p99_ms", "qps") and takes --n, --dim, --batch, --threads, --seconds and --only. Both sides build their gallery
anew in each round, so that neither profits from a lucky place in memory. One line for each round and side, then the
medians; the load of the machine is printed with them, because it spoils figures.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys


def json_lines(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{command[0]} ended with {done.returncode}")
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faiss", nargs=2, required=True, metavar=("PYTHON", "SCRIPT"))
    parser.add_argument("--vigil", default="build/release/vigil")
    parser.add_argument("--n", type=int, default=1_000_000)
    parser.add_argument("--dim", type=int, default=512)
    parser.add_argument("--batch", default="1,64")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--only", default="flat,blas,sq8", help="peers")
    options = parser.parse_args()
    shared = [f"--{name}={getattr(options, name)}" for name in ("n", "dim", "batch", "threads", "seconds")]
    rounds = []
    for number in range(options.rounds):
        results = {}
        ours = json_lines([options.vigil, "bench", "search", "--json", *shared])
        theirs = json_lines([*options.faiss, *shared, f"--only={options.only}"])
        for line in ours + theirs:
            side = line.get("peer", "vigil")
            results[side, line["batch"]] = line
            print(json.dumps({"round": number, "side": side, "load": round(os.getloadavg()[0], 1),
                              **{key: line.get(key) for key in ("batch", "p50_ms", "p99_ms", "qps", "mate_at_1",
                                                                "bytes_per_reference", "bytes_per_vector")}}),
                  flush=True)
        rounds.append(results)
    for side, batch in sorted(rounds[0], key=str):
        if side == "vigil":
            continue
        time = statistics.median(r["vigil", batch]["p50_ms"] / r[side, batch]["p50_ms"] for r in rounds)
        rate = statistics.median(r["vigil", batch]["qps"] / r[side, batch]["qps"] for r in rounds)
        print(json.dumps({"n": options.n, "dim": options.dim, "batch": batch, "threads": options.threads, "peer": side,
                          "time_ratio": round(time, 3), "rate_ratio": round(rate, 2), "rounds": options.rounds}))


if __name__ == "__main__":
    main()
