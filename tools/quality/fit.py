#!/usr/bin/env python3
"""Fits the weights of the quality of a shot (src/vision/quality.cc) and judges them on people they were not fitted on.

  build/venv/bin/python tools/quality/fit.py --lfw FOLDER --keep shots.npz [--vigil build/release/vigil] [--copies 3]

FOLDER holds images/NAME/NAME_0001.jpg, pairsDevTrain.txt and pairsDevTest.txt of LFW View 1. Of every person with two photos or more, each photo
and --copies degraded copies of it are shots: shrunk, blurred, smeared, darkened with noise, burnt out, compressed, or cut off by the picture's
edge; at least one of these, each with a chance of 0.3, by a fixed seed. `vigil embed --compared` gives the parts of their quality and their
embeddings. What quality should tell is the similarity of a shot with its person's reference: the mean of the other photos as they are.

Fitted on the people of pairsDevTrain.txt, judged on those of pairsDevTest.txt, who are others. Quality is the product of the parts, each raised to
its weight; the weights and the places where size and sharpness no longer help are found by least squares on the similarity, relative to that of a
perfect shot. Prints one JSON line: the numbers, and for both halves, before and after, the rank correlation of quality and similarity, the
share of shots below the similarity that a gallery of 100 needs when the worst 0, 10, 25 and 50 % by quality are rejected, and the mean similarity of
the copy of a photo that has the highest quality, beside that of the copy most alike and of all. "looks": an open set, one photo each of 100 people
enrolled, 1, 2 or 3 degraded copies of another photo as the looks of a track, compared by their mean with equal weights, weighed by quality before, and
after: the shares of strangers named and of people missed at the similarity needed; means of 8 draws of the enrolled from the people of
pairsDevTest.txt; everybody else is a stranger. --keep holds what the embedder gave, so that another fit needs no images.
"""
import argparse
import concurrent.futures
import io
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
from PIL import Image, ImageFilter
from scipy.optimize import least_squares
from scipy.stats import spearmanr

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "bench"))
from lfw_embeddings import pairs, person_of  # noqa: E402

SEED = 7
CHANCE = 0.3
PHOTOS_MAX = 4  # of a person
PARTS = ("size", "sharpness", "frontal", "light", "detector")
# Scores mean other things to other detectors: MTCNN gives whole faces 1.00, YuNet 0.93. With the weight of 12 that the least cost asks for with MTCNN, no
# shot of YuNet's would be worth half a perfect one; with this weight both rank nearly as well as each with its own.
DETECTOR_WEIGHT_MAX = 2
DRAWS, ENROLLED, LOOKS_MAX = 8, 100, 3
NEEDED = 0.56  # of a match with 100 people enrolled, by the measured tail of facenet-128


def shrink(image, random):
    factor = np.exp(random.uniform(np.log(0.22), 0))  # faces of 22 to 100 pixels
    side = max(24, round(image.width * factor))
    return image.resize((side, side), Image.Resampling.BOX)


def blur(image, random):
    return image.filter(ImageFilter.GaussianBlur(random.uniform(0.5, 5) * image.width / 250))


def smear(image, random):
    pixels = np.asarray(image, np.float32)
    length = max(2, round(random.uniform(3, 18) * image.width / 250))
    axis = int(random.integers(2))
    return Image.fromarray(np.mean([np.roll(pixels, step, axis) for step in range(length)], axis=0).astype(np.uint8))


def darken(image, random):
    pixels = np.asarray(image, np.float32) * np.exp(random.uniform(np.log(0.08), np.log(0.8)))
    return Image.fromarray((pixels + random.normal(0, random.uniform(1, 8), pixels.shape)).clip(0, 255).astype(np.uint8))


def burn(image, random):
    return Image.fromarray((np.asarray(image, np.float32) * random.uniform(1.2, 3)).clip(0, 255).astype(np.uint8))


def compress(image, random):
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=int(random.integers(8, 60)))
    return Image.open(buffer).convert("RGB")


def cut(image, random):
    """The picture's edge takes a part of the face, which fills the middle 40 % of these photos."""
    away = round(image.width * (0.3 + random.uniform(0, 0.16)))
    left, top = [(away, 0), (-away, 0), (0, away), (0, -away)][int(random.integers(4))]
    return image.crop((max(0, left), max(0, top), image.width + min(0, left), image.height + min(0, top)))


DEGRADATIONS = (blur, smear, darken, burn, cut, shrink, compress)  # in the order in which a camera does them


def degraded(image, random):
    chosen = [step for step in DEGRADATIONS if random.random() < CHANCE]
    for step in chosen or [DEGRADATIONS[int(random.integers(len(DEGRADATIONS)))]]:
        image = step(image, random)
    return image


def faces_of(paths, vigil):
    """Path -> the face nearest the middle of the image, which may have been cut."""
    command = [vigil, "embed", "--json", "--compared", "--precision", "i8", "--min-face", "20", "-"]
    lines = subprocess.run(command, input="\n".join(map(str, paths)), text=True, stdout=subprocess.PIPE, check=True).stdout
    for line in lines.splitlines():
        image = json.loads(line)
        if image.get("faces"):
            middle = (image["width"], image["height"])
            yield image["path"], min(image["faces"], key=lambda face: sum(
                (face["box"][axis] + face["box"][axis + 2] - middle[axis]) ** 2 for axis in (0, 1)))


def shots_of(photos, seed, options):
    """(photo's name, number of the copy, face_px, sharpness, frontal, brightness, detector's score, score before) and embedding, a shot."""
    random = np.random.default_rng(seed)
    shots = []
    with tempfile.TemporaryDirectory() as folder:
        made = {}
        for photo in photos:
            image = Image.open(photo).convert("RGB")
            for copy in range(options.copies + 1):
                path = f"{folder}/{photo.stem}-{copy}.png"
                (degraded(image, random) if copy else image).save(path, compress_level=1)
                made[path] = (photo.stem, copy)
        for path, face in faces_of(made, options.vigil):
            parts = face["quality_parts"]
            row = [parts["face_px"], parts["sharpness"], parts["frontal"], parts["brightness"], face["score"], face["quality"]]
            shots.append((*made[path], row, np.array(face["embedding"], np.float32)))
    print(f"{photos[-1].stem}", file=sys.stderr)
    return shots


def make_shots(options):
    photos = []
    for folder in sorted((options.lfw / "images").iterdir()):
        of_person = sorted(folder.glob("*.jpg"))[:PHOTOS_MAX]
        photos += of_person if len(of_person) > 1 else []
    batches = [photos[start : start + 150] for start in range(0, len(photos), 150)]
    with concurrent.futures.ThreadPoolExecutor(3) as workers:
        shots = sum(workers.map(lambda batch: shots_of(batch[1], SEED + batch[0], options), enumerate(batches)), [])
    names, copies, rows, vectors = zip(*shots)
    return {"names": np.array(names), "copies": np.array(copies), "rows": np.array(rows, np.float32), "vectors": np.stack(vectors)}



def people_of(file):
    return {name.rsplit("_", 1)[0] for a, b, _ in pairs(file) for name in (a, b)}


def similarities(shots):
    """Similarity of each shot with the mean of the person's other photos; NaN where there is none."""
    person = np.array([person_of(name) for name in shots["names"]])
    clean = {}
    for index in np.flatnonzero(shots["copies"] == 0):
        clean.setdefault(person[index], {})[shots["names"][index]] = shots["vectors"][index]
    similarity = np.full(len(person), np.nan)
    for index, name in enumerate(shots["names"]):
        others = [vector for other, vector in clean.get(person[index], {}).items() if other != name]
        if others:
            reference = np.mean(others, axis=0)
            similarity[index] = shots["vectors"][index] @ reference / np.linalg.norm(reference)
    return similarity, person


def parts(rows, full):
    """Logarithms of the parts, each in 0.02 to 1, in the order of PARTS."""
    face_px, sharpness, frontal, brightness, detector, _ = rows.T.astype(float)
    size_full, sharp_full, dark, burnt = full
    light = np.minimum(brightness / dark, (1 - brightness) / burnt)
    return np.log(np.clip([face_px / size_full, sharpness / sharp_full, frontal, light, detector], 0.02, 1))


def fitted(rows, similarity, full):
    logs = parts(rows, full)
    found = least_squares(lambda x: x[5] * np.exp(x[:5] @ logs) - similarity, [0.2] * 5 + [0.8],
                          bounds=([0] * 5 + [0.3], [5] * 4 + [DETECTOR_WEIGHT_MAX, 1]),
                          loss="soft_l1", f_scale=0.2)
    return found.cost, full, found.x


def fit(rows, similarity):
    """The weights and full values of least cost, over a grid of full values."""
    best = min((fitted(rows, similarity, (size, sharp, dark, 0.15)) for size in (50, 70, 100) for sharp in (0.3, 0.5, 0.7, 1)
                for dark in (0.15, 0.25, 0.35)), key=lambda result: result[0])
    return min((fitted(rows, similarity, (*best[1][:3], burnt)) for burnt in (0.15, 0.25, 0.35, 0.5)), key=lambda result: result[0])


def judged(quality, similarity, photos, copies):
    order = similarity[np.argsort(quality)]
    chosen, best, mean = [], [], []
    for photo in np.unique(photos):
        shots = np.flatnonzero((photos == photo) & (copies > 0))
        if len(shots) > 1:
            chosen.append(similarity[shots[np.argmax(quality[shots])]])
            best.append(similarity[shots].max())
            mean.append(similarity[shots].mean())
    return {"shots": len(quality), "rank_correlation": round(float(spearmanr(quality, similarity)[0]), 3),
            "missed_when_rejected": {str(share): round(float(np.mean(order[int(len(order) * share):] < NEEDED)), 3) for share in (0, 0.1, 0.25, 0.5)},
            "of_copies": {"chosen": round(float(np.mean(chosen)), 3), "best": round(float(np.mean(best)), 3), "mean": round(float(np.mean(mean)), 3)}}


def tracks_of(shots, photos):
    """Indices of the looks of each track: the degraded copies of one photo."""
    for photo in photos:
        copies = [index for copy, index in sorted(shots[photo].items()) if copy > 0]
        if len(copies) >= LOOKS_MAX:
            yield copies


def looks_judged(shots, person, weights, people):
    """{looks: {name of the weights: [strangers named, people missed]}}; only `people` are enrolled."""
    of_person = {}
    for index, name in enumerate(shots["names"]):
        of_person.setdefault(person[index], {}).setdefault(name, {})[shots["copies"][index]] = index
    able = sorted(who for who in of_person if len(of_person[who]) > 1 and 0 in of_person[who][min(of_person[who])])
    rows = {}
    for draw in range(DRAWS):
        random = np.random.default_rng(draw)
        enrolled = list(random.choice([who for who in able if who in people], ENROLLED, replace=False))
        gallery = shots["vectors"][[of_person[who][min(of_person[who])][0] for who in enrolled]]
        genuine = [(track, place) for place, who in enumerate(enrolled) for track in tracks_of(of_person[who], sorted(of_person[who])[1:])]
        own_place = np.array([place for _, place in genuine])
        strangers = [track for who in able if who not in enrolled for track in tracks_of(of_person[who], of_person[who])]
        for looks in range(1, LOOKS_MAX + 1):
            for name, weight in weights.items():
                def similarity(tracks):
                    fused = np.stack([weight[track[:looks]] @ shots["vectors"][track[:looks]] for track in tracks])
                    return fused @ gallery.T / np.linalg.norm(fused, axis=1, keepdims=True)
                found = similarity([track for track, _ in genuine])
                right = (found.argmax(axis=1) == own_place) & (found.max(axis=1) >= NEEDED)
                named = np.mean(similarity(strangers).max(axis=1) >= NEEDED)
                rows.setdefault(looks, {}).setdefault(name, []).append((named, 1 - np.mean(right)))
    return {looks: {name: np.mean(pairs_, axis=0).round(4).tolist() for name, pairs_ in of.items()} for looks, of in rows.items()}


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--lfw", type=pathlib.Path, required=True, metavar="FOLDER")
    arguments.add_argument("--keep", type=pathlib.Path, required=True, metavar="FILE.npz")
    arguments.add_argument("--vigil", default="build/release/vigil")
    arguments.add_argument("--copies", type=int, default=3)
    options = arguments.parse_args()
    if not options.keep.exists():
        np.savez(options.keep, **make_shots(options))
    shots = dict(np.load(options.keep))
    similarity, person = similarities(shots)
    halves = {half: np.isin(person, list(people_of(options.lfw / file))) & np.isfinite(similarity)
              for half, file in (("train", "pairsDevTrain.txt"), ("test", "pairsDevTest.txt"))}
    assert not (halves["train"] & halves["test"]).any()
    _, full, weights = fit(shots["rows"][halves["train"]], similarity[halves["train"]])
    after = np.exp(weights[:5] @ parts(shots["rows"], full))
    result = {"fit": "quality", "seed": SEED, "copies": options.copies, "weights": dict(zip(PARTS, weights[:5].round(3).tolist())),
              "full": dict(zip(("size_px", "sharpness", "dark", "burnt"), full)), "perfect_similarity": round(float(weights[5]), 3)}
    for half, rows in halves.items():
        for name, quality in (("before", shots["rows"][:, 5]), ("after", after)):
            result[f"{half}_{name}"] = judged(quality[rows], similarity[rows], shots["names"][rows], shots["copies"][rows])
    weights = {"equal": np.ones(len(after)), "before": np.maximum(shots["rows"][:, 5], 0.01), "after": np.maximum(after, 0.01)}
    result["looks"] = looks_judged(shots, person, weights, people_of(options.lfw / "pairsDevTest.txt"))
    print(json.dumps(result))


main()
