"""int8 networks by NNCF's post-training quantisation, calibrated on the faces found in photos."""
import contextlib
import sys

import nncf
import numpy as np
import openvino as ov
from PIL import Image

from .detect import Detector
from .errors import ModelError
from .progress import say

FACES_LEAST = 32


def quantise(xml, detector_nets, photos, feeding):
    """The int8 model of the IR at `xml`. `feeding`: the manifest's [model.input]."""
    say(f"  finding faces in {len(photos)} photos to calibrate int8")
    crops = calibration_crops(detector_nets, photos, feeding)
    if len(crops) < FACES_LEAST:
        raise ModelError(f"only {len(crops)} faces in {len(photos)} photos, too few to calibrate int8; install demo-people again")
    with contextlib.redirect_stdout(sys.stderr):
        nncf.set_log_level("ERROR")
        return nncf.quantize(
            ov.Core().read_model(xml), nncf.Dataset([crop[None] for crop in crops]), subset_size=len(crops)
        )


def calibration_crops(detector_nets, photos, feeding):
    """The surest face of each photo, as the embedder is fed: 3 x height x width, standardised."""
    detector = Detector(detector_nets)
    crops = []
    for path in photos:
        photo = Image.open(path).convert("RGB")
        boxes = detector.faces(np.asarray(photo))
        if len(boxes):
            crops.append(standardise(crop_face(photo, boxes[0, :4], feeding), feeding["preprocessing"]))
    return crops


def crop_face(photo, box, feeding):
    """The box enlarged by the margin, clipped and resized; see README.md."""
    width, height = feeding["width"], feeding["height"]
    sides = box[2:] - box[:2]
    grow = feeding["margin"] * sides / (np.array([width, height]) - feeding["margin"]) / 2
    low = np.maximum(box[:2] - grow, 0).astype(int)
    high = np.minimum(box[2:] + grow, photo.size).astype(int)
    face = photo.crop((*low, *high)).resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(face, np.float32).transpose(2, 0, 1)


def standardise(face, preprocessing):
    match preprocessing:
        case "per-image":
            return (face - face.mean()) / max(face.std(), 1 / np.sqrt(face.size))
        case "fixed-127.5-128":
            return (face - 127.5) * 0.0078125
        case "none":
            return face
    raise ModelError(f"the manifest asks for the preprocessing {preprocessing}, which this version does not have")
