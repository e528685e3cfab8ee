"""Models swapped by one line of configuration, kept apart from each other's galleries, converted at 512 numbers, calibrated on own photos."""
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys

import pytest

from installation import CHECKOUT, Installation
from waiting import PATIENCE

PYTHON = CHECKOUT / "build" / "venv" / "bin" / "python"
SEEDED = "facenet-vggface2"


@pytest.fixture
def both(models_directory):
    for name in ("yunet", "sface"):
        if not (models_directory / name / "installed.json").exists():
            pytest.skip(f"{name} is not installed in {models_directory}: run `vigil models install {name}`")


def faces_of(site, photo):
    (answer,) = site.run_json("search", photo, "--json")
    return answer["faces"]


def test_one_line_each_swaps_detector_and_embedder(installation, people, both):
    installation.set("models", detector="yunet", embedder="sface")
    done = installation.run("enroll", "Elton", *people.train("elton_john")[:2])
    assert done.returncode == 0, done
    (seen,) = faces_of(installation, people.val("elton_john")[0])
    (other,) = faces_of(installation, people.val("madonna")[0])
    assert seen["candidates"][0]["similarity"] > 0.42 > other["candidates"][0]["similarity"]
    (reference,) = installation.query("SELECT DISTINCT model_id, dimension FROM reference_embeddings")
    assert reference == {"model_id": "sface", "dimension": 128}


def test_another_embedder_is_refused_while_faces_are_enrolled(enrolled, people, both):
    before = len(enrolled.query("SELECT id FROM reference_embeddings"))
    enrolled.set("models", embedder="sface")
    for command in (["serve"], ["enroll", "Jerry", people.val("jerry_seinfeld")[0]], ["search", people.val("elton_john")[0]]):
        refused = enrolled.run(*command)
        assert refused.returncode == 5, refused
        told = refused.stderr + refused.stdout + enrolled.log_tail()
        assert f"{before} enrolled faces of 1 people were made with the embedder facenet-128" in told
        assert 'set embedder = "facenet-128" back' in told
    enrolled.set("models", embedder="facenet-128")
    assert faces_of(enrolled, people.val("elton_john")[0])


def test_a_model_of_the_other_kind_is_refused_with_the_key(installation, people):
    installation.set("models", embedder="mtcnn")
    refused = installation.run("embed", people.val("elton_john")[0])
    assert refused.returncode != 0
    assert "models.embedder: mtcnn is no embedder but a detector" in refused.stderr
    installation.set("models", embedder="facenet-1024")
    refused = installation.run("embed", people.val("elton_john")[0])
    assert refused.returncode == 5
    assert "vigil models install facenet-1024" in refused.stderr


@pytest.fixture(scope="session")
def seeded_models(tmp_path_factory, models_directory):
    """A models directory with a 512-D FaceNet of seeded weights, installed by the tool under a published model's id."""
    folder = tmp_path_factory.mktemp("models-512")
    downloads = folder / "downloads"
    downloads.mkdir()
    weights = downloads / "20180402-114759.h5"
    subprocess.run([PYTHON, CHECKOUT / "tools/models/tests/seeded_facenet.py", weights, "512"], check=True)
    manifest = (CHECKOUT / "models/manifest.toml").read_text()
    published = re.search(r'id = "facenet-vggface2".*?sha256 = "(\w{64})"', manifest, re.DOTALL)[1]
    for beside in (CHECKOUT / "models").glob("*.json"):
        shutil.copy(beside, folder)
    (folder / "manifest.toml").write_text(manifest.replace(published, hashlib.sha256(weights.read_bytes()).hexdigest()))
    for name in ("mtcnn", "demo-people"):
        shutil.copytree(models_directory / name, folder / "models" / name)
    install = [PYTHON, CHECKOUT / "tools/models/models.py", "install", SEEDED, "--models-directory", folder / "models",
               "--downloads-directory", downloads, "--manifest", folder / "manifest.toml"]
    done = subprocess.run(install, capture_output=True, text=True, timeout=600 * PATIENCE)
    assert done.returncode == 0, done
    return folder / "models"


@pytest.fixture
def site_512(tmp_path, seeded_models):
    return Installation(tmp_path / "site").set("models", directory=seeded_models, embedder=SEEDED)


def golden_512():
    return json.loads((CHECKOUT / "tests/golden/facenet_512.json").read_text())["photos"]


def embeddings(site, folder, precision):
    paths = [folder / "demo-people" / entry["photo"] for entry in golden_512()]
    for image in site.run_json("embed", "--largest", "--json", "--precision", precision, *paths):
        yield image["faces"][0]["embedding"]


def test_512_numbers_equal_the_independent_implementation(site_512, seeded_models, figure):
    worst = 0
    for entry, found in zip(golden_512(), embeddings(site_512, seeded_models, "f32"), strict=True):
        assert len(found) == 512
        worst = max(worst, max(abs(ours - theirs) for ours, theirs in zip(found, entry["embedding"])))
    figure(f"512-D FaceNet through vigil embed, fp32: largest difference {worst:.1e}")
    assert worst < 1e-4


def test_512_numbers_in_8_bits_stay_near(site_512, seeded_models, figure):
    worst = min(sum(ours * theirs for ours, theirs in zip(found, entry["embedding"]))
                for entry, found in zip(golden_512(), embeddings(site_512, seeded_models, "i8"), strict=True))
    figure(f"512-D FaceNet through vigil embed, int8: least cosine {worst:.4f}")
    assert worst > 0.95


def test_an_embedder_without_a_tail_is_called_uncalibrated(site_512):
    listed = {model["id"]: model for model in site_512.run_json("models", "list", "--json")}
    assert listed[SEEDED]["calibrated"] is False and listed[SEEDED]["dimension"] == 512
    text = site_512.run("models", "list").stdout
    assert "UNCALIBRATED" in text and "vigil models calibrate --embedder facenet-vggface2" in text


def test_verify_names_an_altered_file(tmp_path, seeded_models):
    models = tmp_path / "models"
    shutil.copytree(seeded_models / "mtcnn", models / "mtcnn")
    site = Installation(tmp_path / "site").set("models", directory=models)
    assert site.run("models", "verify", "mtcnn").stdout == "mtcnn: intact\n"
    next((models / "mtcnn").glob("*.bin")).write_bytes(b"altered")
    refused = site.run("models", "verify", "mtcnn")
    assert refused.returncode == 5
    assert "was altered: SHA-256 expected" in refused.stderr and "vigil models install mtcnn" in refused.stderr


def test_a_model_nobody_knows_is_not_installed(installation):
    refused = installation.run("models", "install", "facenet-1024")
    assert refused.returncode == 5
    assert "the manifest knows: mtcnn, facenet-128" in refused.stderr


def test_calibration_of_too_few_people_is_refused(installation, people):
    refused = installation.run("models", "calibrate", "--people", people.val("elton_john")[0].parents[1], "--precision", "f32")
    assert refused.returncode == 4
    assert "of 5 people" in refused.stderr and "at least 20 people and about 142 photos" in refused.stderr
    refused = installation.run("models", "calibrate", "--people", "/nonexistent")
    assert refused.returncode == 4
    assert "is no folder" in refused.stderr


def test_calibration_is_measured_saved_and_used(tmp_path, models_directory, test_data):
    """On photos of 160 people the tail is near the published one, and takes its place."""
    chosen = tmp_path / "people"
    for person in sorted((test_data / "lfw/images").iterdir())[:160]:
        shutil.copytree(person, chosen / person.name)
    models = tmp_path / "models"
    for name in ("mtcnn", "facenet-128"):
        shutil.copytree(models_directory / name, models / name)
    site = Installation(tmp_path / "site").set("models", directory=models)
    assert "own photos" not in site.run("models", "list").stdout
    (measured,) = site.run_json("models", "calibrate", "--people", chosen, "--precision", "i8", "--save", "--json", seconds=300)
    assert measured["people"] >= 100 and measured["embedder"] == "facenet-128" and measured["precision"] == "int8"
    thresholds = {point["false_match_rate"]: point["threshold"] for point in measured["points"]}
    assert abs(thresholds[0.01] - 0.368) < 0.06 and thresholds[0.001] > thresholds[0.01]
    listed = {model["id"]: model for model in site.run_json("models", "list", "--json")}
    assert listed["facenet-128"]["calibrations"][0]["measured_on"].startswith(f"own photos: {measured['people']} people")
