#!/usr/bin/env python3
"""Makes yunet_sface.json: what OpenCV's FaceDetectorYN finds in the demo's photos and how its FaceRecognizerSF embeds them.

Run by hand when models or the choice of photos change; never in CI. The unit tests of src/vision read yunet_sface.json and need neither OpenCV
nor this script. Needs OpenCV 5 (opencv-python-headless) in an environment of its own and the two .onnx files as published, so that nothing of
Vigil takes part.

  python make_golden_opencv.py --models-directory ~/.cache/vigil/models --yunet face_detection_yunet_2023mar_int8bq.onnx \\
      --sface face_recognition_sface_2021dec_int8bq.onnx > yunet_sface.json

Faces: at the photo's own size, score from 0.7, overlap up to 0.3. Crops: alignCrop. Embeddings: feature, brought to length 1. Photos are named
by path below demo-people and by SHA-256; no pixels are stored.
"""
import argparse
import hashlib
import json
import sys
from pathlib import Path

import cv2
import numpy as np

PHOTOS_OF_EACH_PERSON = {"val": 5, "train": 4}


def chosen_photos(people):
    for split, count in PHOTOS_OF_EACH_PERSON.items():
        for person in sorted(path for path in (people / split).iterdir() if path.is_dir()):
            yield from sorted(person.glob("*.jpg"))[:count]


def numbers(values, digits):
    return [round(float(value), digits) for value in np.ravel(values)]


def face_entry(aligner, network, picture, face):
    x, y, width, height = face[:4]
    crop = aligner.alignCrop(picture, face)
    # What FaceRecognizerSF.feature does; it cannot itself run a file that lists its weights as inputs.
    network.setInput(cv2.dnn.blobFromImage(crop, 1, (112, 112), (0, 0, 0), swapRB=True, crop=False), "data")
    embedding = network.forward().ravel()
    return {
        "box": numbers([x, y, x + width, y + height], 3),
        "score": round(float(face[14]), 6),
        "landmarks": numbers(face[4:14], 3),
        "embedding": numbers(embedding / np.linalg.norm(embedding), 6),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models-directory", required=True, type=Path)
    parser.add_argument("--yunet", required=True)
    parser.add_argument("--sface", required=True)
    arguments = parser.parse_args()

    detector = cv2.FaceDetectorYN.create(arguments.yunet, "", (320, 320), 0.7, 0.3, 5000)
    aligner, network = cv2.FaceRecognizerSF.create(arguments.sface, ""), cv2.dnn.readNet(arguments.sface)
    people = arguments.models_directory / "demo-people"
    photos = []
    for path in chosen_photos(people):
        picture = cv2.imread(str(path))
        detector.setInputSize(picture.shape[1::-1])
        found = detector.detect(picture)[1]
        photos.append(
            {
                "photo": str(path.relative_to(people)),
                "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
                "width": picture.shape[1],
                "height": picture.shape[0],
                "faces": [face_entry(aligner, network, picture, face) for face in ([] if found is None else found)],
            }
        )
    lines = ",\n".join("    " + json.dumps(photo) for photo in photos)
    sys.stdout.write(f'{{\n  "opencv": "{cv2.__version__}",\n  "photos": [\n{lines}\n  ]\n}}\n')


if __name__ == "__main__":
    main()
