"""The network's shape and layer order, from seeded weights; the real weights are checked by the program's tests."""
import numpy as np
import openvino
import pytest

from vigil_models import minifasnet
from vigil_models.errors import ModelError

WIDE, NARROW = 8, 4
RESIDUALS = {"conv_3": 2, "conv_4": 1, "conv_5": 1}


def seeded():
    random = np.random.Generator(np.random.PCG64(0))
    weights = {}

    def block(name, shape, activated=True):
        weights[f"module.{name}.conv.weight"] = (random.random(shape, np.float32) - 0.5) / np.float32(np.sqrt(np.prod(shape[1:])))
        normalise(f"{name}.bn", shape[0])
        if activated:
            weights[f"module.{name}.prelu.weight"] = random.random(shape[0], np.float32)

    def normalise(name, width):
        for part in ("weight", "bias", "running_mean", "running_var"):
            weights[f"module.{name}.{part}"] = random.random(width, np.float32) + np.float32(0.5)
        weights[f"module.{name}.num_batches_tracked"] = np.array(7)

    def bottleneck(name):
        block(f"{name}.conv", (NARROW, WIDE, 1, 1))
        block(f"{name}.conv_dw", (NARROW, 1, 3, 3))
        block(f"{name}.project", (WIDE, NARROW, 1, 1), activated=False)

    block("conv1", (WIDE, 3, 3, 3))
    block("conv2_dw", (WIDE, 1, 3, 3))
    for narrower, residual in (("conv_23", "conv_3"), ("conv_34", "conv_4"), ("conv_45", "conv_5")):
        bottleneck(narrower)
        for number in range(RESIDUALS[residual]):
            bottleneck(f"{residual}.model.{number}")
    block("conv_6_sep", (16, WIDE, 1, 1))
    block("conv_6_dw", (16, 1, 5, 5), activated=False)
    weights["module.linear.weight"] = random.random((6, 16), np.float32) - 0.5
    normalise("bn", 6)
    weights["module.prob.weight"] = random.random((3, 6), np.float32) - 0.5
    return weights


def test_gives_one_likelihood_a_picture():
    network = openvino.Core().compile_model(minifasnet.build(seeded()), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    pictures = np.stack([np.full((3, 80, 80), level, np.float32) for level in (0, 100, 255)])
    live = network([pictures])["live"]
    assert live.shape == (3, 1) and (live > 0).all() and (live < 1).all()
    assert len(set(live.ravel().tolist())) == 3


def test_live_is_the_second_of_three_classes():
    weights = seeded()
    weights["module.prob.weight"] = np.zeros((3, 6), np.float32)
    weights["module.linear.weight"] = np.zeros((6, 16), np.float32)
    for name in ("bias", "weight"):
        weights[f"module.bn.{name}"] = np.ones(6, np.float32)
    weights["module.bn.running_mean"] = np.zeros(6, np.float32)
    weights["module.prob.weight"][1] = 1
    network = openvino.Core().compile_model(minifasnet.build(weights), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    live = network([np.zeros((1, 3, 80, 80), np.float32)])["live"].item()
    assert live == pytest.approx(np.exp(6) / (np.exp(6) + 2), abs=1e-5)


def test_weights_of_another_network_are_refused():
    weights = seeded()
    del weights["module.conv_6_sep.conv.weight"]
    with pytest.raises(ModelError, match="lack conv_6_sep.conv.weight"):
        minifasnet.build(weights)
    with pytest.raises(ModelError, match="without a place.*se_module"):
        minifasnet.build({**seeded(), "module.conv_3.model.1.se_module.fc1.weight": np.zeros((2, WIDE, 1, 1), np.float32)})
