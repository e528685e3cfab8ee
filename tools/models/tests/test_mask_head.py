"""Training and test of the mask head share no face; what it learns separates what can be separated."""
import importlib.util
from pathlib import Path

import numpy as np

spec = importlib.util.spec_from_file_location("train_mask_head", Path(__file__).parents[2] / "train_mask_head.py")
mask_head = importlib.util.module_from_spec(spec)
spec.loader.exec_module(mask_head)


def test_photos_of_one_person_and_lookalikes_stay_in_one_half():
    axes = np.eye(64)
    faces = [(f"x/1_0_person_{i:04}.jpg", False, axes[i]) for i in range(8)]
    faces += [(f"x/alone{i}.jpg", True, axes[8 + i]) for i in range(40)]
    faces += [(f"x/copy-of-{i}.jpg", True, axes[8 + i]) for i in range(8)]
    test = mask_head.halves(faces)
    assert len(set(test[:8])) == 1
    assert list(test[48:]) == list(test[8:16])
    assert 0 < test.sum() < len(test)


def test_learns_a_direction_whatever_the_balance_of_the_classes():
    random = np.random.default_rng(1)
    vectors = random.normal(size=(400, 8)) * 0.1
    covered = np.arange(400) < 20
    vectors[covered, 3] += 1
    weights, bias = mask_head.fit(vectors, covered)
    assert np.array_equal(vectors @ weights + bias > 0, covered)
