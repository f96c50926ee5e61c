"""Metres from depth images, good and bad ones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic import REPEATABLE, camera, in_front

from lfm_ros import Intrinsics
from lfm_ros.core.depth import checked_depth, scale_by_depth, surface_depths
from lfm_ros.core.errors import InputError

pytestmark = pytest.mark.parity

seeds = st.integers(0, 1000)


def asked(seed: int, count: int = 4, keypoints: int = 12):
    """Points of unknown unit, their sigmas and weights, the true factors, the true depths."""
    truth = in_front(count, keypoints, seed)
    factor = np.random.default_rng(seed).uniform(0.2, 5, count)
    points = truth / factor[:, None, None]
    sigma = np.full(points.shape[:2], 0.03) / factor[:, None]
    return points, sigma, np.ones(points.shape[:2]), factor, truth[..., 2]


@REPEATABLE
@given(seeds, st.floats(0, 0.1))
def test_true_depths_give_the_true_scale(seed, behind):
    points, sigma, weights, factor, depths = asked(seed)
    found, error = scale_by_depth(points, sigma, weights, depths - behind, np.full(4, behind))
    np.testing.assert_allclose(found, factor, rtol=1e-6)
    assert (error < 0.05).all()


@REPEATABLE
@given(seeds)
def test_a_third_of_the_keypoints_may_see_something_else(seed):
    points, sigma, weights, factor, depths = asked(seed)
    random = np.random.default_rng(seed)
    depths = depths * np.exp(0.01 * random.standard_normal(depths.shape))
    for row in range(4):
        wrong = random.choice(12, 4, replace=False)
        depths[row, wrong[:3]] = random.uniform(7, 12, 3)  # the wall behind
        depths[row, wrong[3]] = 0.5  # a hand before the camera
    found, error = scale_by_depth(points, sigma, weights, depths, np.zeros(4))
    np.testing.assert_allclose(found, factor, rtol=0.03)
    assert (np.abs(np.log(found / factor)) < 4 * error).all()


def test_unseen_keypoints_and_holes_have_no_say():
    points, sigma, weights, factor, depths = asked(1)
    depths[:, :5], weights[:, :5] = 20.0, 0.0
    depths[:, 5:7] = np.nan
    found, _ = scale_by_depth(points, sigma, weights, depths, np.zeros(4))
    np.testing.assert_allclose(found, factor, rtol=1e-6)


def test_too_few_keypoints_say_nothing():
    points, sigma, weights, _, depths = asked(2)
    depths[0, 2:] = np.nan
    depths[1] = np.nan
    weights[2] = 0
    depths[3] = np.geomspace(0.5, 50, 12)  # no two of them agree
    found, error = scale_by_depth(points, sigma, weights, depths, np.zeros(4))
    assert np.isnan(found).all()
    assert np.isinf(error).all()


def test_the_worse_the_depth_the_larger_the_error():
    errors = []
    for noise in (0.0, 0.03, 0.1):
        points, sigma, weights, factor, depths = asked(3, count=200)
        off = np.random.default_rng(4).normal(0, noise, depths.shape)
        found, error = scale_by_depth(points, sigma, weights, depths * np.exp(off), np.zeros(200))
        some = np.isfinite(found)
        inside = np.abs(np.log(found / factor))[some] < 2 * error[some]
        assert inside.mean() > 0.85
        errors.append(np.median(error[some]))
    assert errors[0] < errors[1] < errors[2]


@pytest.mark.parametrize("kind", ["f4", "f8", ">f4", "u2", ">u2", "i4", "f4 millimetres"])
def test_every_unit_and_byte_order_is_read_in_metres(kind):
    plane = np.full((720, 1280), 2.5)
    integer = kind[-2] in "ui"
    image = (plane * (1000 if integer or "milli" in kind else 1)).astype(kind.split()[0])
    pixels = np.array([[[0, 0], [1279, 719], [640.4, 360.6]]])
    np.testing.assert_allclose(surface_depths(image, pixels, [camera()]), 2.5)


def test_a_keypoint_is_read_from_a_window_and_not_from_a_pixel():
    image = np.full((720, 1280), 3.0, np.float32)
    image[100, 100] = 9.0  # noise in the very pixel
    image[198:203, 198:200] = 0  # holes around another
    image[299:302, 299:302] = np.nan
    image[400, 400:402] = 1.5
    image[395:406, 395:400] = -1  # nonsense
    pixels = np.array([[[100, 100], [200, 200], [300, 300], [402, 400]]])
    np.testing.assert_allclose(surface_depths(image, pixels, [camera()]), 3.0)


def test_holes_and_places_outside_are_unknown():
    image = np.full((720, 1280), 3.0, np.float32)
    image[:50] = 0
    image[50:100] = np.inf
    pixels = np.array([[[10, 10], [10, 75], [-40, 300], [1e30, 300], [640, -1e9], [640, 800]]])
    assert np.isnan(surface_depths(image, pixels, [camera()])).all()


def test_a_smaller_depth_image_shows_the_same_field_of_view():
    rows, columns = np.mgrid[:720, :1280]
    whole = 1 + columns / 1280 + rows / 720
    half = whole.reshape(360, 2, 640, 2).mean((1, 3))
    pixels = np.array([[[300.0, 200], [900, 500], [1200, 30]]])
    expected = surface_depths(whole, pixels, [camera()])
    np.testing.assert_allclose(surface_depths(half, pixels, [camera()]), expected, atol=2e-3)
    with pytest.raises(InputError, match=r"640 x 480.*1280 x 720.*aligned"):
        surface_depths(np.ones((480, 640)), pixels, [camera()])
    unsized = Intrinsics(camera().matrix, (0, 0))
    np.testing.assert_allclose(surface_depths(whole, pixels, [unsized]), expected)


@pytest.mark.parametrize(
    "image",
    [np.ones((3, 4, 1)), np.ones(5), np.ones((0, 4)), np.ones((4, 4), np.uint8), "near", None],
)
def test_what_is_no_depth_image_is_refused(image):
    with pytest.raises(InputError, match="aligned with the camera"):
        checked_depth(image)
