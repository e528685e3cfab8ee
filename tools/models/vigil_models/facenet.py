"""FaceNet on InceptionResNetV1 (Schroff et al., 2015; Szegedy et al., 2016) from Keras weights, as an OpenVINO model.

The layer names are those of the Keras files; 128-D and 512-D files differ only in the last layer's width. The architecture that
the files store is not read: it holds marshalled code.
"""
import h5py
import numpy as np
from openvino import opset14 as ops

from . import layers
from .errors import ModelError

EPSILON = 0.001


def read_weights(data, path):
    """Returns {(layer, weight): array}, with names like ("Bottleneck", "kernel"), of the open Keras .h5 file `data`."""
    weights = {}

    def visit(name, item):
        if isinstance(item, h5py.Dataset):
            parts = name.split("/")
            weights[parts[0], parts[-1].removesuffix(":0")] = np.asarray(item, dtype=np.float32)

    try:
        with h5py.File(data) as file:
            (file["model_weights"] if "model_weights" in file else file).visititems(visit)
    except OSError as error:
        raise ModelError(f"{path} cannot be read as Keras weights: {error}") from error
    return weights


class _Weights:
    """Hands out each weight once, batch normalisation folded in; what is left over shows a wrong architecture."""

    def __init__(self, weights):
        self._weights = dict(weights)

    def take(self, layer, name):
        try:
            return self._weights.pop((layer, name))
        except KeyError:
            raise ModelError(f"the weights lack {name} of layer {layer}: not an InceptionResNetV1 in Keras's names") from None

    def normalised(self, layer):
        """The layer's kernel and bias with its batch normalisation (which has no scale) folded in; last axis is output."""
        kernel = self.take(layer, "kernel").astype(np.float64)
        normalisation = layer + "_BatchNorm"
        factor = 1 / np.sqrt(self.take(normalisation, "moving_variance").astype(np.float64) + EPSILON)
        bias = self.take(normalisation, "beta") - self.take(normalisation, "moving_mean") * factor
        return kernel * factor, bias

    def check_empty(self):
        if self._weights:
            raise ModelError(f"the weights hold layers without a place in InceptionResNetV1: {list(self._weights)[:5]}")


def _pad(kernel):
    return [kernel.shape[0] // 2, kernel.shape[1] // 2]


def _convolve(node, weights, layer, stride=1, same=True):
    """Convolution, batch normalisation, ReLU. `same` keeps the picture's size."""
    kernel, bias = weights.normalised(layer)
    pad = _pad(kernel) if same else [0, 0]
    return ops.relu(layers.convolution(node, kernel.transpose(3, 2, 0, 1), bias, stride, pad))


def _residual(node, weights, block, branches, scale, activate=True):
    """node + scale * (1x1 convolution of the joined branches); `branches`: lists of layer suffixes."""
    ends = []
    for number, chain in enumerate(branches):
        end = node
        for suffix in chain:
            end = _convolve(end, weights, f"{block}_Branch_{number}_Conv2d_{suffix}")
        ends.append(end)
    up = f"{block}_Conv2d_1x1"
    kernel = weights.take(up, "kernel") * np.float32(scale)
    bias = weights.take(up, "bias") * np.float32(scale)
    node = ops.add(node, layers.convolution(ops.concat(ends, 1), kernel.transpose(3, 2, 0, 1), bias))
    return ops.relu(node) if activate else node


def _reduction(node, weights, block, branches):
    """Halves the picture: branches ending in a strided convolution, joined with a max-pool."""
    ends = []
    for number, chain in enumerate(branches):
        end = node
        for suffix in chain[:-1]:
            end = _convolve(end, weights, f"{block}_Branch_{number}_Conv2d_{suffix}")
        ends.append(_convolve(end, weights, f"{block}_Branch_{number}_Conv2d_{chain[-1]}", stride=2, same=False))
    return ops.concat([*ends, layers.max_pool(node, 3, 2)], 1)


def _stem(image, weights):
    node = _convolve(image, weights, "Conv2d_1a_3x3", stride=2, same=False)
    node = _convolve(node, weights, "Conv2d_2a_3x3", same=False)
    node = _convolve(node, weights, "Conv2d_2b_3x3")
    node = layers.max_pool(node, 3, 2)
    node = _convolve(node, weights, "Conv2d_3b_1x1")
    node = _convolve(node, weights, "Conv2d_4a_3x3", same=False)
    return _convolve(node, weights, "Conv2d_4b_3x3", stride=2, same=False)


def build(stored):
    """`stored`: what read_weights returns. Input standardised RGB, output of unit length; see README.md."""
    weights = _Weights(stored)
    image = layers.image(160, 160)
    node = _stem(image, weights)
    for number in range(1, 6):
        branches = [["1x1"], ["0a_1x1", "0b_3x3"], ["0a_1x1", "0b_3x3", "0c_3x3"]]
        node = _residual(node, weights, f"Block35_{number}", branches, 0.17)
    node = _reduction(node, weights, "Mixed_6a", [["1a_3x3"], ["0a_1x1", "0b_3x3", "1a_3x3"]])
    for number in range(1, 11):
        node = _residual(node, weights, f"Block17_{number}", [["1x1"], ["0a_1x1", "0b_1x7", "0c_7x1"]], 0.1)
    node = _reduction(
        node, weights, "Mixed_7a", [["0a_1x1", "1a_3x3"], ["0a_1x1", "1a_3x3"], ["0a_1x1", "0b_3x3", "1a_3x3"]]
    )
    for number in range(1, 7):
        last = number == 6
        branches = [["1x1"], ["0a_1x1", "0b_1x3", "0c_3x1"]]
        node = _residual(node, weights, f"Block8_{number}", branches, 1.0 if last else 0.2, activate=not last)
    node = ops.reduce_mean(node, ops.constant(np.array([2, 3], np.int64)), False)
    kernel, bias = weights.normalised("Bottleneck")
    node = layers.dense(node, kernel.T, bias)
    node = ops.normalize_l2(node, ops.constant(np.array([1], np.int64)), 1e-12, "max")
    weights.check_empty()
    return layers.model("embedder", image, {"embedding": node})
