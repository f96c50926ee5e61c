"""The errors that every figure of this project is made of."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.spatial.transform import Rotation
from synthetic import FEW, REPEATABLE, rotations, shapes

from lfm_ros.core.metrics import errors, mpjpe

pytestmark = pytest.mark.parity

seeds = st.integers(0, 10_000)


def pair(seed: int, noise: float = 0.1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    truth = shapes(4, 10, seed)
    valid = random.random((4, 10)) < 0.7
    valid[:, :5] = True
    return truth + noise * random.standard_normal(truth.shape), truth, valid


@REPEATABLE
@given(seeds)
def test_errors_allow_exactly_what_their_names_say(seed):
    points, truth, valid = pair(seed)
    base = errors(points, truth, valid)
    moved = errors(3.7 * points + (1, -2, 5), truth, valid)
    np.testing.assert_allclose(moved.camera, base.camera, atol=1e-9)
    turn = rotations(4, seed).swapaxes(1, 2)
    turned = errors(0.2 * points @ turn - 3, truth, valid)
    np.testing.assert_allclose(turned.procrustes, base.procrustes, atol=1e-9)
    mirrored = errors(points * (-1, 1, 1) @ turn, truth, valid)
    np.testing.assert_allclose(mirrored.reflected, base.reflected, atol=1e-9)
    # And no more than that.
    assert (np.abs(turned.camera - base.camera) > 1e-3).any()
    assert (np.abs(mirrored.procrustes - base.procrustes) > 1e-3).any()


@REPEATABLE
@given(seeds)
def test_errors_are_zero_at_the_truth_only(seed):
    points, truth, valid = pair(seed)
    for name in ("camera", "procrustes", "reflected"):
        np.testing.assert_allclose(getattr(errors(truth, truth, valid), name), 0, atol=1e-12)
        assert (getattr(errors(points, truth, valid), name) > 0.01).all()


@REPEATABLE
@given(seeds)
def test_points_without_truth_do_not_count(seed):
    points, truth, valid = pair(seed)
    base = errors(points, truth, valid)
    changed = errors(
        np.where(valid[..., None], points, 1e5), np.where(valid[..., None], truth, -1e5), valid
    )
    for name in ("camera", "procrustes", "reflected", "rotation", "radius"):
        np.testing.assert_allclose(getattr(changed, name), getattr(base, name), atol=1e-6)


@REPEATABLE
@given(seeds, st.floats(0.5, 179))
def test_rotation_error_is_the_angle_between_them(seed, degrees):
    _, truth, valid = pair(seed)
    axis = np.random.default_rng(seed).standard_normal(3)
    turn = Rotation.from_rotvec(np.radians(degrees) * axis / np.linalg.norm(axis)).as_matrix()
    found = errors(truth @ turn.T, truth, valid)
    np.testing.assert_allclose(found.rotation, degrees, rtol=1e-5)


def test_a_point_reflected_shape_is_not_scaled_below_zero():
    _, truth, valid = pair(1)
    flipped = errors(-truth, truth, valid)
    # The best scale above 0 of a shape that points the wrong way is none at all.
    middle = (truth * valid[..., None]).sum(1) / valid.sum(-1)[:, None]
    expected = (np.linalg.norm(truth - middle[:, None], axis=-1) * valid).sum(-1) / valid.sum(-1)
    np.testing.assert_allclose(flipped.camera, expected)


def test_relative_is_per_cent_of_the_radius_of_the_truth():
    points, truth, valid = pair(2)
    found = errors(points, truth, valid)
    for i in range(4):
        kept = truth[i][valid[i]]
        expected = np.linalg.norm(kept - kept.mean(0), axis=-1).max()
        assert found.radius[i] == pytest.approx(expected)
    doubled = errors(points, 2 * truth, valid)
    np.testing.assert_allclose(doubled.relative("camera"), found.relative("camera"))
    np.testing.assert_allclose(found.relative("camera"), 100 * found.camera / found.radius)


@FEW
@given(seeds)
def test_procrustes_error_is_the_least_of_its_kind(seed):
    """No similarity found by a general optimiser has a smaller squared error."""
    points, truth, valid = pair(seed, noise=0.4)
    points, truth, valid = points[:1], truth[:1], valid[:1]

    def squared(x: np.ndarray) -> float:
        moved = np.exp(x[3]) * points[0] @ Rotation.from_rotvec(x[:3]).as_matrix().T + x[4:]
        return float(np.square(moved - truth[0])[valid[0]].sum())

    best = min(
        (minimize(squared, np.r_[start, 0, 0, 0, 0]) for start in np.eye(3)), key=lambda r: r.fun
    )
    moved = np.exp(best.x[3]) * points @ Rotation.from_rotvec(best.x[:3]).as_matrix().T + best.x[4:]
    expected = mpjpe(moved, truth, valid)
    np.testing.assert_allclose(errors(points, truth, valid).procrustes, expected, rtol=1e-3)


def test_nothing_aligned_means_nothing_aligned():
    points, truth, valid = pair(3)
    found = mpjpe(points + (10, 0, 0), truth, valid)
    assert (found > 9).all()
    expected = [
        np.linalg.norm(points[i] + (10, 0, 0) - truth[i], axis=-1)[valid[i]].mean()
        for i in range(4)
    ]
    np.testing.assert_allclose(found, expected)
