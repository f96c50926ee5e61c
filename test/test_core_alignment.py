"""Procrustes against scipy and roma, and what must hold for any point set."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation
from synthetic import REPEATABLE, rotations, shapes

from lfm_ros.core.alignment import procrustes

pytestmark = pytest.mark.parity

seeds = st.integers(0, 10_000)
counts = st.integers(4, 40)


def similar(source: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    rotation = rotations(len(source), seed)
    scale = np.exp(random.uniform(-3, 3, len(source)))
    shift = 10 * random.standard_normal((len(source), 3))
    target = scale[:, None, None] * source @ rotation.swapaxes(1, 2) + shift[:, None]
    return target, rotation, scale, shift


@REPEATABLE
@given(seeds, counts)
def test_recovers_a_similarity(seed, count):
    source = shapes(3, count, seed)
    weights = np.random.default_rng(seed).uniform(0.1, 5, (3, count))
    target, rotation, scale, shift = similar(source, seed)
    found = procrustes(source, target, weights)
    np.testing.assert_allclose(found.rotation, rotation, atol=1e-10)
    np.testing.assert_allclose(found.scale, scale, rtol=1e-10)
    np.testing.assert_allclose(found.translation, shift, atol=1e-10 * np.exp(3))
    np.testing.assert_allclose(found.apply(source), target, atol=1e-10 * np.exp(3))


@REPEATABLE
@given(seeds, counts, st.booleans())
def test_rotation_agrees_with_scipy(seed, count, mirrored):
    random = np.random.default_rng(seed)
    source, target = random.standard_normal((2, 4, count, 3))
    if mirrored:
        target = source * (1, 1, -1) + 0.05 * target
    weights = random.uniform(0, 1, (4, count))
    found = procrustes(source, target, weights, scaled=False)
    np.testing.assert_array_equal(found.scale, 1)
    for i in range(4):
        share = weights[i, :, None] / weights[i].sum()
        a, b = source[i] - (share * source[i]).sum(0), target[i] - (share * target[i]).sum(0)
        expected = Rotation.align_vectors(b, a, weights=weights[i])[0].as_matrix()
        np.testing.assert_allclose(found.rotation[i], expected, atol=1e-8)


@REPEATABLE
@given(seeds, counts, st.booleans())
def test_agrees_with_roma(seed, count, scaled):
    roma, torch = pytest.importorskip("roma"), pytest.importorskip("torch")
    random = np.random.default_rng(seed)
    source, target = random.standard_normal((2, 4, count, 3))
    weights = random.uniform(0.01, 1, (4, count))
    found = procrustes(source, target, weights, scaled=scaled)
    rotation, shift, *scale = roma.rigid_points_registration(
        *map(torch.as_tensor, (source, target, weights)), compute_scaling=scaled
    )
    np.testing.assert_allclose(found.rotation, rotation.numpy(), atol=1e-9)
    np.testing.assert_allclose(found.translation, shift.numpy(), atol=1e-9)
    np.testing.assert_allclose(found.scale, scale[0].numpy() if scaled else 1.0, atol=1e-9)


def flattened(source: np.ndarray, rank: int) -> np.ndarray:
    return source * (np.arange(3) < rank)


@REPEATABLE
@given(
    seeds, st.sampled_from(["none", "source", "target", "both"]), st.integers(0, 3), st.booleans()
)
def test_is_never_a_reflection(seed, which, rank, mirrored):
    random = np.random.default_rng(seed)
    source, target = random.standard_normal((2, 5, 9, 3))
    if mirrored:
        target = source * (-1, 1, 1)
    source = flattened(source, rank) if which in ("source", "both") else source
    target = flattened(target, rank) if which in ("target", "both") else target
    turn = rotations(5, seed)
    found = procrustes(source, target @ turn.swapaxes(1, 2))
    np.testing.assert_allclose(np.linalg.det(found.rotation), 1, atol=1e-9)
    np.testing.assert_allclose(
        found.rotation @ found.rotation.swapaxes(1, 2), np.tile(np.eye(3), (5, 1, 1)), atol=1e-9
    )
    assert (found.scale >= 0).all()
    assert np.isfinite(found.apply(source)).all()


@pytest.mark.parametrize("rank", [1, 2])
def test_flat_and_straight_sets_are_still_matched(rank):
    source = flattened(shapes(6, 8, 3), rank)
    target, _, scale, _ = similar(source, 4)
    found = procrustes(source, target)
    np.testing.assert_allclose(found.apply(source), target, atol=1e-9)
    np.testing.assert_allclose(found.scale, scale, rtol=1e-10)


def test_a_mirrored_set_is_matched_only_with_reflections_allowed():
    source = shapes(4, 12, 5)
    target = source * (1, 1, -1)
    proper = procrustes(source, target)
    mirrored = procrustes(source, target, reflections=True)
    np.testing.assert_allclose(np.linalg.det(mirrored.rotation), -1)
    np.testing.assert_allclose(mirrored.apply(source), target, atol=1e-12)
    assert (np.linalg.norm(proper.apply(source) - target, axis=-1).mean(-1) > 0.1).all()


@REPEATABLE
@given(seeds)
def test_nothing_near_it_is_better(seed):
    random = np.random.default_rng(seed)
    source, target = random.standard_normal((2, 1, 10, 3))
    weights = random.uniform(0, 1, (1, 10))
    found = procrustes(source, target, weights)

    def cost(rotation, scale, shift):
        moved = scale * source @ rotation.swapaxes(1, 2) + shift
        return (weights * np.square(moved - target).sum(-1)).sum()

    least = cost(found.rotation, found.scale, found.translation)
    for _ in range(20):
        turn = Rotation.from_rotvec(0.05 * random.standard_normal(3)).as_matrix()
        scale = found.scale * np.exp(0.05 * random.standard_normal())
        shift = found.translation + 0.05 * random.standard_normal(3)
        assert cost(turn @ found.rotation, found.scale, found.translation) >= least
        assert cost(found.rotation, scale, shift) >= least


def test_points_without_weight_change_nothing():
    source, target = shapes(2, 7, 6), shapes(2, 7, 7)
    weights = np.ones((2, 10))
    weights[:, 7:] = 0
    garbage = 1e6 * shapes(2, 3, 8)
    found = procrustes(
        np.concatenate([source, garbage], 1), np.concatenate([target, -garbage], 1), weights
    )
    expected = procrustes(source, target)
    np.testing.assert_allclose(found.rotation, expected.rotation, atol=1e-12)
    np.testing.assert_allclose(found.scale, expected.scale, atol=1e-12)
    np.testing.assert_allclose(found.translation, expected.translation, atol=1e-12)


def test_without_any_weight_nothing_moves():
    source = shapes(2, 5, 9)
    found = procrustes(source, shapes(2, 5, 10), np.array([[0.0] * 5, [1.0] * 5]))
    np.testing.assert_array_equal(found.rotation[0], np.eye(3))
    np.testing.assert_array_equal(found.apply(source)[0], source[0])


def test_rows_do_not_see_each_other():
    source, target = shapes(3, 6, 11), shapes(3, 6, 12)
    together = procrustes(source, target)
    for i in range(3):
        alone = procrustes(source[i : i + 1], target[i : i + 1])
        np.testing.assert_allclose(together.rotation[i], alone.rotation[0], atol=1e-12)
