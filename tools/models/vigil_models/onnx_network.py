"""YuNet and SFace from their ONNX files, as OpenVINO models: weights stored in blocks of 8-bit numbers are folded to fp32."""
import numpy as np
from openvino import opset14 as ops

from . import layers
from .errors import ModelError

STRIDES = (8, 16, 32)


def build_sface(graph):
    """Input `image` N x 3 x 112 x 112, RGB in 0..255; output `embedding` N x 128, of length 1. See README.md."""
    image = layers.image(112, 112)
    translation = _Translation(graph, {"data": image})
    embedding = ops.normalize_l2(translation.node("fc1"), ops.constant(np.array([1], np.int64)), 1e-12, "max")
    return layers.model("embedder", image, {"embedding": embedding})


def build_yunet(graph):
    """Input `image` N x 3 x H x W, BGR in 0..255; four maps a stride. See README.md.

    The stored network flattens its maps for one fixed size; they are taken before that, so that any size will do.
    """
    image = layers.image(-1, -1)
    translation = _Translation(graph, {"input": image})
    outputs = {}
    for stride in STRIDES:
        for stored, name in (("cls", "faces"), ("obj", "objects"), ("bbox", "boxes"), ("kps", "landmarks")):
            outputs[f"{name}{stride}"] = translation.map(f"{stored}_{stride}")
    return layers.model("yunet", image, outputs)


def dequantised(values, scales, zero_points, axis, block):
    """Weights from 8-bit numbers: each run of `block` along `axis` has a scale and a zero point of its own."""
    size = values.shape[axis]
    spread = [np.repeat(part, block, axis).take(np.arange(size), axis) for part in (scales, zero_points)]
    return (values.astype(np.float32) - spread[1].astype(np.float32)) * spread[0]


class _Translation:
    """Makes nodes on demand, from the outputs backwards."""

    def __init__(self, graph, nodes):
        self._producers = {output: node for node in graph.nodes for output in node.outputs}
        self._weights = dict(graph.weights)
        self._nodes = dict(nodes)

    def node(self, name):
        if name not in self._nodes:
            if name not in self._producers:
                raise ModelError(f"the ONNX network has nothing called {name}")
            self._nodes[name] = self._made(self._producers[name])
        return self._nodes[name]

    def map(self, name):
        """The output `name` as it is before it is flattened: N x channels x height x width."""
        step = self._producers.get(name)
        sigmoid = step is not None and step.operator == "Sigmoid"
        if sigmoid:
            step = self._producers[step.inputs[0]]
        for expected in ("Reshape", "Transpose"):
            if step is None or step.operator != expected:
                raise ModelError(f"the ONNX network does not end in a flattened map called {name}")
            step = step if expected == "Transpose" else self._producers.get(step.inputs[0])
        node = self.node(step.inputs[0])
        return ops.sigmoid(node) if sigmoid else node

    def _weight(self, name):
        if name in self._weights:
            return self._weights[name]
        node = self._producers.get(name)
        if node is not None and node.operator == "DequantizeLinear":
            parts = [self._weight(part) for part in node.inputs]
            return dequantised(*parts, node.attributes["axis"], node.attributes["block_size"])
        if node is not None and node.operator == "Reshape":
            return self._weight(node.inputs[0]).reshape(self._weight(node.inputs[1]))
        raise ModelError(f"the ONNX network has no weights called {name}")

    def _made(self, node):
        make = getattr(self, f"_{node.operator.lower()}", None)
        if make is None:
            raise ModelError(f"the ONNX network has a layer {node.operator}, which this version does not know")
        return make(node)

    def _conv(self, node):
        kernel = self._weight(node.inputs[1])
        bias = self._weight(node.inputs[2]) if len(node.inputs) > 2 else np.zeros(len(kernel), np.float32)
        pads = node.attributes["pads"]
        arguments = (node.attributes["strides"], pads[:2], pads[2:], node.attributes["dilations"])
        image, groups = self.node(node.inputs[0]), node.attributes["group"]
        if groups == 1:
            convolved = ops.convolution(image, layers.constant(kernel), *arguments)
        else:
            kernel = kernel.reshape(groups, -1, *kernel.shape[1:])
            convolved = ops.group_convolution(image, layers.constant(kernel), *arguments)
        return ops.add(convolved, layers.constant(bias.reshape(1, -1, 1, 1)))

    def _batchnormalization(self, node):
        factor, offset, mean, variance = (self._weight(name).astype(np.float64) for name in node.inputs[1:])
        factor = factor / np.sqrt(variance + node.attributes["epsilon"])
        before = self.node(node.inputs[0])
        shape = [1, -1] + [1] * (len(before.get_output_partial_shape(0)) - 2)
        scaled = ops.multiply(before, layers.constant(factor.reshape(shape)))
        return ops.add(scaled, layers.constant((offset - mean * factor).reshape(shape)))

    def _gemm(self, node):
        if node.attributes.get("transA") or not node.attributes.get("transB"):
            raise ModelError("the ONNX network's dense layer is not in the expected order")
        return layers.dense(self.node(node.inputs[0]), self._weight(node.inputs[1]), self._weight(node.inputs[2]))

    def _prelu(self, node):
        return layers.prelu(self.node(node.inputs[0]), self._weight(node.inputs[1]).reshape(-1))

    def _relu(self, node):
        return ops.relu(self.node(node.inputs[0]))

    def _maxpool(self, node):
        (size, _), (stride, _) = node.attributes["kernel_shape"], node.attributes["strides"]
        return layers.max_pool(self.node(node.inputs[0]), size, stride)

    def _resize(self, node):
        """Doubles a map by repetition."""
        if node.attributes["mode"] != "nearest" or self._weight(node.inputs[2]).tolist() != [1, 1, 2, 2]:
            raise ModelError("the ONNX network enlarges a map otherwise than by repetition to twice the size")
        scales, axes = np.array([2, 2], np.float32), np.array([2, 3], np.int64)
        return ops.interpolate(
            self.node(node.inputs[0]), scales, "nearest", "scales", [0, 0, 0, 0], [0, 0, 0, 0], "asymmetric", "floor", axes=axes
        )

    def _add(self, node):
        return ops.add(self.node(node.inputs[0]), self.node(node.inputs[1]))

    def _sub(self, node):
        return ops.subtract(self.node(node.inputs[0]), layers.constant(self._weight(node.inputs[1])))

    def _mul(self, node):
        return ops.multiply(self.node(node.inputs[0]), layers.constant(self._weight(node.inputs[1])))

    def _dropout(self, node):
        return self.node(node.inputs[0])

    def _flatten(self, node):
        return layers.flatten(self.node(node.inputs[0]))
