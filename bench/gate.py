#!/usr/bin/env python3
"""What the motion gate and decoding keyframes alone save, and what they miss.

  build/venv/bin/python bench/gate.py --data $VIGIL_TEST_DATA [--vigil build/release/vigil] [--runs 3]

Runs `vigil watch` over room_topdown.mp4 and pedestrians_1080p.mp4: every due picture looked at, with the gate, and with the gate and
keyframes alone while nothing moves; pedestrians_1080p.mp4 also with a minute of an empty place before it, because a camera is idle for
hours and a clip is not. A track of the first way counts as missed when no track of another way was seen at its time (1 s) and place
(boxes that meet); those that were recognisable are counted apart. Figures: build/bench/figures.jsonl.
"""
import argparse
import json
import os
import pathlib
import resource
import statistics
import subprocess
import tempfile

import figures

WAYS = {"every due picture": {"VIGIL__RECOGNITION__MOTION_GATE": "false"}, "gate": {}, "gate and keyframes": {"flags": ["--keyframes-when-idle"]}}


def watch(wishes, clip, way, min_face):
    environment = {key: value for key, value in way.items() if key != "flags"}
    with tempfile.TemporaryDirectory() as nobody:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run([wishes.vigil, "watch", clip, "--people", wishes.people, "--min-face", str(min_face), "--json",
                               *way.get("flags", [])], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False, cwd=nobody,
                              env={**os.environ, **environment})
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    tracks = {}
    for line in done.stdout.splitlines():
        outcome = json.loads(line)
        tracks.setdefault(outcome["track"], []).append(outcome)
    words = next(line for line in done.stderr.splitlines() if "looked at" in line).split()
    return {"cpu_s": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, "decoded": int(words[0]), "looked_at": int(words[2]),
            "tracks": list(tracks.values())}


def meet(a, b):
    return min(a[2], b[2]) > max(a[0], b[0]) and min(a[3], b[3]) > max(a[1], b[1])


def missed(reference, other):
    looks = [look for track in other for look in track]
    return sum(not any(abs(look["pts_ms"] - seen["pts_ms"]) <= 1000 and meet(look["box"], seen["box"]) for look in looks for seen in track)
               for track in reference)


def recognisable(tracks):
    return [track for track in tracks if any(look["outcome"] != "unrecognisable" for look in track)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--vigil", default=str(figures.CHECKOUT / "build" / "release" / "vigil"))
    parser.add_argument("--runs", type=int, default=3)
    wishes = parser.parse_args()
    wishes.people = wishes.data / "photos" / "public_figures"  # none of them is in the clips
    wishes.vigil = str(pathlib.Path(wishes.vigil).resolve())
    video = wishes.data / "video"
    with tempfile.TemporaryDirectory() as scratch:
        idle = pathlib.Path(scratch) / "a minute of nobody, then pedestrians_1080p.mp4"
        # A sensor's noise on grey, then the clip; a keyframe each second, as cameras send, and none for the cut between them.
        subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", "-f", "lavfi", "-i", "color=gray:size=1920x1080:rate=25:duration=60,noise=alls=6:allf=t",
                        "-i", video / "pedestrians_1080p.mp4", "-filter_complex", "[0][1]concat=n=2,format=yuv420p", "-c:v", "libx264",
                        "-preset", "veryfast", "-g", "25", "-sc_threshold", "0", "-crf", "24", idle], check=True)
        for clip, min_face in ((video / "room_topdown.mp4", 20), (video / "pedestrians_1080p.mp4", 40), (idle, 40)):
            runs = {name: [] for name in WAYS}
            for _ in range(wishes.runs):
                for name, way in WAYS.items():
                    runs[name].append(watch(wishes, clip, way, min_face))
            everything = runs["every due picture"][0]
            for name, told in runs.items():
                figures.record({"bench": "gate", "clip": clip.name, "min_face": min_face, "way": name, "runs": wishes.runs,
                                "cpu_s": round(statistics.median(run["cpu_s"] for run in told), 2), "decoded": told[0]["decoded"],
                                "looked_at": told[0]["looked_at"], "tracks": len(told[0]["tracks"]),
                                "tracks_missed": missed(everything["tracks"], told[0]["tracks"]),
                                "recognisable": len(recognisable(everything["tracks"])),
                                "recognisable_missed": missed(recognisable(everything["tracks"]), told[0]["tracks"])})


main()
