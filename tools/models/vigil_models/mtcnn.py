"""MTCNN's three networks (Zhang et al., 2016) from facenet-pytorch's weights, as OpenVINO models."""
from openvino import opset14 as ops

from . import layers


def build(network, weights):
    """`network`: pnet, rnet or onet; `weights`: {name: array} as stored by PyTorch. See README.md for the tensors."""
    return {"pnet": _pnet, "rnet": _rnet, "onet": _onet}[network](weights)


def _convolve(node, weights, number):
    node = layers.convolution(node, weights[f"conv{number}.weight"], weights[f"conv{number}.bias"])
    return layers.prelu(node, weights[f"prelu{number}.weight"])


def _dense(node, weights, name):
    return layers.dense(node, weights[f"{name}.weight"], weights[f"{name}.bias"])


def _dense_on_picture(node, weights, name, channels, side):
    """A dense layer whose stored weights expect width x height x channels: reordered to the channels x height x width at hand."""
    stored = weights[f"{name}.weight"]
    reordered = stored.reshape(-1, side, side, channels).transpose(0, 3, 2, 1).reshape(stored.shape)
    return layers.dense(layers.flatten(node), reordered, weights[f"{name}.bias"])


def _pnet(weights):
    image = layers.image(-1, -1)
    node = _convolve(image, weights, 1)
    node = layers.max_pool(node, 2, 2, "ceil")
    node = _convolve(node, weights, 2)
    node = _convolve(node, weights, 3)
    scores = layers.convolution(node, weights["conv4_1.weight"], weights["conv4_1.bias"])
    offsets = layers.convolution(node, weights["conv4_2.weight"], weights["conv4_2.bias"])
    return layers.model("pnet", image, {"offsets": offsets, "scores": ops.softmax(scores, 1)})


def _rnet(weights):
    image = layers.image(24, 24)
    node = layers.max_pool(_convolve(image, weights, 1), 3, 2, "ceil")
    node = layers.max_pool(_convolve(node, weights, 2), 3, 2, "ceil")
    node = _convolve(node, weights, 3)
    node = _dense_on_picture(node, weights, "dense4", channels=64, side=3)
    node = layers.prelu(node, weights["prelu4.weight"])
    scores = ops.softmax(_dense(node, weights, "dense5_1"), 1)
    return layers.model("rnet", image, {"offsets": _dense(node, weights, "dense5_2"), "scores": scores})


def _onet(weights):
    image = layers.image(48, 48)
    node = layers.max_pool(_convolve(image, weights, 1), 3, 2, "ceil")
    node = layers.max_pool(_convolve(node, weights, 2), 3, 2, "ceil")
    node = layers.max_pool(_convolve(node, weights, 3), 2, 2, "ceil")
    node = _convolve(node, weights, 4)
    node = _dense_on_picture(node, weights, "dense5", channels=128, side=3)
    node = layers.prelu(node, weights["prelu5.weight"])
    return layers.model(
        "onet",
        image,
        {
            "offsets": _dense(node, weights, "dense6_2"),
            "landmarks": _dense(node, weights, "dense6_3"),
            "scores": ops.softmax(_dense(node, weights, "dense6_1"), 1),
        },
    )
