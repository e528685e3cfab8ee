"""The three networks' shapes and layer order, from seeded weights; the real weights are checked by the program's parity tests."""
import numpy as np
import openvino
import pytest

from vigil_models import mtcnn

LAYERS = {
    "pnet": {"conv1": (10, 3, 3, 3), "conv2": (16, 10, 3, 3), "conv3": (32, 16, 3, 3), "conv4_1": (2, 32, 1, 1), "conv4_2": (4, 32, 1, 1)},
    "rnet": {"conv1": (28, 3, 3, 3), "conv2": (48, 28, 3, 3), "conv3": (64, 48, 2, 2), "dense4": (128, 576), "dense5_1": (2, 128),
             "dense5_2": (4, 128)},
    "onet": {"conv1": (32, 3, 3, 3), "conv2": (64, 32, 3, 3), "conv3": (64, 64, 3, 3), "conv4": (128, 64, 2, 2), "dense5": (256, 1152),
             "dense6_1": (2, 256), "dense6_2": (4, 256), "dense6_3": (10, 256)},
}


def seeded(network):
    random = np.random.Generator(np.random.PCG64(0))
    weights = {}
    for layer, shape in LAYERS[network].items():
        weights[f"{layer}.weight"] = (random.random(shape, np.float32) - 0.5) * np.float32(2 / np.sqrt(np.prod(shape[1:])))
        weights[f"{layer}.bias"] = random.random(shape[0], np.float32) - 0.5
        number = layer.removeprefix("conv").removeprefix("dense")
        weights[f"prelu{number}.weight"] = random.random(shape[0], np.float32)
    return weights


def run(network, pictures, weights=None):
    model = mtcnn.build(network, weights or seeded(network))
    return openvino.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})([pictures])


@pytest.mark.parametrize("height, width", [(12, 12), (13, 30), (97, 131)])
def test_pnet_has_a_cell_for_each_second_pixel(height, width):
    result = run("pnet", np.zeros((1, 3, height, width), np.float32))
    cells = (-(-(height - 2) // 2) - 4, -(-(width - 2) // 2) - 4)
    assert result["scores"].shape == (1, 2, *cells)
    assert result["offsets"].shape == (1, 4, *cells)


@pytest.mark.parametrize("network, side", [("rnet", 24), ("onet", 48)])
def test_scores_are_shares_of_one(network, side):
    pictures = np.random.Generator(np.random.PCG64(1)).random((3, 3, side, side), np.float32) - 0.5
    result = run(network, pictures)
    assert result["scores"].shape == (3, 2)
    assert np.allclose(result["scores"].sum(axis=1), 1, atol=1e-6)
    assert result["offsets"].shape == (3, 4)
    if network == "onet":
        assert result["landmarks"].shape == (3, 10)


def test_dense_weights_count_columns_then_rows_then_channels():
    """The stored order (MTCNN was first written for a column-major program): one lit place must meet the weight that names it."""
    channels, side = 2, 3
    weights = {"dense.weight": np.arange(18, dtype=np.float32).reshape(1, 18), "dense.bias": np.zeros(1, np.float32)}
    picture = openvino.opset14.parameter([1, channels, side, side], np.float32)
    node = mtcnn._dense_on_picture(picture, weights, "dense", channels, side)
    compiled = openvino.Core().compile_model(openvino.Model([node], [picture]), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    for channel, row, column in np.ndindex(channels, side, side):
        lit = np.zeros((1, channels, side, side), np.float32)
        lit[0, channel, row, column] = 1
        assert compiled([lit])[0].item() == (column * side + row) * channels + channel
