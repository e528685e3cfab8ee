#!/usr/bin/env python3
"""Makes covered.json: how covered the head finds faces of the demo's photos, as they are and with a painted mask.

Run by hand when the head, the embedder or the choice of photos change; never in CI.

  build/venv/bin/python tests/golden/make_golden_covered.py > tests/golden/covered.json

Faces, boxes and crops are those of faces.json. The mask is a plain patch of one colour on the crop, rows 88 to 154, columns 20 to 139. The
features come from the fp32 network as the training reads them, the rest is computed here, so that nothing of the program takes part.
"""
import argparse
import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools/models"))

from vigil_models.covered import Features
from vigil_models.manifest import load_manifest
from vigil_models.quantise import crop_face, standardise
from vigil_models.store import Store

PHOTOS = 8
PATCH = (190, 215, 232)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models-directory", type=Path, default=Path.home() / ".cache/vigil/models")
    options = parser.parse_args()
    model = load_manifest(ROOT / "models/manifest.toml").models["facenet-128"]
    photos, crops = [], []
    for photo in json.loads((ROOT / "tests/golden/faces.json").read_text())["photos"]:
        if not photo["faces"] or len(photos) == PHOTOS:
            continue
        photos.append(photo["photo"])
        picture = Image.open(options.models_directory / "demo-people" / photo["photo"]).convert("RGB")
        crop = crop_face(picture, np.array(photo["faces"][0]["box"]), model.input)
        masked = crop.copy()
        masked[:, 88:155, 20:140] = np.array(PATCH)[:, None, None]
        crops += [standardise(one, model.input["preprocessing"]).astype(np.float32) for one in (crop, masked)]
    network = Features(Store(options.models_directory).path_of(model, "embedder", "fp32"))
    head = model.covered_head
    scores = network.of(crops)[0] @ np.array(head["weights"]) + head["bias"]
    likely = 1 / (1 + np.exp(-scores))
    faces = [{"photo": name, "plain": round(likely[2 * i], 5), "masked": round(likely[2 * i + 1], 5)} for i, name in enumerate(photos)]
    print('{\n  "head_sha256": "%s",\n  "faces": [\n    %s\n  ]\n}' % (head["sha256"], ",\n    ".join(map(json.dumps, faces))))


main()
