"""Covered faces are told from uncovered ones, and with MiniFASNet installed living ones from pictures of faces."""
import shutil
import subprocess

import pytest

from installation import CHECKOUT
from waiting import PATIENCE

PYTHON = CHECKOUT / "build" / "venv" / "bin" / "python"
WEIGHTS = "2.7_80x80_MiniFASNetV2.pth"


def covered_in(site, folder):
    answers = site.run_json("embed", "--min-face", "20", "--largest", "--json", folder, seconds=240)
    return [face["covered"] for answer in answers for face in answer["faces"]]


# Half of these photos taught the head; tools/train_mask_head.py measures it on the other half alone.
def test_masks_are_told_and_faces_without_are_not(installation, test_data, figure):
    masked = covered_in(installation, test_data / "mask" / "with_mask")
    plain = covered_in(installation, test_data / "mask" / "without_mask")
    found = sum(value >= 0.5 for value in masked)
    flagged = sum(value >= 0.5 for value in plain)
    figure(f"masks: {found} of {len(masked)} covered faces told, {flagged} of {len(plain)} uncovered ones taken for covered")
    assert len(masked) >= 60 and found >= 0.95 * len(masked)
    assert len(plain) >= 110 and flagged <= 0.02 * len(plain)


def test_a_covered_face_is_not_enrolled(installation, test_data):
    photo = test_data / "mask" / "with_mask" / "1_0_0 copy.jpeg"
    refused = installation.run("enroll", "Somebody", photo)
    assert refused.returncode != 0
    assert "the face is covered; use a photo that shows all of it" in refused.stdout + refused.stderr


def test_a_liveness_model_that_is_not_installed_is_told_with_its_mend(installation, models_directory, test_data):
    if (models_directory / "minifasnet").exists():
        pytest.skip("minifasnet is installed here")
    installation.set("models", liveness="minifasnet")
    told = installation.run("doctor")
    assert told.returncode != 0 and "run: vigil models install minifasnet" in told.stdout
    refused = installation.run("watch", test_data / "video" / "obama.mp4")
    assert refused.returncode == 5 and "vigil models install minifasnet" in refused.stderr


@pytest.fixture(scope="session")
def living_models(tmp_path_factory, models_directory, test_data):
    """A models directory with MiniFASNet, converted by the tool from the published file."""
    folder = tmp_path_factory.mktemp("models-liveness")
    (folder / "downloads").mkdir()
    shutil.copy(test_data / "models" / WEIGHTS, folder / "downloads")
    for name in ("mtcnn", "facenet-128"):
        shutil.copytree(models_directory / name, folder / "models" / name)
    install = [PYTHON, CHECKOUT / "tools/models/models.py", "install", "minifasnet", "--models-directory", folder / "models",
               "--downloads-directory", folder / "downloads"]
    done = subprocess.run(install, capture_output=True, text=True, timeout=120 * PATIENCE)
    assert done.returncode == 0, done
    return folder / "models"


def test_living_faces_of_a_clip_stay_what_they_are(installation, living_models, test_data):
    installation.set("models", directory=living_models, liveness="minifasnet")
    assert installation.run("models", "verify").stdout.splitlines()[-1] == "minifasnet: intact"
    lines = installation.run_json("watch", test_data / "video" / "obama.mp4", "--json", seconds=240)
    assert lines and all(line["outcome"] == "stranger" and line["live"] > 0.5 for line in lines), lines


def test_a_detector_tells_no_liveness(installation, test_data):
    installation.set("models", liveness="mtcnn")
    refused = installation.run("watch", test_data / "video" / "obama.mp4")
    assert refused.returncode != 0
    assert "models.liveness: mtcnn is no liveness but a detector" in refused.stderr
