#!/usr/bin/env python3
"""Accuracy on LFW View 1 through `vigil embed`: threshold chosen on pairsDevTrain, accuracy on pairsDevTest, TAR over all pairs.

  build/venv/bin/python bench/lfw_view1.py --lfw FOLDER [--embedder sface] [--precision f32] [--keep FILE.npz] [--vigil build/release/vigil]

See lfw_embeddings.py for FOLDER. A pair with an image without a face is an error whatever the threshold. Prints one JSON line; the points of
"tar_at_fmr" are what models/manifest.toml calls a calibration.
"""
import json

import numpy as np
from lfw_embeddings import embeddings, parse, person_of


def pairs(file):
    for line in file.read_text().splitlines():
        fields = line.split()
        if len(fields) == 3:
            yield f"{fields[0]}_{int(fields[1]):04}", f"{fields[0]}_{int(fields[2]):04}", True
        elif len(fields) == 4:
            yield f"{fields[0]}_{int(fields[1]):04}", f"{fields[2]}_{int(fields[3]):04}", False


def score(file, vector_of):
    similarity, same, missing = [], [], 0
    for a, b, genuine in pairs(file):
        if a in vector_of and b in vector_of:
            similarity.append(float(vector_of[a] @ vector_of[b]))
            same.append(genuine)
        else:
            missing += 1
    return np.array(similarity), np.array(same), missing


options = parse(__doc__)
names, vectors, images, images_per_s = embeddings(options)
vector_of = dict(zip(names, vectors))

train, train_same, _ = score(options.lfw / "pairsDevTrain.txt", vector_of)
threshold = max(np.unique(train), key=lambda t: np.mean((train >= t) == train_same))
test, test_same, missing = score(options.lfw / "pairsDevTest.txt", vector_of)
accuracy = np.sum((test >= threshold) == test_same) / (len(test) + missing)

people = np.unique([person_of(name) for name in names], return_inverse=True)[1]
similarity = vectors @ vectors.T
upper = np.triu_indices(len(names), 1)
genuine = people[upper[0]] == people[upper[1]]
scores = similarity[upper]
impostors = np.sort(scores[~genuine])
tar = {}
for rate in (1e-2, 1e-3, 1e-4, 1e-5):
    limit = impostors[int(np.ceil(len(impostors) * (1 - rate)))]
    tar[f"{rate:g}"] = {"threshold": round(float(limit), 3), "tar": round(float(np.mean(scores[genuine] >= limit)), 4)}
print(json.dumps({"bench": "lfw_view1", "detector": options.detector, "embedder": options.embedder, "precision": options.precision,
                  "images": images, "without_face": images - len(names),
                  "threshold": round(float(threshold), 3), "accuracy": round(float(accuracy), 4), "test_pairs_without_face": missing,
                  "genuine_pairs": int(genuine.sum()), "impostor_pairs": int((~genuine).sum()), "tar_at_fmr": tar,
                  "images_per_s": images_per_s}))
