"""Derived files: their names, and that missing, altered and half-written ones are noticed and made again."""
import hashlib
import json

import pytest

from vigil_models import store as store_module
from vigil_models.errors import ModelError
from vigil_models.manifest import Model, Source, WeightsFile
from vigil_models.store import Store, derived_name, wanted

FILE = WeightsFile("embedder", "model/facenet.h5", "6acdd8fb3a3f" + "0" * 52)
MODEL = Model(
    id="face",
    kind="embedder",
    summary="",
    converter="facenet",
    source=Source(archive="a.tar.gz", sha256="1" * 64),
    files=(FILE,),
    input={"width": 160},
    output={"dimension": 128},
    calibration=(),
)


def save(path):
    path.write_text("<net/>")
    path.with_suffix(".bin").write_bytes(b"weights")


def test_names_hold_the_source_and_the_recipe():
    assert derived_name(FILE.sha256, "int8") == "6acdd8fb3a3f-r1-int8"


def test_both_precisions_are_wanted_but_of_mtcnn():
    assert [precision for _, precision in wanted(MODEL)] == ["fp32", "int8"]
    mtcnn = Model(**{**MODEL.__dict__, "kind": "detector", "converter": "mtcnn"})
    assert [precision for _, precision in wanted(mtcnn)] == ["fp32"]


def test_what_was_added_is_intact_and_recorded(tmp_path):
    store = Store(tmp_path)
    store.add(MODEL, FILE, "fp32", save)
    assert store.problem(MODEL, FILE, "fp32") is None
    assert store.problem(MODEL, FILE, "int8") == "face: embedder int8 is not installed"
    folder = tmp_path / "face"
    names = ["6acdd8fb3a3f-r1-fp32.bin", "6acdd8fb3a3f-r1-fp32.xml", "installed.json"]
    assert sorted(file.name for file in folder.iterdir()) == names
    (network,) = json.loads((folder / "installed.json").read_text())["networks"]
    assert network["bin_sha256"] == hashlib.sha256(b"weights").hexdigest()
    assert network["source_sha256"] == FILE.sha256


def test_typical_faces_are_recorded_where_the_model_has_some(tmp_path):
    store = Store(tmp_path)
    store.add(MODEL, FILE, "fp32", save)
    path = tmp_path / "face" / "installed.json"
    assert "typical_faces" not in json.loads(path.read_text())
    typical = {"sha256": "2" * 64, "temperature": 0.1, "faces": [[0.5] * 128]}
    store.refresh(Model(**{**MODEL.__dict__, "typical_faces": typical}))
    assert json.loads(path.read_text())["typical_faces"] == typical


def test_the_head_for_covered_faces_is_recorded_where_the_model_has_one(tmp_path):
    store = Store(tmp_path)
    store.add(MODEL, FILE, "fp32", save)
    path = tmp_path / "face" / "installed.json"
    assert "covered_head" not in json.loads(path.read_text())
    head = {"sha256": "3" * 64, "layer": {"channels": 1, "side": 2, "bands": [[0, 2]]}, "bias": 0.5, "weights": [1.0]}
    store.refresh(Model(**{**MODEL.__dict__, "covered_head": head}))
    assert json.loads(path.read_text())["covered_head"] == head


def test_an_altered_file_is_told_with_both_hashes(tmp_path):
    store = Store(tmp_path)
    store.add(MODEL, FILE, "fp32", save)
    (tmp_path / "face" / "6acdd8fb3a3f-r1-fp32.bin").write_bytes(b"altered")
    problem = store.problem(MODEL, FILE, "fp32")
    assert hashlib.sha256(b"weights").hexdigest() in problem
    assert hashlib.sha256(b"altered").hexdigest() in problem


def test_a_missing_file_is_told(tmp_path):
    store = Store(tmp_path)
    store.add(MODEL, FILE, "fp32", save)
    (tmp_path / "face" / "6acdd8fb3a3f-r1-fp32.xml").unlink()
    assert store.problem(MODEL, FILE, "fp32").endswith("6acdd8fb3a3f-r1-fp32.xml is missing")


def test_a_failed_conversion_leaves_nothing_behind(tmp_path):
    def fail(path):
        save(path)
        raise KeyboardInterrupt

    store = Store(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        store.add(MODEL, FILE, "fp32", fail)
    assert list((tmp_path / "face").iterdir()) == []


def test_another_recipe_or_source_counts_as_not_installed(tmp_path, monkeypatch):
    store = Store(tmp_path)
    store.add(MODEL, FILE, "fp32", save)
    changed = WeightsFile(FILE.network, FILE.path, "f" * 64)
    assert store.problem(MODEL, changed, "fp32") == "face: embedder fp32 is not installed"
    monkeypatch.setattr(store_module, "RECIPE", 2)
    assert store.problem(MODEL, FILE, "fp32") == "face: embedder fp32 is not installed"


def test_a_damaged_record_is_told_with_the_mend(tmp_path):
    store = Store(tmp_path)
    (tmp_path / "face").mkdir()
    (tmp_path / "face" / "installed.json").write_text("{")
    with pytest.raises(ModelError, match="Delete it and install face again"):
        store.problem(MODEL, FILE, "fp32")
