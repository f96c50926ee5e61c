"""Poses refined in the image."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic import REPEATABLE, rotations, shapes

from lfm_ros.core.alignment import Similarity
from lfm_ros.core.pose import fit_pose
from lfm_ros.core.reprojection import refined
from lfm_ros.core.rotations import matrix_from_rotvec

pytestmark = pytest.mark.parity

seeds = st.integers(0, 10_000)


def scene(seed: int, radius: float, count: int = 4, keypoints: int = 12):
    """Structures, their true poses, and their images."""
    random = np.random.default_rng(seed)
    structure = 0.4 * shapes(count, keypoints, seed)
    shift = 0.1 * random.standard_normal((count, 3))
    pose = Similarity(rotations(count, seed), random.uniform(0.7, 1.3, count), shift)
    placed = pose.apply(structure)
    return structure, pose, placed[..., :2] / (1 + radius * placed[..., 2:])


def near(pose: Similarity, seed: int, off: float) -> Similarity:
    """A pose that is a little off."""
    random = np.random.default_rng(seed + 1)
    turn = matrix_from_rotvec(off * random.standard_normal((len(pose.scale), 3)))
    shift = pose.translation + off * random.standard_normal((len(pose.scale), 3))
    return Similarity(turn @ pose.rotation, pose.scale, shift)


def off(structure, pose, image, weights, radius) -> np.ndarray:
    placed = pose.apply(structure)
    squared = np.square(placed[..., :2] / (1 + radius * placed[..., 2:]) - image).sum(-1)
    return np.sqrt((squared * weights).sum(-1) / weights.sum(-1))


@REPEATABLE
@given(seeds, st.sampled_from([0.0, 0.05, 0.2, 0.4]))
def test_never_worse_and_mostly_much_better(seed, radius):
    structure, pose, image = scene(seed, radius)
    start = near(pose, seed, 0.05)
    weights = np.random.default_rng(seed).uniform(0.1, 1, image.shape[:2])
    found, error = refined(structure, start, image, weights, np.full(4, radius))
    before = off(structure, start, image, weights, radius)
    np.testing.assert_allclose(off(structure, found, image, weights, radius), error, atol=1e-9)
    assert (error <= before + 1e-12).all()
    assert np.median(error / before) < 0.2
    np.testing.assert_allclose(np.linalg.det(found.rotation), 1, atol=1e-9)


@pytest.mark.parametrize("radius", [0.05, 0.3])
def test_repeated_it_finds_the_pose_and_keeps_the_size(radius):
    structure, pose, image = scene(3, radius)
    found, weights = near(pose, 3, 0.1), np.ones(image.shape[:2])
    for _ in range(12):
        found, _ = refined(structure, found, image, weights, np.full(4, radius))
    for name in ("rotation", "scale", "translation"):
        np.testing.assert_allclose(getattr(found, name), getattr(pose, name), atol=1e-6)


def test_repeated_it_agrees_with_the_fit_from_the_image_alone():
    structure, pose, image = scene(5, 0.2)
    image = image + np.random.default_rng(5).normal(0, 0.01, image.shape)
    weights, radius = np.ones(image.shape[:2]), np.full(4, 0.2)
    expected = fit_pose(structure, image, weights, radius)
    found, error = near(pose, 5, 0.05), np.zeros(4)
    for _ in range(12):
        found, error = refined(structure, found, image, weights, radius)
    np.testing.assert_allclose(error, expected.error, rtol=1e-4)
    np.testing.assert_allclose(found.rotation, expected.rotation, atol=1e-3)


def test_without_perspective_the_depth_stays():
    structure, pose, image = scene(6, 0.0)
    start = near(pose, 6, 0.05)
    found, _ = refined(structure, start, image, np.ones(image.shape[:2]), np.zeros(4))
    np.testing.assert_array_equal(found.translation[:, 2], start.translation[:, 2])


def test_a_row_that_gets_worse_keeps_its_pose():
    """Half a turn off, a step leads anywhere; its neighbour is refined all the same."""
    structure, pose, image = scene(7, 0.2)
    start = near(pose, 7, 0.03)
    start.rotation[1] = start.rotation[1] @ np.diag([-1.0, -1.0, 1.0])
    weights, radius = np.ones(image.shape[:2]), np.full(4, 0.2)
    together, error = refined(structure, start, image, weights, radius)
    before = off(structure, start, image, weights, 0.2)
    assert (error <= before + 1e-12).all()
    for i in range(4):
        row = slice(i, i + 1)
        one = Similarity(start.rotation[row], start.scale[row], start.translation[row])
        alone, _ = refined(structure[row], one, image[row], weights[row], radius[row])
        np.testing.assert_allclose(together.rotation[i], alone.rotation[0], atol=1e-12)


@pytest.mark.parametrize("radius", [0.0, 0.3, 3.0])
@pytest.mark.parametrize("scale", [0.0, 1e-9, 1e6])
def test_degenerate_poses_give_numbers(radius, scale):
    structure = np.concatenate([np.zeros((1, 6, 3)), shapes(1, 6, 1), 1e6 * shapes(1, 6, 2)])
    image = np.random.default_rng(4).uniform(-0.7, 0.7, (3, 6, 2))
    start = Similarity(np.tile(np.eye(3), (3, 1, 1)), np.full(3, scale), -np.ones((3, 3)))
    for weights in (np.ones((3, 6)), np.eye(6)[:3], np.zeros((3, 6))):
        found, error = refined(structure, start, image, weights, np.full(3, radius))
        assert np.isfinite(found.apply(structure)).all()
        assert np.isfinite(error).all()
