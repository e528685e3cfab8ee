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

# Where a picture's sides must end for a network that halves it five times.
PICTURE_STEP_PX = 32

# Left eye, right eye, nose, left and right corner of the mouth in a crop of 112 x 112 pixels.
FIVE_POINTS = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]]
)


def quantise(xml, detector_nets, photos, model):
    """The int8 model of the IR at `xml`, which was made for `model` of the manifest."""
    if model.kind == "detector":
        inputs = [whole_picture(Image.open(path).convert("RGB")) for path in photos]
    else:
        say(f"  finding faces in {len(photos)} photos to calibrate int8")
        inputs = calibration_crops(detector_nets, photos, model.input)
    if len(inputs) < FACES_LEAST:
        raise ModelError(f"only {len(inputs)} faces in {len(photos)} photos, too few to calibrate int8; install demo-people again")
    with contextlib.redirect_stdout(sys.stderr):
        nncf.set_log_level("ERROR")
        return nncf.quantize(
            ov.Core().read_model(xml), nncf.Dataset([one[None] for one in inputs]), subset_size=len(inputs)
        )


def calibration_crops(detector_nets, photos, feeding):
    """The surest face of each photo, as the embedder is fed: 3 x height x width, standardised."""
    detector = Detector(detector_nets)
    cut = align_face if feeding["crop"] == "five-points" else crop_face
    crops = []
    for path in photos:
        photo = Image.open(path).convert("RGB")
        faces = detector.faces(np.asarray(photo))
        if len(faces):
            crops.append(standardise(cut(photo, faces[0], feeding), feeding["preprocessing"]))
    return crops


def whole_picture(photo):
    """The picture as YuNet is fed: 3 x height x width, blue first, filled up with black on the right and below."""
    pixels = np.asarray(photo, np.float32)[:, :, ::-1].transpose(2, 0, 1)
    missing = [(0, -side % PICTURE_STEP_PX) for side in pixels.shape[1:]]
    return np.ascontiguousarray(np.pad(pixels, [(0, 0), *missing]))


def crop_face(photo, face, feeding):
    """The box enlarged by the margin, clipped and resized; see README.md."""
    width, height = feeding["width"], feeding["height"]
    box = face[:4]
    sides = box[2:] - box[:2]
    grow = feeding["margin"] * sides / (np.array([width, height]) - feeding["margin"]) / 2
    low = np.maximum(box[:2] - grow, 0).astype(int)
    high = np.minimum(box[2:] + grow, photo.size).astype(int)
    cut = photo.crop((*low, *high)).resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(cut, np.float32).transpose(2, 0, 1)


def align_face(photo, face, feeding):
    """The face turned, scaled and moved so that its landmarks lie nearest to FIVE_POINTS; see README.md."""
    size = (feeding["width"], feeding["height"])
    to_crop, shift = similarity(face[5:15].reshape(5, 2).astype(np.float64), FIVE_POINTS)
    # Pillow wants the way back and counts from a pixel's corner, landmarks from its middle.
    turn = np.linalg.inv(to_crop)
    shift = 0.5 - turn @ (shift + 0.5)
    coefficients = [*turn[0], shift[0], *turn[1], shift[1]]
    cut = photo.transform(size, Image.Transform.AFFINE, coefficients, Image.Resampling.BILINEAR)
    return np.asarray(cut, np.float32).transpose(2, 0, 1)


def similarity(source, target):
    """(matrix, shift) of the turn, scaling and move that brings `source` nearest to `target` by least squares."""
    middle = source.mean(axis=0), target.mean(axis=0)
    a, b = source - middle[0], target - middle[1]
    spread = (a**2).sum()
    along, across = (a * b).sum() / spread, (a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum() / spread
    matrix = np.array([[along, -across], [across, along]])
    return matrix, middle[1] - matrix @ middle[0]


def standardise(face, preprocessing):
    match preprocessing:
        case "per-image":
            return (face - face.mean()) / max(face.std(), 1 / np.sqrt(face.size))
        case "fixed-127.5-128":
            return (face - 127.5) * 0.0078125
        case "none":
            return face
    raise ModelError(f"the manifest asks for the preprocessing {preprocessing}, which this version does not have")
