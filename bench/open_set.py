#!/usr/bin/env python3
"""People and strangers: how many enrolled people are missed at the threshold that names a permitted share of strangers.

  build/venv/bin/python bench/open_set.py --lfw FOLDER [--embedder sface] [--precision f32] [--keep FILE.npz] [--vigil build/release/vigil]

The first photo of each of 100 (500) people with at least two photos is enrolled, up to three others of theirs are probes; every photo of
everybody else is a stranger. A stranger is named when the best similarity in the gallery reaches the threshold; a probe is missed when the
similarity to its own reference does not, or another one's is higher. The people are drawn 20 times by a fixed seed; figures are means over the
draws, "spread" their standard deviation. Prints one JSON line.
"""
import json

import numpy as np
from lfw_embeddings import embeddings, parse, person_of

DRAWS = 20
PROBES_MAX = 3


def draw(random, people, photos_of, vectors, enrolled):
    """(best similarity of every stranger, similarity of every probe to its own reference or -1 when another is nearer)."""
    chosen = random.choice(people, enrolled, replace=False)
    gallery = vectors[[photos_of[person][0] for person in chosen]]
    probes = [(photo, place) for place, person in enumerate(chosen) for photo in photos_of[person][1 : 1 + PROBES_MAX]]
    known = np.zeros(len(vectors), bool)
    for person in chosen:
        known[photos_of[person]] = True
    strangers = (vectors[~known] @ gallery.T).max(axis=1)
    similarity = vectors[[photo for photo, _ in probes]] @ gallery.T
    own = similarity[np.arange(len(probes)), [place for _, place in probes]]
    return strangers, np.where(own >= similarity.max(axis=1), own, -1)


options = parse(__doc__)
names, vectors, _, _ = embeddings(options)
photos_of = {}
for place, name in enumerate(names):
    photos_of.setdefault(person_of(name), []).append(place)
people = np.array(sorted(person for person, photos in photos_of.items() if len(photos) > 1))
result = {"bench": "open_set", "detector": options.detector, "embedder": options.embedder, "precision": options.precision, "draws": DRAWS}
for enrolled in (100, 500):
    random = np.random.default_rng(1)
    rows = []
    for _ in range(DRAWS):
        strangers, own = draw(random, people, photos_of, vectors, enrolled)
        limits = [np.quantile(strangers, 1 - rate) for rate in (1e-2, 1e-3)]
        rows.append([(limit, np.mean(own < limit)) for limit in limits])
    means, spreads = np.mean(rows, axis=0), np.std(rows, axis=0)
    result[str(enrolled)] = {"strangers": len(strangers), "probes": len(own)} | {
        rate: {"threshold": round(float(limit), 3), "missed": round(float(missed), 4), "spread": round(float(spread), 4)}
        for rate, (limit, missed), (_, spread) in zip(("0.01", "0.001"), means, spreads)
    }
print(json.dumps(result))
