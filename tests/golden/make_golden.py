#!/usr/bin/env python3
"""Makes faces.json: what the reference implementation finds in the demo's photos and how it embeds them.

Run by hand when models, preprocessing or the choice of photos change; never in CI. The unit tests of src/vision read
faces.json and need neither torch nor this script. Needs torch, facenet-pytorch, onnxruntime and Pillow in an environment of
its own, and FaceNet-128 as ONNX, exported from the published weights through facenet-pytorch's own network (input `image`,
N x 3 x 160 x 160, standardised; output of unit length), so that nothing of Vigil takes part.

  python make_golden.py --models-directory ~/.cache/vigil/models --onnx facenet128.onnx > faces.json

Faces: facenet-pytorch's MTCNN, smallest face 40 pixels, thresholds 0.6, 0.7, 0.7, factor 0.709. Crops: its extract_face, margin
14, Pillow's bilinear filter, 160 x 160. Embeddings: ONNX Runtime in fp32 on (x - mean) / max(std, 1 / sqrt(n)). `crop_sha256` is
that of the crop's 76,800 bytes, RGB. Resizes: Pillow's bilinear filter on a computed pattern. Photos are named by path below demo-people and by SHA-256; no pixels are stored.
"""
import argparse
import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from facenet_pytorch import MTCNN, extract_face
from PIL import Image

PHOTOS_OF_EACH_PERSON = {"val": 5, "train": 4}
RESIZES = [((53, 41), (160, 160)), ((160, 160), (160, 160)), ((300, 200), (160, 160)), ((640, 161), (160, 160)), ((1, 1), (160, 160)),
           ((160, 90), (160, 160)), ((97, 160), (160, 160)), ((1000, 777), (31, 17))]


def pattern(width, height):
    """The picture that the unit test computes too."""
    x, y, channel = np.meshgrid(np.arange(width), np.arange(height), np.arange(3), indexing="xy")
    return Image.fromarray(((x * 37 + y * 91 + channel * 53 + x * y % 251) % 256).astype(np.uint8))


def chosen_photos(people):
    for split, count in PHOTOS_OF_EACH_PERSON.items():
        for person in sorted(path for path in (people / split).iterdir() if path.is_dir()):
            yield from sorted(person.glob("*.jpg"))[:count]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models-directory", required=True, type=Path)
    parser.add_argument("--onnx", required=True)
    arguments = parser.parse_args()

    torch.set_num_threads(1)
    mtcnn = MTCNN(keep_all=True, min_face_size=40, thresholds=[0.6, 0.7, 0.7], factor=0.709, device="cpu")
    session = onnxruntime.InferenceSession(arguments.onnx, providers=["CPUExecutionProvider"])

    def numbers(values, digits):
        return [round(float(value), digits) for value in np.ravel(values)]

    people = arguments.models_directory / "demo-people"
    photos = []
    for path in chosen_photos(people):
        image = Image.open(path).convert("RGB")
        boxes, scores, landmarks = mtcnn.detect(image, landmarks=True)
        faces = []
        for k in range(0 if boxes is None else len(boxes)):
            crop = extract_face(image, boxes[k], image_size=160, margin=14).numpy()
            standard = (crop - crop.mean()) / max(crop.std(), crop.size**-0.5)
            embedding = session.run(None, {"image": standard[None].astype(np.float32)})[0][0]
            faces.append(
                {
                    "box": numbers(boxes[k], 3),
                    "score": round(float(scores[k]), 6),
                    "landmarks": numbers(landmarks[k], 3),
                    "crop_sha256": hashlib.sha256(crop.transpose(1, 2, 0).astype(np.uint8).tobytes()).hexdigest(),
                    "embedding": numbers(embedding / np.linalg.norm(embedding), 6),
                }
            )
        photos.append(
            {
                "photo": str(path.relative_to(people)),
                "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
                "width": image.width,
                "height": image.height,
                "faces": faces,
            }
        )
    resizes = [
        {"from": source, "to": size, "sha256": hashlib.sha256(pattern(*source).resize(size, Image.BILINEAR).tobytes()).hexdigest()}
        for source, size in RESIZES
    ]
    lines = ",\n".join("    " + json.dumps(photo) for photo in photos)
    sys.stdout.write('{\n  "min_face_px": 40,\n  "resizes": ' + json.dumps(resizes) + ',\n  "photos": [\n' + lines + "\n  ]\n}\n")


if __name__ == "__main__":
    main()
