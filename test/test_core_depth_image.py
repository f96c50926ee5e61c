"""Depth images, good and bad ones."""

from __future__ import annotations

import numpy as np
import pytest
from synthetic import camera

from lfm_ros import Intrinsics
from lfm_ros.core.depth_image import checked_depth, depth_from_bytes, surface_depths
from lfm_ros.core.errors import InputError

pytestmark = pytest.mark.parity


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


@pytest.mark.parametrize("encoding", ["16UC1", "mono16", "32FC1"])
@pytest.mark.parametrize("big_endian", [False, True])
@pytest.mark.parametrize("padding", [0, 6])
def test_bytes_of_an_image_become_its_pixels(encoding, big_endian, padding):
    pixels = np.random.default_rng(0).integers(1, 9000, (6, 8))
    kind = (">" if big_endian else "<") + ("f4" if encoding == "32FC1" else "u2")
    size = np.dtype(kind).itemsize
    rows = np.zeros((6, 8 * size + padding), np.uint8)
    rows[:, : 8 * size] = pixels.astype(kind).view(np.uint8)
    whole = rows.tobytes()
    for data in (whole, bytearray(whole), whole[: len(whole) - padding]):
        read = depth_from_bytes(data, (8, 6), encoding, rows.shape[1], big_endian)
        np.testing.assert_array_equal(read, pixels)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"encoding": "rgb8"}, "rgb8.*16UC1"),
        ({"encoding": ""}, "''.*32FC1"),
        ({"step": 15}, "rows of 15"),
        ({"size": (8, 7)}, "8 x 7.*96 bytes"),
        ({"size": (0, 6)}, "0 x 6"),
        ({"data": b""}, "0 bytes"),
    ],
)
def test_images_that_do_not_fit_are_refused(changes, message):
    good = {
        "data": bytes(96),
        "size": (8, 6),
        "encoding": "16UC1",
        "step": 16,
        "big_endian": False,
    }
    with pytest.raises(InputError, match=message):
        depth_from_bytes(**{**good, **changes})
