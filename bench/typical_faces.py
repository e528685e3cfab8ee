#!/usr/bin/env python3
"""Learns the typical faces of an embedder (see src/core/typical_faces.h) from LFW View 1's training people, and judges them on its test people.

  build/venv/bin/python bench/typical_faces.py --lfw FOLDER --precision i8 --out models/facenet-128-typical-faces.json [--keep FILE.npz]

One photo of each person of pairsDevTrain.txt is sorted into 32 groups by k-means; each group's mean is a typical face. Nobody of
pairsDevTest.txt is among them: TAR at FMR 1e-3, 1e-4 and 1e-5 over all pairs of those people's photos is printed without and with them. Embeddings
must be those of the network alone, so `vigil embed` is asked without --compared. What it writes goes into the manifest with its SHA-256, and
calibrations are to be measured again.
"""
import hashlib
import json
import pathlib

import numpy as np
from lfw_embeddings import embeddings, less_typical, pairs, parser, person_of, tar_at_fmr
from sklearn.cluster import KMeans

GROUPS = 32
TEMPERATURE = 0.1
SEED = 1


def people_of(file):
    return {name.rsplit("_", 1)[0] for a, b, _ in pairs(file) for name in (a, b)}


def main():
    arguments = parser(__doc__)
    arguments.add_argument("--out", type=pathlib.Path, required=True)
    options = arguments.parse_args()
    names, vectors, _, _ = embeddings(options)
    person = np.array([person_of(name) for name in names])
    train = np.isin(person, list(people_of(options.lfw / "pairsDevTrain.txt")))
    test = np.isin(person, list(people_of(options.lfw / "pairsDevTest.txt")))
    assert not (train & test).any()
    one_each = np.flatnonzero(train)[np.unique(person[train], return_index=True)[1]]
    groups = KMeans(GROUPS, n_init=2, random_state=SEED).fit(vectors[one_each])
    typical = {
        "learned_on": f"LFW View 1, people of pairsDevTrain: {len(one_each)} photos, one a person; {GROUPS} groups of "
                      f"{np.bincount(groups.labels_).min()} to {np.bincount(groups.labels_).max()} people",
        "temperature": TEMPERATURE,
        "faces": groups.cluster_centers_.round(4).astype(float).tolist(),
    }
    faces = ",\n".join("    " + json.dumps([round(value, 4) for value in face], separators=(",", ":")) for face in typical["faces"])
    options.out.write_text(f'{{\n  "learned_on": {json.dumps(typical["learned_on"])},\n  "temperature": {TEMPERATURE},\n  "faces": [\n{faces}\n  ]\n}}\n')
    print(json.dumps({
        "bench": "typical_faces", "embedder": options.embedder, "precision": options.precision, "learned_on": typical["learned_on"],
        "test_people": len(set(person[test])), "test_images": int(test.sum()),
        "without": tar_at_fmr(vectors[test], person[test]), "with": tar_at_fmr(less_typical(vectors[test], typical), person[test]),
        "sha256": hashlib.sha256(options.out.read_bytes()).hexdigest()}))


main()
