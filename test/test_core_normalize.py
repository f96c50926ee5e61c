"""The virtual camera: what it does to an image, and that its inverse is exact."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation
from synthetic import LENSES, REPEATABLE, camera, in_front, square_camera

from lfm_ros import Intrinsics
from lfm_ros.core.normalize import structure_from_uvd, virtual_view

pytestmark = pytest.mark.parity

seeds = st.integers(0, 10_000)
UP = np.array([0.1, -0.9, -0.4])


def image(points: np.ndarray, lens: Intrinsics) -> tuple[np.ndarray, np.ndarray]:
    return lens.project(points), np.ones(points.shape[:2], bool)


def true_uvd(points: np.ndarray, view) -> np.ndarray:
    """The output of a network that knows the truth, for the objects' own scale."""
    turned = points @ view.rotation.swapaxes(1, 2)
    middle = turned[..., 2].mean(-1)
    depth = (turned[..., 2] / middle[:, None] - 1) / view.radius[:, None]
    return np.concatenate([view.keypoints, depth[..., None]], -1)


def placed(uvd: np.ndarray, view) -> np.ndarray:
    """The points in the camera's frame, in units of the objects' image radius."""
    away = np.stack([0 * view.radius, 0 * view.radius, 1 / view.radius], -1)
    return view.to_camera(structure_from_uvd(uvd, view.radius) + away[:, None])


@REPEATABLE
@given(seeds, st.sampled_from(sorted(LENSES)), st.booleans())
def test_fills_the_unit_disc_and_faces_the_object(seed, lens, with_up):
    points = in_front(4, 9, seed)
    view = virtual_view(*image(points, camera(lens)), [camera(lens)] * 4, UP if with_up else None)
    assert view.observed.all()
    np.testing.assert_allclose(np.linalg.norm(view.keypoints, axis=-1).max(-1), 1)
    np.testing.assert_allclose(np.linalg.det(view.rotation), 1)
    rays = points / np.linalg.norm(points, axis=-1, keepdims=True)
    facing = np.einsum("bij,bj->bi", view.rotation, rays.mean(1))
    np.testing.assert_allclose(facing[:, :2], 0, atol=1e-9)
    # The keypoints are the image of the turned points, so nothing of perspective is lost.
    turned = points @ view.rotation.swapaxes(1, 2)
    expected = turned[..., :2] / turned[..., 2:] / view.radius[:, None, None]
    np.testing.assert_allclose(view.keypoints, expected, atol=1e-8)


@REPEATABLE
@given(seeds, st.sampled_from(sorted(LENSES)), st.booleans())
def test_the_inverse_is_exact(seed, lens, with_up):
    points = in_front(4, 9, seed)
    view = virtual_view(*image(points, camera(lens)), [camera(lens)] * 4, UP if with_up else None)
    back = placed(true_uvd(points, view), view)
    scale = np.linalg.norm(points[:, 0], axis=-1) / np.linalg.norm(back[:, 0], axis=-1)
    np.testing.assert_allclose(scale[:, None, None] * back, points, atol=1e-8)
    np.testing.assert_allclose(camera(lens).project(back), camera(lens).project(points), atol=1e-6)


@REPEATABLE
@given(seeds)
def test_gravity_points_down_where_it_is_known(seed):
    points = in_front(5, 8, seed)
    random = np.random.default_rng(seed)
    ups = random.standard_normal((5, 3)) * (1, 1, 0.3)
    view = virtual_view(*image(points, camera()), [camera()] * 5, ups)
    unit = ups / np.linalg.norm(ups, axis=-1, keepdims=True)
    turned = np.einsum("bij,bj->bi", view.rotation, unit)
    np.testing.assert_allclose(turned[:, 0], 0, atol=1e-9)
    assert (turned[:, 1] < 0).all()
    np.testing.assert_array_equal(view.features[:, 2], 1)
    np.testing.assert_allclose(view.features[:, 3:], turned, atol=1e-12)


def test_looking_along_gravity_leaves_the_roll_alone():
    points = in_front(3, 8, 1)
    view = virtual_view(*image(points, camera()), [camera()] * 3)
    along = view.rotation[:, 2]
    straight = virtual_view(*image(points, camera()), [camera()] * 3, along)
    np.testing.assert_allclose(straight.rotation, view.rotation, atol=1e-12)
    np.testing.assert_allclose(straight.features[:, 3:], [[0, 0, 1]] * 3, atol=1e-12)


def rolled(points: np.ndarray, angle: float) -> np.ndarray:
    return Rotation.from_rotvec([0, 0, angle]).apply(points.reshape(-1, 3)).reshape(points.shape)


def plane_turn(angle: float) -> np.ndarray:
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.array([[cosine, -sine], [sine, cosine]])


@REPEATABLE
@given(seeds, st.floats(-np.pi, np.pi), st.booleans())
def test_turning_the_image_turns_the_result(seed, angle, known_camera):
    """Without gravity the network's input turns, with it everything stays; the output turns."""
    points = in_front(4, 9, seed)
    lens = [square_camera()] * 4 if known_camera else None
    pixels, seen = image(points, square_camera())
    turned_pixels, _ = image(rolled(points, angle), square_camera())
    view, turned = virtual_view(pixels, seen, lens), virtual_view(turned_pixels, seen, lens)
    np.testing.assert_allclose(turned.keypoints, view.keypoints @ plane_turn(angle).T, atol=1e-9)
    np.testing.assert_allclose(turned.radius, view.radius, atol=1e-9)
    uvd = np.concatenate([view.keypoints, 0.3 * np.sin(9 * view.keypoints[..., :1])], -1)
    turned_uvd = np.concatenate([turned.keypoints, uvd[..., 2:]], -1)
    structure = view.to_camera(structure_from_uvd(uvd, view.radius))
    turned_structure = turned.to_camera(structure_from_uvd(turned_uvd, turned.radius))
    np.testing.assert_allclose(turned_structure, rolled(structure, angle), atol=1e-9)


@REPEATABLE
@given(seeds, st.floats(-np.pi, np.pi), st.booleans())
def test_with_gravity_the_network_sees_the_same_however_the_camera_rolls(seed, angle, known_camera):
    points = in_front(4, 9, seed)
    lens = [square_camera()] * 4 if known_camera else None
    view = virtual_view(*image(points, square_camera()), lens, UP)
    turned = virtual_view(
        *image(rolled(points, angle), square_camera()), lens, rolled(UP[None], angle)[0]
    )
    np.testing.assert_allclose(turned.keypoints, view.keypoints, atol=1e-9)
    np.testing.assert_allclose(turned.features, view.features, atol=1e-9)


@REPEATABLE
@given(seeds, st.floats(0.01, 100), st.tuples(st.floats(-1e4, 1e4), st.floats(-1e4, 1e4)))
def test_without_a_camera_size_and_place_in_the_image_do_not_matter(seed, scale, shift):
    pixels, seen = image(in_front(3, 7, seed), camera())
    view = virtual_view(pixels, seen, None, UP)
    moved = virtual_view(scale * pixels + shift, seen, None, UP)
    np.testing.assert_allclose(moved.keypoints, view.keypoints, atol=1e-8)
    np.testing.assert_allclose(moved.pixels_per_unit, scale * view.pixels_per_unit)
    np.testing.assert_array_equal(view.radius, 0)
    np.testing.assert_array_equal(view.features[:, :2], 0)


@pytest.mark.parametrize("garbage", [np.nan, np.inf, -np.inf, 1e30, 0.0])
@pytest.mark.parametrize("known_camera", [False, True])
def test_points_that_are_not_observed_change_nothing(garbage, known_camera):
    pixels, seen = image(in_front(3, 6, 2), camera("plumb_bob"))
    lens = [camera("plumb_bob")] * 3 if known_camera else None
    more = np.concatenate([pixels, np.full((3, 2, 2), garbage)], 1)
    wider = np.concatenate([seen, np.zeros((3, 2), bool)], 1)
    expected, found = virtual_view(pixels, seen, lens, UP), virtual_view(more, wider, lens, UP)
    np.testing.assert_allclose(found.keypoints[:, :6], expected.keypoints, atol=1e-12)
    np.testing.assert_array_equal(found.keypoints[:, 6:], 0)
    np.testing.assert_allclose(found.features, expected.features, atol=1e-12)


def test_a_camera_for_each_row():
    lenses = [camera(lens) for lens in LENSES]
    points = in_front(len(lenses), 8, 3)
    pixels = np.stack([lens.project(row) for lens, row in zip(lenses, points, strict=True)])
    seen = np.ones(pixels.shape[:2], bool)
    together = virtual_view(pixels, seen, lenses)
    for i, lens in enumerate(lenses):
        alone = virtual_view(pixels[i : i + 1], seen[:1], [lens])
        np.testing.assert_allclose(together.keypoints[i], alone.keypoints[0], atol=1e-12)
        np.testing.assert_allclose(together.radius[i], alone.radius[0], atol=1e-12)


def test_what_the_virtual_camera_cannot_see_is_not_observed():
    left = [[-2000.0, 400], [-2020, 400], [-2000, 430], [-2030, 410]]
    pixels = np.array([[*left, [4e5, 400], [3e5, 500]]])
    view = virtual_view(pixels, np.ones((1, 6), bool), [square_camera()])
    np.testing.assert_array_equal(view.observed, [[True] * 4 + [False] * 2])
    np.testing.assert_array_equal(view.keypoints[0, 4:], 0)
