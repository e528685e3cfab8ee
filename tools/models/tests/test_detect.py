"""The pieces of the calibration's cascade."""
import numpy as np

from vigil_models.detect import chosen_by_overlap, resize_area, square


def test_area_resizing_to_half_is_the_mean_of_each_four():
    picture = np.arange(16, dtype=np.uint8).reshape(4, 4, 1).repeat(3, axis=2)
    assert resize_area(picture, 2, 2)[..., 0].tolist() == [[2.5, 4.5], [10.5, 12.5]]


def test_area_resizing_counts_touched_pixels_equally():
    picture = np.array([0, 30, 60], np.uint8).reshape(1, 3, 1).repeat(3, axis=2)
    assert resize_area(picture, 1, 2)[0, :, 0].tolist() == [15, 45]


def test_squares_grow_about_the_centre():
    assert square(np.array([[10.0, 10, 20, 40, 0.9]])).tolist() == [[0, 10, 30, 40, 0.9]]


def test_the_surest_of_overlapping_boxes_is_chosen():
    boxes = np.array([[0, 0, 10, 10, 0.8], [1, 1, 11, 11, 0.9], [50, 50, 60, 60, 0.7]])
    assert chosen_by_overlap(boxes, 0.5).tolist() == [1, 2]


def test_a_box_within_another_goes_only_by_the_smaller_area():
    boxes = np.array([[0, 0, 100, 100, 0.9], [10, 10, 30, 30, 0.8]])
    assert chosen_by_overlap(boxes, 0.7).tolist() == [0, 1]
    assert chosen_by_overlap(boxes, 0.7, by_smaller=True).tolist() == [0]
