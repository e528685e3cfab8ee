"""MiniFASNet (Silent-Face-Anti-Spoofing, Minivision) from its PyTorch weights, as an OpenVINO model.

The widths of the layers are those of the stored tensors, which differ between its versions; the order of the layers is the same in all of them.
"""
import numpy as np
from openvino import opset14 as ops

from . import layers
from .errors import ModelError

SIDE = 80
EPSILON = 1e-5
LIVE_CLASS = 1


class _Weights:
    """Hands out each tensor once; what is left over shows another architecture."""

    def __init__(self, stored):
        names = {name.removeprefix("module."): values for name, values in stored.items()}
        self._stored = {name: values for name, values in names.items() if not name.endswith("num_batches_tracked")}

    def take(self, name):
        try:
            return self._stored.pop(name).astype(np.float64)
        except KeyError:
            raise ModelError(f"the weights lack {name}: not a MiniFASNet") from None

    def normalised(self, kernel, normalisation):
        """The kernel and bias with the batch normalisation folded in; first axis is output."""
        weights = self.take(kernel)
        factor = self.take(f"{normalisation}.weight") / np.sqrt(self.take(f"{normalisation}.running_var") + EPSILON)
        bias = self.take(f"{normalisation}.bias") - self.take(f"{normalisation}.running_mean") * factor
        return weights * factor.reshape(-1, *[1] * (weights.ndim - 1)), bias

    def count(self, start):
        """How many numbered parts lie below `start`."""
        numbers = {name.removeprefix(start).split(".")[0] for name in self._stored if name.startswith(start)}
        return len(numbers)

    def check_empty(self):
        if self._stored:
            raise ModelError(f"the weights hold layers without a place in MiniFASNet: {list(self._stored)[:5]}")


def _grouped(node, weights, bias, stride, pad):
    """A convolution of each channel by itself. `weights`: channels x 1 x height x width."""
    kernel = layers.constant(weights[:, None])
    node = ops.group_convolution(node, kernel, [stride, stride], [pad, pad], [pad, pad], [1, 1])
    return ops.add(node, layers.constant(bias.reshape(1, -1, 1, 1)))


def _block(node, weights, name, stride=1, pad=0, apart=False, activate=True):
    """Convolution, batch normalisation and, with `activate`, PReLU."""
    kernel, bias = weights.normalised(f"{name}.conv.weight", f"{name}.bn")
    if apart:
        node = _grouped(node, kernel, bias, stride, pad)
    else:
        node = layers.convolution(node, kernel, bias, stride, [pad, pad])
    return layers.prelu(node, weights.take(f"{name}.prelu.weight")) if activate else node


def _bottleneck(node, weights, name, stride):
    node = _block(node, weights, f"{name}.conv")
    node = _block(node, weights, f"{name}.conv_dw", stride, pad=1, apart=True)
    return _block(node, weights, f"{name}.project", activate=False)


def _residuals(node, weights, name):
    for number in range(weights.count(f"{name}.model.")):
        node = ops.add(node, _bottleneck(node, weights, f"{name}.model.{number}", stride=1))
    return node


def build(stored):
    """`stored`: {name: array}. Input BGR, 0 to 255; output `live`, N x 1; see README.md."""
    weights = _Weights(stored)
    image = layers.image(SIDE, SIDE)
    node = _block(image, weights, "conv1", stride=2, pad=1)
    node = _block(node, weights, "conv2_dw", pad=1, apart=True)
    for narrower, residual in (("conv_23", "conv_3"), ("conv_34", "conv_4"), ("conv_45", "conv_5")):
        node = _bottleneck(node, weights, narrower, stride=2)
        node = _residuals(node, weights, residual)
    node = _block(node, weights, "conv_6_sep")
    node = _block(node, weights, "conv_6_dw", apart=True, activate=False)
    kernel, bias = weights.normalised("linear.weight", "bn")
    node = layers.dense(layers.flatten(node), kernel, bias)
    classes = weights.take("prob.weight")
    scores = ops.softmax(layers.dense(node, classes, np.zeros(len(classes))), 1)
    weights.check_empty()
    index = lambda value: ops.constant(np.array([value], np.int64))
    live = ops.slice(scores, index(LIVE_CLASS), index(LIVE_CLASS + 1), index(1), index(1))
    return layers.model("liveness", image, {"live": live})
