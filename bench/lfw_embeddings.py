"""Embeddings of LFW View 1 through `vigil embed`, made once and kept, and what the measurements of accuracy share.

FOLDER holds images/NAME/NAME_0001.jpg, pairsDevTrain.txt and pairsDevTest.txt. The face nearest the centre of an image counts: that is where
the set puts the person it names, others stand around.
"""
import argparse
import json
import pathlib
import subprocess
import time
import tomllib

import numpy as np

MODELS = pathlib.Path(__file__).resolve().parents[1] / "models"


def parser(about):
    arguments = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--lfw", type=pathlib.Path, required=True, metavar="FOLDER")
    arguments.add_argument("--vigil", default="build/release/vigil")
    arguments.add_argument("--embedder", default="facenet-128")
    arguments.add_argument("--detector", default="mtcnn")
    arguments.add_argument("--precision", default="f32", choices=["f32", "bf16", "i8"])
    arguments.add_argument("--min-face", type=int, default=40)
    arguments.add_argument("--plain", action="store_true", help="compare what the network gives, typical faces included")
    arguments.add_argument("--keep", type=pathlib.Path, metavar="FILE.npz",
                           help="read the network's embeddings from here; make them first if missing")
    return arguments


def parse(about):
    return parser(about).parse_args()


def embeddings(options):
    """(names of the image files, unit vectors as the network gives them, images in all, images a second or None when they were kept)."""
    paths = sorted((options.lfw / "images").glob("*/*.jpg"))
    if options.keep and options.keep.exists():
        kept = np.load(options.keep)
        return kept["names"].tolist(), kept["vectors"], len(paths), None
    started = time.monotonic()
    found = embed(paths, options)
    rate = len(paths) / (time.monotonic() - started)
    names = sorted(found)
    vectors = np.stack([found[name] for name in names])
    if options.keep:
        np.savez(options.keep, names=np.array(names), vectors=vectors)
    return names, vectors, len(paths), round(rate, 1)


def person_of(name):
    return name.rsplit("_", 1)[0]


def pairs(file):
    """(image, image, whether of one person) of each line of a pairs file."""
    for line in file.read_text().splitlines():
        fields = line.split()
        if len(fields) == 3:
            yield f"{fields[0]}_{int(fields[1]):04}", f"{fields[0]}_{int(fields[2]):04}", True
        elif len(fields) == 4:
            yield f"{fields[0]}_{int(fields[1]):04}", f"{fields[2]}_{int(fields[3]):04}", False


def manifest_model(model_id):
    """The model's entry in models/manifest.toml."""
    manifest = tomllib.loads((MODELS / "manifest.toml").read_text())
    return next(model for model in manifest["model"] if model["id"] == model_id)


def compared(vectors, options):
    """As the gallery compares them: less what typical faces share, where the model has some."""
    entry = manifest_model(options.embedder).get("typical_faces")
    if entry is None or options.plain:
        return vectors
    return less_typical(vectors, json.loads((MODELS / entry["file"]).read_text()))


def less_typical(vectors, typical):
    """WithoutTypical of src/core/typical_faces.h."""
    faces = np.array(typical["faces"], dtype=np.float32)
    weights = vectors @ faces.T / typical["temperature"]
    weights = np.exp(weights - weights.max(axis=1, keepdims=True))
    rest = vectors - weights / weights.sum(axis=1, keepdims=True) @ faces
    return rest / np.linalg.norm(rest, axis=1, keepdims=True)


def tar_at_fmr(vectors, people, rates=(1e-2, 1e-3, 1e-4, 1e-5)):
    """Threshold and share of pairs of one person above it, by the rate of pairs of two people above it; over all pairs."""
    people = np.unique(people, return_inverse=True)[1]
    upper = np.triu_indices(len(vectors), 1)
    scores = (vectors @ vectors.T)[upper]
    genuine = people[upper[0]] == people[upper[1]]
    impostors = np.sort(scores[~genuine])
    points = {}
    for rate in rates:
        limit = impostors[int(np.ceil(len(impostors) * (1 - rate)))]
        points[f"{rate:g}"] = {"threshold": round(float(limit), 3), "tar": round(float(np.mean(scores[genuine] >= limit)), 4)}
    return points


def embed(paths, options):
    """Name of the image file -> unit vector of the face nearest its centre."""
    command = [options.vigil, "embed", "--json", "--embedder", options.embedder, "--detector", options.detector, "--precision",
               options.precision, "--min-face", str(options.min_face), "-"]
    lines = subprocess.run(command, input="\n".join(map(str, paths)), text=True, stdout=subprocess.PIPE, check=True).stdout
    found = {}
    for line in lines.splitlines():
        image = json.loads(line)
        if image.get("faces"):
            face = min(image["faces"], key=lambda f: _from_centre(f["box"], image["width"], image["height"]))
            found[pathlib.Path(image["path"]).stem] = np.array(face["embedding"], dtype=np.float32)
    return found


def _from_centre(box, width, height):
    return (box[0] + box[2] - width) ** 2 + (box[1] + box[3] - height) ** 2
