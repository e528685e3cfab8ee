"""Training and test of the mask head share no face; what it learns separates what can be separated."""
import importlib.util
from pathlib import Path

import numpy as np

spec = importlib.util.spec_from_file_location("train_mask_head", Path(__file__).parents[2] / "train_mask_head.py")
mask_head = importlib.util.module_from_spec(spec)
spec.loader.exec_module(mask_head)


def test_photos_of_one_person_and_lookalikes_stay_in_one_half():
    axes = np.eye(64)
    paths = [f"x/1_0_person_{i:04}.jpg" for i in range(8)]
    paths += [f"x/alone{i}.jpg" for i in range(40)]
    paths += [f"x/copy-of-{i}.jpg" for i in range(8)]
    test = mask_head.halves(paths, np.vstack([axes[:48], axes[8:16]]))
    assert len(set(test[:8])) == 1
    assert list(test[48:]) == list(test[8:16])
    assert 0 < test.sum() < len(test)


def test_learns_a_direction_whatever_the_balance_and_scale_of_the_features():
    random = np.random.default_rng(1)
    features = random.normal(size=(400, 8)) * 0.1 + 3
    covered = np.arange(400) < 20
    features[covered, 3] += 1
    features[:, 5] *= 1000
    weights, bias = mask_head.fit(features, covered)
    assert np.array_equal(features @ weights + bias > 0, covered)


def test_measures_found_faces_and_false_alarms():
    plain = np.linspace(-3, -1, 99)
    measured = mask_head.measure(np.array([2.0, 1.0, -2.0, 3.0]), plain, np.array([-1.0, 0.5]))
    assert measured["covered_found"] == 0.75
    assert measured["lfw_flagged"] == 0.5
    assert measured["accuracy"] == round(102 / 103, 4)
    assert mask_head.area_under_curve(np.array([1.0, 2.0]), np.array([0.0, 1.0])) == 0.875
