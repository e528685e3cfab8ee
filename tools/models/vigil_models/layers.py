"""Layers over OpenVINO's operators: what the networks are written in. All tensors are NCHW, fp32."""
import numpy as np
import openvino as ov
from openvino import opset14 as ops


def image(height, width):
    node = ops.parameter(ov.PartialShape([-1, 3, height, width]), np.float32, name="image")
    node.output(0).tensor.names = {"image"}
    return node


def constant(values):
    return ops.constant(np.ascontiguousarray(values, dtype=np.float32))


def convolution(node, weights, bias, stride=1, pad=(0, 0)):
    """`weights`: out x in x height x width; `pad`: rows and columns added on each side."""
    node = ops.convolution(node, constant(weights), [stride, stride], list(pad), list(pad), [1, 1])
    return ops.add(node, constant(bias.reshape(1, -1, 1, 1)))


def dense(node, weights, bias):
    """`weights`: out x in."""
    return ops.add(ops.matmul(node, constant(weights), False, True), constant(bias.reshape(1, -1)))


def max_pool(node, size, stride, rounding="floor"):
    pooled = ops.max_pool(node, [stride, stride], [1, 1], [0, 0], [0, 0], [size, size], rounding)
    return pooled.output(0)


def prelu(node, slope):
    return ops.prelu(node, constant(slope))


def flatten(node):
    return ops.reshape(node, ops.constant(np.array([0, -1], np.int64)), True)


def model(name, parameter, outputs):
    """`outputs`: {tensor name: node}, in order."""
    results = []
    for tensor_name, node in outputs.items():
        node.output(0).tensor.names = {tensor_name}
        results.append(ops.result(node, name=f"{tensor_name}/result"))
    return ov.Model(results, [parameter], name)
