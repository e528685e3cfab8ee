#!/usr/bin/env python3
"""People and strangers: how many strangers are named and how many enrolled people are missed.

  build/venv/bin/python bench/open_set.py --lfw FOLDER [--embedder sface] [--precision f32] [--plain] [--references 3] [--keep FILE.npz]
      [--lead-min 0.05] [--vigil build/release/vigil]

Up to --references photos of each of 10, 100, 500 and 1,000 people are enrolled; people with more photos than that go first and give up to three
others as probes; every photo of everybody else is a stranger. A probe is missed when the similarity to its own person does not reach the
threshold, another one's is higher, or nearly as high (--lead-min, as shipped; 0: as before there was that rule). "misnamed": probes that get another
enrolled person's name. "shipped": at the thresholds that the program computes from the manifest's calibration, as
src/pipeline/decision.cc does, for a permitted rate of 1 %. "0.01" ("0.001"): at the threshold that names just that share of these strangers. The
people are drawn 20 times by a fixed seed; figures are means over the draws, "spread" their standard deviation. Prints one JSON line.
"""
import json

import numpy as np
from lfw_embeddings import compared, embeddings, manifest_model, parser, person_of

DRAWS = 20
PROBES_MAX = 3
PERMITTED = 0.01
STORED = {"f32": "fp32", "bf16": "fp32", "i8": "int8"}
EXTRA_REFERENCE_WEIGHT, CROWDING_MAX, CROWDING_CHANCE = 0.5, 20, 0.25


class Tail:
    """Straight lines in log10(rate) over similarity; the first and the last one go on."""

    def __init__(self, points):
        rates, self.similarity = np.array(sorted(points, key=lambda point: point[1])).T
        self.log_rate = np.log10(rates)

    def _line(self, place, points):
        end = np.clip(np.searchsorted(points, place), 1, len(points) - 1)
        slope = (self.log_rate[end] - self.log_rate[end - 1]) / (self.similarity[end] - self.similarity[end - 1])
        return end - 1, slope

    def rate_at(self, similarity):
        start, slope = self._line(similarity, self.similarity)
        return np.minimum(1, 10 ** (self.log_rate[start] + (similarity - self.similarity[start]) * slope))

    def similarity_at(self, rate):
        log_rate = np.log10(rate)
        start, slope = self._line(-log_rate, -self.log_rate)
        return self.similarity[start] + (log_rate - self.log_rate[start]) / slope


def thresholds(tail, floor, comparisons, runner_up):
    """The similarity that a match needs, given how like the probe the second-best person is."""
    crowding = np.clip(CROWDING_CHANCE / (comparisons * tail.rate_at(runner_up)), 1, CROWDING_MAX)
    return np.maximum(floor, tail.similarity_at((1 - (1 - PERMITTED) ** (1 / comparisons)) / crowding))


def best_of_people(probes, gallery, owner, people):
    """Similarity of each probe to the best reference of each person."""
    similarity = probes @ gallery.T
    best = np.full((len(probes), people), -1.0)
    for person in range(people):
        best[:, person] = similarity[:, owner == person].max(axis=1)
    return best


def draw(random, photos_of, vectors, enrolled, references):
    """For strangers and probes, the similarity to each enrolled person; and whose the probes are, and the number of references."""
    many = sorted(person for person, photos in photos_of.items() if len(photos) > references)
    few = sorted(person for person, photos in photos_of.items() if len(photos) <= references)
    chosen = list(random.choice(many, min(enrolled, len(many)), replace=False))
    chosen += list(random.choice(few, enrolled - len(chosen), replace=False))
    enrolments = [(photo, place) for place, person in enumerate(chosen) for photo in photos_of[person][:references]]
    probes = [(photo, place) for place, person in enumerate(chosen) for photo in photos_of[person][references : references + PROBES_MAX]]
    known = np.zeros(len(vectors), bool)
    for person in chosen:
        known[photos_of[person]] = True
    gallery = vectors[[photo for photo, _ in enrolments]]
    owner = np.array([place for _, place in enrolments])
    strangers = best_of_people(vectors[~known], gallery, owner, enrolled)
    found = best_of_people(vectors[[photo for photo, _ in probes]], gallery, owner, enrolled)
    return strangers, found, np.array([place for _, place in probes]), len(enrolments)


def best_two(scores):
    """The best similarity of each row and the next one."""
    two = np.partition(scores, -2, axis=1)[:, -2:]
    return two[:, 1], two[:, 0]


def judge(strangers, found, own_place, references, tail, floor, lead_min):
    """[(threshold, strangers named, probes missed, misnamed)]: as shipped, at 1 % and at 0.1 % named."""
    own = found[np.arange(len(found)), own_place]
    (best, rival), (best_found, rival_found) = best_two(strangers), best_two(found)
    right = own >= best_found
    ahead, ahead_found = best - rival >= lead_min, best_found - rival_found >= lead_min

    def row(limit, limit_of_found):
        passes = (best_found >= limit_of_found) & ahead_found
        return np.mean(limit), np.mean((best >= limit) & ahead), np.mean(~(right & passes)), np.mean(~right & passes)

    rows = []
    if tail:
        comparisons = strangers.shape[1] + EXTRA_REFERENCE_WEIGHT * (references - strangers.shape[1])
        rows.append(row(*(thresholds(tail, floor, comparisons, runner_up) for runner_up in (rival, rival_found))))
    else:
        rows.append(row(floor, floor))
    for rate in (1e-2, 1e-3):
        limit = np.quantile(np.where(ahead, best, -1), 1 - rate)
        rows.append(row(limit, limit))
    return rows


def main():
    arguments = parser(__doc__)
    arguments.add_argument("--references", type=int, default=1)
    arguments.add_argument("--lead-min", type=float, default=0.05)
    options = arguments.parse_args()
    names, vectors, _, _ = embeddings(options)
    vectors = compared(vectors, options)
    model = manifest_model(options.embedder)
    points = [entry["points"] for entry in model.get("calibration", ()) if entry["precision"] == STORED[options.precision]]
    tail = Tail(points[0]) if points else None
    photos_of = {}
    for place, name in enumerate(names):
        photos_of.setdefault(person_of(name), []).append(place)
    result = {"bench": "open_set", "detector": options.detector, "embedder": options.embedder, "precision": options.precision,
              "plain": options.plain, "references": options.references, "lead_min": options.lead_min, "draws": DRAWS}
    for enrolled in (10, 100, 500, 1000):
        random = np.random.default_rng(1)
        rows = []
        for _ in range(DRAWS):
            strangers, found, own_place, references = draw(random, photos_of, vectors, enrolled, options.references)
            rows.append(judge(strangers, found, own_place, references, tail, model["output"]["threshold_floor"], options.lead_min))
        means, spreads = np.mean(rows, axis=0), np.std(rows, axis=0)
        result[str(enrolled)] = {"strangers": len(strangers), "probes": len(found)} | {
            name: {"threshold": round(float(mean[0]), 3), "named": round(float(mean[1]), 4), "named_spread": round(float(spread[1]), 4),
                   "missed": round(float(mean[2]), 4), "spread": round(float(spread[2]), 4), "misnamed": round(float(mean[3]), 5)}
            for name, mean, spread in zip(("shipped", "0.01", "0.001"), means, spreads)
        }
    print(json.dumps(result))


main()
