#!/usr/bin/env python3
"""Accuracy on LFW View 1 through `vigil embed`: threshold chosen on pairsDevTrain, accuracy on pairsDevTest, TAR over all pairs.

  build/venv/bin/python bench/lfw_view1.py --lfw FOLDER [--precision f32] [--vigil build/release/vigil]

FOLDER holds images/NAME/NAME_0001.jpg, pairsDevTrain.txt and pairsDevTest.txt. The face nearest the centre of an image counts: that is where
the set puts the person it names, others stand around. A pair with an image without a face is an error whatever the threshold. Prints one
JSON line.
"""
import argparse
import json
import pathlib
import subprocess
import time

import numpy as np

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--lfw", type=pathlib.Path, required=True)
parser.add_argument("--vigil", default="build/release/vigil")
parser.add_argument("--precision", default="f32", choices=["f32", "bf16", "i8"])
parser.add_argument("--min-face", type=int, default=40)
options = parser.parse_args()


def from_centre(box, width, height):
    return (box[0] + box[2] - width) ** 2 + (box[1] + box[3] - height) ** 2


def embed(paths):
    """Name of the image file -> unit vector of the face nearest its centre."""
    command = [options.vigil, "embed", "--json", "--precision", options.precision, "--min-face",
               str(options.min_face), "-"]
    lines = subprocess.run(command, input="\n".join(map(str, paths)), text=True, stdout=subprocess.PIPE, check=True).stdout
    found = {}
    for line in lines.splitlines():
        image = json.loads(line)
        if image.get("faces"):
            face = min(image["faces"], key=lambda f: from_centre(f["box"], image["width"], image["height"]))
            found[pathlib.Path(image["path"]).stem] = np.array(face["embedding"], dtype=np.float32)
    return found


def pairs(file):
    for line in file.read_text().splitlines():
        fields = line.split()
        if len(fields) == 3:
            yield f"{fields[0]}_{int(fields[1]):04}", f"{fields[0]}_{int(fields[2]):04}", True
        elif len(fields) == 4:
            yield f"{fields[0]}_{int(fields[1]):04}", f"{fields[2]}_{int(fields[3]):04}", False


def score(file, embeddings):
    similarity, same, missing = [], [], 0
    for a, b, genuine in pairs(file):
        if a in embeddings and b in embeddings:
            similarity.append(float(embeddings[a] @ embeddings[b]))
            same.append(genuine)
        else:
            missing += 1
    return np.array(similarity), np.array(same), missing


paths = sorted((options.lfw / "images").glob("*/*.jpg"))
started = time.monotonic()
embeddings = embed(paths)
seconds = time.monotonic() - started

train, train_same, _ = score(options.lfw / "pairsDevTrain.txt", embeddings)
threshold = max(np.unique(train), key=lambda t: np.mean((train >= t) == train_same))
test, test_same, missing = score(options.lfw / "pairsDevTest.txt", embeddings)
accuracy = np.sum((test >= threshold) == test_same) / (len(test) + missing)

names = sorted(embeddings)
people = np.unique([n.rsplit("_", 1)[0] for n in names], return_inverse=True)[1]
matrix = np.stack([embeddings[n] for n in names])
similarity = matrix @ matrix.T
upper = np.triu_indices(len(names), 1)
genuine = people[upper[0]] == people[upper[1]]
scores = similarity[upper]
impostors = np.sort(scores[~genuine])
tar = {}
for rate in (1e-2, 1e-3, 1e-4, 1e-5):
    limit = impostors[int(np.ceil(len(impostors) * (1 - rate)))]
    tar[f"{rate:g}"] = {"threshold": round(float(limit), 3), "tar": round(float(np.mean(scores[genuine] >= limit)), 4)}
print(json.dumps({"bench": "lfw_view1", "precision": options.precision, "images": len(paths), "without_face": len(paths) - len(names),
                  "threshold": round(float(threshold), 3), "accuracy": round(float(accuracy), 4), "test_pairs_without_face": missing,
                  "genuine_pairs": int(genuine.sum()), "impostor_pairs": int((~genuine).sum()), "tar_at_fmr": tar,
                  "images_per_s": round(len(paths) / seconds, 1)}))
