"""Quaternions and rotation vectors against scipy and transforms3d."""

from __future__ import annotations

import numpy as np
import pytest
import transforms3d
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation
from synthetic import REPEATABLE, rotations

from lfm_ros.core.rotations import (
    angle_between,
    matrix_from_rotvec,
    quat_wxyz_from_xyzw,
    quat_xyzw_from_matrix,
    random_rotations,
    skew,
)

pytestmark = pytest.mark.parity

unit_box = st.floats(-1, 1, allow_nan=False)
vectors = st.tuples(unit_box, unit_box, unit_box).map(np.array)
lengths = st.sampled_from([0.0, 1e-12, 1e-7, 1e-3, 0.5, 2.0, np.pi - 1e-9, np.pi, 4.0, 6.3])


def with_length(vector: np.ndarray, length: float) -> np.ndarray:
    norm = np.linalg.norm(vector)
    return vector / norm * length if norm > 1e-3 else np.array([length, 0, 0])


@REPEATABLE
@given(vectors, lengths)
def test_rotation_vectors_agree_with_scipy(direction, length):
    rotvec = with_length(direction, length)
    ours = matrix_from_rotvec(rotvec)
    np.testing.assert_allclose(ours, Rotation.from_rotvec(rotvec).as_matrix(), atol=1e-14)


@REPEATABLE
@given(vectors, lengths)
def test_quaternions_agree_with_scipy(direction, length):
    matrix = Rotation.from_rotvec(with_length(direction, length)).as_matrix()
    ours = quat_xyzw_from_matrix(matrix)
    assert np.linalg.norm(ours) == pytest.approx(1, abs=1e-14)
    assert ours[3] >= 0
    # Half a turn has two quaternions with w = 0; the rotation that they stand for is one.
    np.testing.assert_allclose(Rotation.from_quat(ours).as_matrix(), matrix, atol=1e-12)


@pytest.mark.parametrize("axis", np.vstack([np.eye(3), -np.eye(3), np.ones((1, 3))]))
def test_half_turns_keep_full_precision(axis):
    matrix = Rotation.from_rotvec(axis / np.linalg.norm(axis) * np.pi).as_matrix()
    np.testing.assert_allclose(
        Rotation.from_quat(quat_xyzw_from_matrix(matrix)).as_matrix(), matrix, atol=1e-14
    )


def test_order_agrees_with_transforms3d():
    for matrix in rotations(20, 0):
        ours = quat_wxyz_from_xyzw(quat_xyzw_from_matrix(matrix))
        np.testing.assert_allclose(ours, transforms3d.quaternions.mat2quat(matrix), atol=1e-12)
        np.testing.assert_allclose(transforms3d.quaternions.quat2mat(ours), matrix, atol=1e-12)


def test_reordering_is_not_the_identity():
    quat = np.array([[1.0, 2, 3, 4], [5, 6, 7, 8]])
    np.testing.assert_array_equal(quat_wxyz_from_xyzw(quat), [[4, 1, 2, 3], [8, 5, 6, 7]])


def test_random_rotations_are_rotations_and_none_is_likelier():
    made = random_rotations(20_000, np.random.default_rng(0))
    np.testing.assert_allclose(
        made @ made.swapaxes(1, 2), np.tile(np.eye(3), (20_000, 1, 1)), atol=1e-12
    )
    np.testing.assert_allclose(np.linalg.det(made), 1)
    # Of uniform ones every column is uniform on the sphere, and the angle is 2 sin^2(a / 2) / 2 pi.
    np.testing.assert_allclose(made.mean(0), 0, atol=0.02)
    np.testing.assert_allclose((made**2).mean(0), 1 / 3, atol=0.02)
    angles = angle_between(np.eye(3), made)
    assert abs(angles.mean() - (np.pi / 2 + 2 / np.pi)) < 0.02


def test_batches_keep_their_shape():
    matrices = rotations(12, 1).reshape(3, 4, 3, 3)
    quats = quat_xyzw_from_matrix(matrices)
    assert quats.shape == (3, 4, 4)
    np.testing.assert_allclose(quats[1, 2], quat_xyzw_from_matrix(matrices[1, 2]), atol=0)


@REPEATABLE
@given(vectors, vectors)
def test_skew_is_the_cross_product(a, b):
    np.testing.assert_allclose(skew(a) @ b, np.cross(a, b), atol=1e-15)


@REPEATABLE
@given(vectors, st.floats(1e-7, np.pi))
def test_angle_between_is_the_angle_turned(axis, angle):
    first = rotations(1, 2)[0]
    second = first @ Rotation.from_rotvec(with_length(axis, angle)).as_matrix()
    # Near half a turn the arc sine is flat: eight digits of 180 degrees are left.
    assert angle_between(first, second) == pytest.approx(angle, rel=1e-6, abs=1e-7)
