#!/usr/bin/env python3
"""Compares two JSON-lines files of faces: REFERENCE (another MTCNN) and OURS (`vigil detect --json`), matched by image or frame.

  build/venv/bin/python bench/detector_parity.py REFERENCE.jsonl OURS.jsonl

A face is the same at IoU >= 0.9. Prints one JSON line: faces missed and added in per cent of the reference's, and the landmark error in
per cent of the box's longer side.
"""
import json
import pathlib
import sys

import numpy as np


def load(file):
    """Image's name or frame number -> faces."""
    images = {}
    for line in pathlib.Path(file).read_text().splitlines():
        image = json.loads(line)
        key = image.get("frame")
        images[key if key is not None else pathlib.Path(image["path"]).stem] = image.get("faces", [])
    return images


def iou(a, b):
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0
    shared = width * height
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)


def key_of(images, key):
    """Frames saved as 00012.png are frame 12."""
    if key in images:
        return key
    return next((k for k in images if str(k).isdigit() and str(key).isdigit() and int(k) == int(key)), None)


reference, ours = load(sys.argv[1]), load(sys.argv[2])
missed = added = total = 0
errors = []
for key, faces in reference.items():
    mine = list(ours.get(key_of(ours, key), []))
    total += len(faces)
    for face in faces:
        best = max(mine, key=lambda m: iou(face["box"], m["box"]), default=None)
        if best is None or iou(face["box"], best["box"]) < 0.9:
            missed += 1
            continue
        mine.remove(best)
        side = max(face["box"][2] - face["box"][0], face["box"][3] - face["box"][1])
        errors.append(np.linalg.norm(np.array(face["landmarks"]) - np.array(best["landmarks"]), axis=1).mean() / side)
    added += len(mine)
print(json.dumps({"bench": "detector_parity", "images": len(reference), "faces": total, "missed": missed, "added": added,
                  "missed_percent": round(100 * missed / total, 2), "added_percent": round(100 * added / total, 2),
                  "landmark_error_percent_mean": round(100 * float(np.mean(errors)), 3),
                  "landmark_error_percent_max": round(100 * float(np.max(errors)), 3)}))
