"""Rotations. The order of quaternions lives here alone: xyzw, as in ROS messages.

transforms3d and viser want wxyz; the conversion below is the only place where that is known.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def quat_wxyz_from_xyzw(quat_xyzw: Array) -> Array:
    """Reorder quaternions of shape (..., 4) from xyzw to wxyz."""
    return np.roll(np.asarray(quat_xyzw), 1, axis=-1)


def random_rotations(count: int, rng: np.random.Generator) -> Array:
    """Rotation matrices (count, 3, 3), every rotation as likely as any other.

    Source: M. E. Muller, A note on a method for generating points uniformly on n-dimensional
    spheres, Comm. ACM 2(4), 1959: the directions of normal deviates; here on that of quaternions.
    """
    quat_xyzw = rng.normal(size=(count, 4))
    return matrix_from_quat_xyzw(quat_xyzw / np.linalg.norm(quat_xyzw, axis=-1, keepdims=True))


def quat_xyzw_from_matrix(matrix: Array) -> Array:
    """Unit quaternions, shape (..., 4) xyzw with w >= 0, of rotation matrices (..., 3, 3).

    The largest of the four candidate components is found first, so the division is always by a
    number of at least one half.

    Source: S. W. Shepperd, Quaternion from rotation matrix, J. Guidance and Control 1(3), 1978.
    """
    m = np.asarray(matrix, np.float64)
    m00, m11, m22 = m[..., 0, 0], m[..., 1, 1], m[..., 2, 2]
    diagonal = np.stack([m00 - m11 - m22, m11 - m00 - m22, m22 - m00 - m11, m00 + m11 + m22], -1)
    best = diagonal.argmax(-1)
    x, y, z = m[..., 2, 1], m[..., 0, 2], m[..., 1, 0]
    a, b, c = m[..., 1, 2], m[..., 2, 0], m[..., 0, 1]
    rows = np.stack(
        [
            np.stack([1 + diagonal[..., 0], z + c, b + y, x - a], -1),
            np.stack([z + c, 1 + diagonal[..., 1], x + a, y - b], -1),
            np.stack([b + y, x + a, 1 + diagonal[..., 2], z - c], -1),
            np.stack([x - a, y - b, z - c, 1 + diagonal[..., 3]], -1),
        ],
        -2,
    )
    quat = np.take_along_axis(rows, best[..., None, None], -2)[..., 0, :]
    quat = quat / np.linalg.norm(quat, axis=-1, keepdims=True)
    return np.where(quat[..., 3:] < 0, -quat, quat)


def matrix_from_quat_xyzw(quat_xyzw: Array) -> Array:
    """Rotation matrices (..., 3, 3) of unit quaternions (..., 4)."""
    axis, cosine = np.asarray(quat_xyzw)[..., :3], np.asarray(quat_xyzw)[..., 3, None, None]
    k = skew(axis)
    return np.eye(3) + 2 * (cosine * k + k @ k)


def matrix_from_rotvec(rotvec: Array) -> Array:
    """Rotation matrices (..., 3, 3) of rotation vectors (..., 3) in radians (Rodrigues)."""
    r = np.asarray(rotvec, np.float64)
    angle = np.linalg.norm(r, axis=-1)[..., None, None]
    k = skew(r)
    # sinc keeps both series exact through angle zero: np.sinc(x) is sin(pi x) / (pi x).
    first = np.sinc(angle / np.pi)
    second = 0.5 * np.sinc(angle / (2 * np.pi)) ** 2
    return np.eye(3) + first * k + second * (k @ k)


def rotvec_from_matrix(matrix: Array) -> Array:
    """Rotation vectors (..., 3), radians up to pi, of rotation matrices (..., 3, 3)."""
    quat_xyzw = quat_xyzw_from_matrix(matrix)
    axis, cosine = quat_xyzw[..., :3], quat_xyzw[..., 3:]
    sine = np.linalg.norm(axis, axis=-1, keepdims=True)
    half = np.where(sine > 1e-12, np.arctan2(sine, cosine) / np.maximum(sine, 1e-12), 1.0)
    return 2 * half * axis


def skew(vector: Array) -> Array:
    """Cross-product matrices (..., 3, 3): ``skew(a) @ b == cross(a, b)``."""
    v = np.asarray(vector, np.float64)
    out = np.zeros((*v.shape[:-1], 3, 3))
    out[..., 0, 1], out[..., 0, 2], out[..., 1, 2] = -v[..., 2], v[..., 1], -v[..., 0]
    return out - np.swapaxes(out, -1, -2)


def angle_between(first: Array, second: Array) -> Array:
    """Angle in radians, shape (...), of the rotation from ``first`` to ``second`` (..., 3, 3).

    Uses the chordal distance: exact for small angles too, where arccos of the trace is not.
    """
    chord = np.linalg.norm(np.asarray(first) - np.asarray(second), axis=(-2, -1))
    return 2 * np.arcsin(np.clip(chord / np.sqrt(8), 0.0, 1.0))
