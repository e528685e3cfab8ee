"""How the pictures that int8 is calibrated on are cut."""
import numpy as np
from PIL import Image

from vigil_models.quantise import FIVE_POINTS, align_face, similarity, whole_picture

FEEDING = {"width": 112, "height": 112}


def test_similarity_finds_the_turn_that_was_made():
    turn, shift = np.array([[1.2, 0.7], [-0.7, 1.2]]), np.array([31, -12])
    found = similarity(FIVE_POINTS, FIVE_POINTS @ turn.T + shift)
    assert np.allclose(found[0], turn) and np.allclose(found[1], shift)


def test_a_face_in_the_layout_is_cut_out_as_it_is():
    pixels = np.random.default_rng(0).integers(0, 256, (200, 200, 3), np.uint8)
    face = np.array([0, 0, 0, 0, 1, *(FIVE_POINTS + [40, 30]).ravel()])
    crop = align_face(Image.fromarray(pixels), face, FEEDING)
    assert np.abs(crop - pixels[30:142, 40:152].transpose(2, 0, 1)).max() <= 1


def test_whole_pictures_are_blue_first_and_filled_up():
    pixels = np.zeros((33, 64, 3), np.uint8)
    pixels[..., 0] = 200
    picture = whole_picture(Image.fromarray(pixels))
    assert picture.shape == (3, 64, 64)
    assert picture[2, 32, 63] == 200 and picture[2, 33:].max() == 0 and picture[:2].max() == 0
