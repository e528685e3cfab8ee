"""Embeddings of LFW View 1 through `vigil embed`, made once and kept: what lfw_view1.py and open_set.py share.

FOLDER holds images/NAME/NAME_0001.jpg, pairsDevTrain.txt and pairsDevTest.txt. The face nearest the centre of an image counts: that is where
the set puts the person it names, others stand around.
"""
import argparse
import json
import pathlib
import subprocess
import time

import numpy as np


def parse(about):
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lfw", type=pathlib.Path, required=True, metavar="FOLDER")
    parser.add_argument("--vigil", default="build/release/vigil")
    parser.add_argument("--embedder", default="facenet-128")
    parser.add_argument("--detector", default="mtcnn")
    parser.add_argument("--precision", default="f32", choices=["f32", "bf16", "i8"])
    parser.add_argument("--min-face", type=int, default=40)
    parser.add_argument("--keep", type=pathlib.Path, metavar="FILE.npz", help="read the embeddings from here; make them first if missing")
    return parser.parse_args()


def embeddings(options):
    """(names of the image files, unit vectors, images in all, images a second or None when they were kept)."""
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
