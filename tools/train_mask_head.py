#!/usr/bin/env python3
"""Trains the head that tells covered faces by an inner layer of facenet-128, and measures it on faces it never saw.

    vigil detect --min-face 20 --json with_mask without_mask > masks.jsonl
    vigil detect --min-face 20 --json lfw/images > lfw.jsonl
    build/venv/bin/python tools/train_mask_head.py --masks masks.jsonl --lfw lfw.jsonl --split lfw \\
        --out models/facenet-128-covered-faces.json

`--masks`: faces of both folders, whose names tell the class; `--lfw`: uncovered faces, of whom View 1's lists under `--split` keep the
people of training and of test apart. Of each photo the largest face counts.

Photos of one person, with one name stem, or more alike than any two people go to the same half, and augmented copies of photos that may
be in the other half are left out. A logistic regression on 512 means (see vigil_models/covered.py) by Newton's method, its threshold set on training
faces; nothing is random, so the same photos give the same head.
"""
import argparse
import hashlib
import json
import re
import sys
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent / "models"))

from vigil_models.covered import BANDS, CHANNELS, SIDE, Features
from vigil_models.manifest import load_manifest
from vigil_models.quantise import crop_face, standardise
from vigil_models.store import Store

MANIFEST = Path(__file__).resolve().parents[1] / "models" / "manifest.toml"
MODEL = "facenet-128"
ALIKE = 0.75  # no two people of LFW are this similar often; copies of a photo always are
PENALTY = 100  # of the squared weights of features that vary by 1
FALSE_ALARMS = 0.002  # of training faces without a mask: sets the threshold


def stem_of(path):
    name = re.sub(r"( copy.*| \d+)$", "", Path(path).stem)
    person = re.fullmatch(r"[01]_[01]_([a-z]+)_\d+", name)
    return person.group(1) if person else name


def largest_faces(path, feeding):
    """(paths, crops) of the largest face of each photo, and {folder: [photos, photos with a face]}."""
    paths, crops, counts = [], [], {}
    for line in Path(path).read_text().splitlines():
        photo = json.loads(line)
        if Path(photo["path"]).stem.startswith("augmented"):
            continue
        count = counts.setdefault(Path(photo["path"]).parent.name, [0, 0])
        count[0] += 1
        if not photo.get("faces"):
            continue
        count[1] += 1
        box = max((np.array(face["box"]) for face in photo["faces"]), key=lambda box: np.prod(box[2:] - box[:2]))
        with Image.open(photo["path"]) as picture:
            crop = crop_face(picture.convert("RGB"), box, feeding)
        paths.append(photo["path"])
        crops.append(standardise(crop, feeding["preprocessing"]).astype(np.float32))
    return paths, crops, counts


def halves(paths, vectors):
    """Whether each face belongs to the test half; groups are never split."""
    group = list(range(len(paths)))

    def root(i):
        while group[i] != i:
            i = group[i]
        return i

    stems = [stem_of(path) for path in paths]
    alike = vectors @ vectors.T > ALIKE
    for i in range(len(paths)):
        for j in range(i):
            if stems[i] == stems[j] or alike[i, j]:
                group[max(root(i), root(j))] = min(root(i), root(j))
    digest = [hashlib.sha256(stems[root(i)].encode()).digest()[0] for i in range(len(paths))]
    return np.array([value % 2 == 1 for value in digest])


def people(path):
    names = set()
    for line in Path(path).read_text().splitlines()[1:]:
        fields = line.split("\t")
        names.update([fields[0]] if len(fields) == 3 else fields[::2])
    return names


def fit(features, covered):
    """Weights and bias; both classes count the same."""
    mean = features.mean(0)
    spread = features.std(0) + 1e-3 * features.std()
    inputs = np.hstack([(features - mean) / spread, np.ones((len(features), 1))])
    shares = np.where(covered, (~covered).sum() / covered.sum(), 1.0)
    shares *= len(covered) / shares.sum()
    penalty = np.full(inputs.shape[1], float(PENALTY))
    penalty[-1] = 1e-6
    weights = np.zeros(inputs.shape[1])
    for _ in range(50):
        odds = 1 / (1 + np.exp(-inputs @ weights))
        slope = inputs.T @ (shares * (odds - covered)) + penalty * weights
        curve = (inputs * (shares * odds * (1 - odds))[:, None]).T @ inputs + np.diag(penalty)
        step = np.linalg.solve(curve, slope)
        weights -= step
        if np.abs(step).max() < 1e-9:
            break
    slopes = weights[:-1] / spread
    return slopes, weights[-1] - mean @ slopes


def area_under_curve(covered, plain):
    """How often a covered face scores above one that is not."""
    return float((covered[:, None] > plain[None]).mean() + (covered[:, None] == plain[None]).mean() / 2)


def found_at(covered, plain, rate):
    """The share of covered faces found when `rate` of the others are false alarms."""
    return round(float((covered > np.quantile(plain, 1 - rate)).mean()), 4)


def measure(covered, plain, lfw):
    """Of logits of covered faces, of uncovered ones of the same set and of LFW; the threshold lies at 0."""
    both = np.concatenate([plain, lfw])
    return {
        "covered_found": round(float((covered >= 0).mean()), 4),
        "uncovered_flagged": round(float((plain >= 0).mean()), 4),
        "lfw_flagged": round(float((lfw >= 0).mean()), 5),
        "accuracy": round(float(np.mean([*(covered >= 0), *(plain < 0)])), 4),
        "area_under_curve": round(area_under_curve(covered, both), 5),
        "found_at_0.1_percent": found_at(covered, both, 0.001),
        "found_at_1_percent": found_at(covered, both, 0.01),
        "found_at_5_percent": found_at(covered, both, 0.05),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for option in ("--masks", "--lfw", "--split", "--out"):
        parser.add_argument(option, required=True, type=Path)
    parser.add_argument("--models-directory", type=Path, default=Path.home() / ".cache/vigil/models")
    options = parser.parse_args()

    model = load_manifest(MANIFEST).models[MODEL]
    paths, crops, counts = largest_faces(options.masks, model.input)
    covered = np.array([Path(path).parent.name == "with_mask" for path in paths])
    lfw_paths, lfw_crops, _ = largest_faces(options.lfw, model.input)
    owners = np.array([Path(path).parent.name for path in lfw_paths])
    learnt = np.isin(owners, list(people(options.split / "pairsDevTrain.txt")))
    unseen = np.isin(owners, list(people(options.split / "pairsDevTest.txt"))) & ~learnt

    features = {}
    for precision in ("fp32", "int8"):
        network = Features(Store(options.models_directory).path_of(model, "embedder", precision))
        features[precision] = (*network.of(crops), network.of(lfw_crops)[0])
    exact, vectors, lfw = features["fp32"]
    test = halves(paths, vectors)

    weights, bias = fit(np.vstack([exact[~test], lfw[learnt]]), np.concatenate([covered[~test], np.zeros(learnt.sum(), bool)]))
    plain = np.concatenate([exact[~test & ~covered], lfw[learnt]])
    bias -= np.quantile(plain @ weights + bias, 1 - FALSE_ALARMS)

    tested = {}
    for precision, (some, _, crowd) in features.items():
        judge = lambda inputs: inputs @ weights + bias
        tested[precision] = measure(judge(some[test & covered]), judge(some[test & ~covered]), judge(crowd[unseen]))
        found, total = counts["with_mask"][1], counts["with_mask"][0]
        tested[precision]["covered_found_of_all_photos"] = round(tested[precision]["covered_found"] * found / total, 4)
    head = {
        "model": MODEL,
        "source_sha256": model.files[0].sha256,
        "made_by": "tools/train_mask_head.py",
        "trained_on": "Face-Mask-Detection of chandrikadeb7 (one half, by person) and the training people of LFW View 1",
        "photos_and_found": counts,
        "train": {"covered": int((~test & covered).sum()), "uncovered": int((~test & ~covered).sum()), "lfw": int(learnt.sum())},
        "test": {"covered": int((test & covered).sum()), "uncovered": int((test & ~covered).sum()), "lfw": int(unseen.sum())},
        "measured_on_test": tested,
        "layer": {"channels": CHANNELS, "side": SIDE, "bands": BANDS},
        "bias": round(float(bias), 5),
    }
    numbers = ",".join(f"{weight:.5g}" for weight in weights)
    text = json.dumps(head, indent=1)
    options.out.write_text(text[: text.rindex("\n")] + ',\n "weights": [' + numbers + "]\n}\n")
    head.pop("layer")
    json.dump({**head, "sha256": hashlib.sha256(options.out.read_bytes()).hexdigest()}, sys.stdout)
    print()


if __name__ == "__main__":
    main()
