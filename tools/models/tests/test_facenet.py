"""The converter against an independent implementation, at 512 numbers a face, from seeded weights under Keras names."""
import io
import json
from pathlib import Path

import numpy as np
import openvino
import pytest
from seeded_facenet import h5_bytes, seeded_pictures, seeded_weights

from vigil_models import facenet
from vigil_models.errors import ModelError

EXPECTED = np.array(json.loads(Path(__file__).with_name("golden_facenet_512.json").read_text())["embeddings"])


def embed(model, pictures):
    compiled = openvino.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return compiled([pictures])["embedding"]


def test_512_numbers_equal_the_independent_implementation():
    model = facenet.build(facenet.read_weights(h5_bytes(seeded_weights(512)), "seeded.h5"))
    found = embed(model, seeded_pictures(2))
    assert np.abs(found - EXPECTED).max() < 1e-4
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)


@pytest.mark.parametrize(
    "first, second",
    [
        ("Block35_1_Branch_2_Conv2d_0b_3x3", "Block35_1_Branch_2_Conv2d_0c_3x3"),
        ("Block17_10_Branch_1_Conv2d_0b_1x7", "Block17_9_Branch_1_Conv2d_0b_1x7"),
        ("Block8_6_Conv2d_1x1", "Block8_5_Conv2d_1x1"),
    ],
)
def test_the_comparison_notices_two_exchanged_layers(first, second):
    weights = seeded_weights(512)
    weights[first, "kernel"], weights[second, "kernel"] = weights[second, "kernel"], weights[first, "kernel"]
    found = embed(facenet.build(weights), seeded_pictures(2))
    assert np.abs(found - EXPECTED).max() > 1e-3


def test_a_missing_layer_is_named():
    weights = seeded_weights(128)
    del weights["Block17_3_Conv2d_1x1", "bias"]
    with pytest.raises(ModelError, match="lack bias of layer Block17_3_Conv2d_1x1"):
        facenet.build(weights)


def test_a_layer_without_a_place_is_named():
    weights = seeded_weights(128)
    weights["Logits", "kernel"] = np.zeros((128, 10))
    with pytest.raises(ModelError, match="Logits"):
        facenet.build(weights)


def test_a_file_that_is_no_h5_is_refused():
    with pytest.raises(ModelError, match="weights.h5 cannot be read"):
        facenet.read_weights(io.BytesIO(b"no weights"), "weights.h5")
