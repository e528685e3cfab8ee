#!/usr/bin/env python3
"""Accuracy on LFW View 1 through `vigil embed`: threshold chosen on pairsDevTrain, accuracy on pairsDevTest, TAR over all pairs.

  build/venv/bin/python bench/lfw_view1.py --lfw FOLDER [--embedder sface] [--precision f32] [--plain] [--keep FILE.npz]
      [--vigil build/release/vigil]

See lfw_embeddings.py for FOLDER. A pair with an image without a face is an error whatever the threshold. Prints one JSON line; the points of
"tar_at_fmr" are what models/manifest.toml calls a calibration.
"""
import json

import numpy as np
from lfw_embeddings import compared, embeddings, pairs, parse, person_of, tar_at_fmr


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
vectors = compared(vectors, options)
vector_of = dict(zip(names, vectors))

train, train_same, _ = score(options.lfw / "pairsDevTrain.txt", vector_of)
threshold = max(np.unique(train), key=lambda t: np.mean((train >= t) == train_same))
test, test_same, missing = score(options.lfw / "pairsDevTest.txt", vector_of)
accuracy = np.sum((test >= threshold) == test_same) / (len(test) + missing)

people = [person_of(name) for name in names]
counts = np.unique(people, return_counts=True)[1]
genuine_pairs = int((counts * (counts - 1) // 2).sum())
print(json.dumps({"bench": "lfw_view1", "detector": options.detector, "embedder": options.embedder, "precision": options.precision,
                  "plain": options.plain, "images": images, "without_face": images - len(names),
                  "threshold": round(float(threshold), 3), "accuracy": round(float(accuracy), 4), "test_pairs_without_face": missing,
                  "genuine_pairs": genuine_pairs, "impostor_pairs": len(names) * (len(names) - 1) // 2 - genuine_pairs,
                  "tar_at_fmr": tar_at_fmr(vectors, people), "images_per_s": images_per_s}))
