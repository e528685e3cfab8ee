"""The repository's own manifest, and what the tool says of broken ones and unknown models."""
import subprocess
import sys
from pathlib import Path

import pytest

from vigil_models.errors import ModelError
from vigil_models.manifest import load_manifest

TOOL = Path(__file__).resolve().parents[1] / "models.py"
MANIFEST = Path(__file__).resolve().parents[3] / "models" / "manifest.toml"


def run(*arguments):
    return subprocess.run([sys.executable, str(TOOL), *map(str, arguments)], capture_output=True, text=True)


def copy_of_manifest(folder):
    """With the files that it names beside it."""
    for file in MANIFEST.parent.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    return folder / MANIFEST.name


def test_the_manifest_names_every_model_with_its_hashes():
    models = load_manifest(MANIFEST).models
    assert list(models) == ["mtcnn", "facenet-128", "facenet-vggface2", "facenet-casia", "minifasnet", "yunet", "sface"]
    for model in models.values():
        assert bool(model.source.package) != bool(model.source.url)
        for sha256 in (model.source.sha256, *(file.sha256 for file in model.files)):
            assert len(sha256) == 64 and int(sha256, 16) >= 0
        if model.kind == "embedder":
            assert model.output["dimension"] in (128, 512)


def test_calibrations_fall_as_similarity_rises():
    for model in load_manifest(MANIFEST).models.values():
        for calibration in model.calibration:
            rates, similarities = zip(*calibration["points"])
            assert list(rates) == sorted(rates, reverse=True)
            assert list(similarities) == sorted(similarities)


def test_typical_faces_have_the_dimension_of_their_model():
    typical = {model.id: model.typical_faces for model in load_manifest(MANIFEST).models.values() if model.typical_faces}
    assert "facenet-128" in typical
    for model_id, faces in typical.items():
        dimension = load_manifest(MANIFEST).models[model_id].output["dimension"]
        assert faces["temperature"] > 0 and {len(face) for face in faces["faces"]} == {dimension}


def test_altered_typical_faces_are_refused_with_both_hashes(tmp_path):
    manifest = copy_of_manifest(tmp_path)
    faces = tmp_path / "facenet-128-typical-faces.json"
    faces.write_text(faces.read_text().replace("0.1", "0.2", 1))
    with pytest.raises(ModelError, match="was altered: SHA-256 expected [0-9a-f]{64}, found [0-9a-f]{64}"):
        load_manifest(manifest)


def test_the_head_for_covered_faces_fits_its_layer():
    head = load_manifest(MANIFEST).models["facenet-128"].covered_head
    layer = head["layer"]
    assert len(head["weights"]) == layer["channels"] * len(layer["bands"])
    assert all(0 <= low < high <= layer["side"] for low, high in layer["bands"])


@pytest.mark.parametrize("text", ["schema = 2", "schema = 1\n[[model]]\nid = 'a'", "no toml"])
def test_a_broken_manifest_is_told_with_its_path(text, tmp_path):
    path = tmp_path / "manifest.toml"
    path.write_text(text)
    with pytest.raises(ModelError, match=str(path)):
        load_manifest(path)


def test_an_unknown_model_is_refused_with_the_known_ones(tmp_path):
    result = run("install", "facenet-1024", "--models-directory", tmp_path)
    assert result.returncode == 1
    assert "no model is called facenet-1024" in result.stderr and "facenet-128" in result.stderr


def test_a_model_without_a_converter_is_refused(tmp_path):
    manifest = copy_of_manifest(tmp_path)
    manifest.write_text(MANIFEST.read_text().replace('converter = "sface"\n', ""))
    result = run("install", "sface", "--models-directory", tmp_path, "--manifest", manifest)
    assert result.returncode == 1
    assert "this version cannot convert it" in result.stderr


def test_verify_says_what_is_missing_and_the_mend(tmp_path):
    result = run("verify", "mtcnn", "--models-directory", tmp_path)
    assert result.returncode == 5
    assert "mtcnn: pnet fp32 is not installed. Mend: models.py install mtcnn" in result.stderr


def test_a_directory_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    result = run("install", "mtcnn", "--models-directory", tmp_path / "file" / "models")
    assert result.returncode == 1
    assert "can be written" in result.stderr and "Traceback" not in result.stderr
