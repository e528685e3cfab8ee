#!/usr/bin/env python3
"""Detection beside facenet-pytorch's MTCNN: runs `vigil bench detect` and the peer alternately on the same frames, one thread each, and
compares the faces that the timed runs wrote.

  PEER_PYTHON bench/detect_ratio.py --peer mtcnn_fps.py --vigil build/release/vigil --video CLIP --min-face 40 --runs 5
  PEER_PYTHON bench/detect_ratio.py --vigil build/release/vigil --images FOLDER --min-face 20 --runs 1

PEER_PYTHON has facenet-pytorch; --peer is a program that takes --video, --min-face, --threads, --frames and --dump and prints a JSON line
with "fps". With --images the peer runs in this process. Prints one JSON line: both medians, the ratio of each pair of neighbouring runs
(median), and missed and added faces in per cent of the peer's (IoU >= 0.9), with the landmarks' distance in per cent of the box's longer
side.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time


def overlap(a, b):
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)


def load(file):
    """Frame number or image name -> faces."""
    lines = map(json.loads, pathlib.Path(file).read_text().splitlines())
    return {line["frame"] if "frame" in line else pathlib.Path(line["path"]).name: line["faces"] for line in lines}


def compare(reference, ours, least=0.9):
    total = missed = added = 0
    errors = []
    for key, faces in reference.items():
        mine = list(ours[key])
        total += len(faces)
        for face in faces:
            best = max(mine, key=lambda m: overlap(face["box"], m["box"]), default=None)
            if best is None or overlap(face["box"], best["box"]) < least:
                missed += 1
                continue
            mine.remove(best)
            box = face["box"]
            distances = [((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2) ** 0.5 for a, b in zip(face["landmarks"], best["landmarks"])]
            errors.append(100 * statistics.mean(distances) / max(box[2] - box[0], box[3] - box[1]))
        added += len(mine)
    share = lambda count: round(100 * count / total, 2) if total else 0.0
    return {"faces": total, "missed": missed, "added": added, "missed_percent": share(missed), "added_percent": share(added),
            "landmark_percent_mean": round(statistics.mean(errors), 3) if errors else None,
            "landmark_percent_max": round(max(errors), 3) if errors else None}


def last_line(command):
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def detect_images(wishes, dump):
    """The peer on single images, each read as RGB."""
    import cv2
    import torch
    from facenet_pytorch import MTCNN
    torch.set_num_threads(wishes.threads)
    mtcnn = MTCNN(keep_all=True, min_face_size=wishes.min_face, thresholds=[0.6, 0.7, 0.7], factor=0.709, device="cpu")
    files = sorted(f for f in pathlib.Path(wishes.images).iterdir() if f.suffix.lower() in (".jpg", ".jpeg", ".png"))[:wishes.frames]
    pictures = [cv2.cvtColor(cv2.imread(str(file)), cv2.COLOR_BGR2RGB) for file in files]
    mtcnn.detect(pictures[0], landmarks=True)
    start = time.perf_counter()
    found = [mtcnn.detect(picture, landmarks=True) for picture in pictures]
    seconds = time.perf_counter() - start
    with open(dump, "w") as out:
        for file, (boxes, scores, landmarks) in zip(files, found):
            faces = [] if boxes is None else [
                {"box": b.tolist(), "score": float(s), "landmarks": m.tolist()} for b, s, m in zip(boxes, scores, landmarks)]
            out.write(json.dumps({"path": str(file), "faces": faces}) + "\n")
    return {"fps": len(files) / seconds}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer")
    parser.add_argument("--vigil", required=True)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--video")
    source.add_argument("--images")
    parser.add_argument("--min-face", type=int, default=40)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--frames", type=int, default=48)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--keep", metavar="FOLDER", help="leave the boxes of the last runs here")
    wishes = parser.parse_args()
    if wishes.video and not wishes.peer:
        parser.error("--video needs --peer")
    ours, theirs = [], []
    with tempfile.TemporaryDirectory() as scratch:
        folder = wishes.keep or scratch
        os.makedirs(folder, exist_ok=True)
        our_dump, their_dump = f"{folder}/ours.jsonl", f"{folder}/peer.jsonl"
        source = ["--video", wishes.video] if wishes.video else ["--images", wishes.images]
        common = ["--min-face", str(wishes.min_face), "--threads", str(wishes.threads), "--frames", str(wishes.frames)]
        for _ in range(wishes.runs):
            ours.append(last_line([wishes.vigil, "bench", "detect", *source, *common, "--precision", wishes.precision, "--json",
                                   "--dump", our_dump]))
            theirs.append(last_line([sys.executable, wishes.peer, *source, *common, "--dump", their_dump]) if wishes.video
                          else detect_images(wishes, their_dump))
        parity = compare(load(their_dump), load(our_dump))
    our_fps, their_fps = [run["fps"] for run in ours], [run["fps"] for run in theirs]
    print(json.dumps({"bench": "detect_ratio", "cpu": ours[0]["cpu"], "load": round(os.getloadavg()[0], 2),
                      "source": pathlib.Path(wishes.video or wishes.images).name, "size": ours[0]["size"], "min_face": wishes.min_face,
                      "threads": wishes.threads, "frames": ours[0]["frames"], "precision": ours[0]["precision"], "runs": wishes.runs,
                      "fps": round(statistics.median(our_fps), 2), "peer_fps": round(statistics.median(their_fps), 2),
                      "ratio": round(statistics.median(a / b for a, b in zip(our_fps, their_fps)), 2),
                      "p50_ms": statistics.median(run["p50_ms"] for run in ours),
                      "p99_ms": statistics.median(run["p99_ms"] for run in ours), **parity}))


main()
