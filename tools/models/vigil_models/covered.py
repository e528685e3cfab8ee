"""The inner layer of an embedder that tells covered faces: where it is, and what a head reads there.

The program reads it in the same way (src/vision/recognition/covered_head.cc); both find the layer by its shape, because the networks'
operators bear no names of their own.
"""
import numpy as np
import openvino as ov
from openvino import opset14 as ops

from .errors import ModelError

# The last of FaceNet's first five blocks: deep enough to know a mouth, shallow enough to know where it is. It is the last ReLU of
# this shape.
CHANNELS = 256
SIDE = 17
# Rows of the upper and of the lower half of the face.
BANDS = ((0, 8), (8, 17))


def layer_of(model):
    found = None
    for operator in model.get_ordered_ops():
        if operator.get_type_name() == "Relu" and _shape(operator) == (CHANNELS, SIDE, SIDE):
            found = operator
    if found is None:
        raise ModelError(f"the network has no layer of {CHANNELS} x {SIDE} x {SIDE}: covered faces cannot be told by it")
    return found


def _shape(operator):
    shape = operator.get_output_partial_shape(0)
    if shape.rank.is_dynamic or len(shape) != 4 or any(shape[i].is_dynamic for i in (1, 2, 3)):
        return None
    return tuple(shape[i].get_length() for i in (1, 2, 3))


def add_features(model):
    """Gives `model` an output `features`, N x 512: means of the layer's channels over the upper rows, then over the lower ones."""
    layer = layer_of(model)
    numbers = lambda *values: ops.constant(np.array(values, np.int64))
    means = [
        ops.reduce_mean(ops.slice(layer, numbers(low), numbers(high), numbers(1), numbers(2)), numbers(2, 3), False)
        for low, high in BANDS
    ]
    features = ops.concat(means, 1)
    features.output(0).tensor.names = {"features"}
    model.add_results([ops.result(features, name="features/result")])


class Features:
    """The features of crops that are standardised as the embedder takes them, and their embeddings."""

    def __init__(self, xml):
        core = ov.Core()
        model = core.read_model(xml)
        add_features(model)
        self._network = core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})

    def of(self, crops, batch=16):
        features, embeddings = [], []
        for start in range(0, len(crops), batch):
            answer = self._network({"image": np.stack(crops[start : start + batch])})
            features.append(answer["features"].astype(np.float64))
            embeddings.append(answer["embedding"].astype(np.float64))
        return np.concatenate(features), np.concatenate(embeddings)
