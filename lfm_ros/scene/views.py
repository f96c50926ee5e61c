"""The rows of a pose file in a camera's optical frame: the file's camera, or one of our own."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.camera import Intrinsics
from lfm_ros.scene.pose_file import Arrays
from lfm_ros.scene.stage import CAMERA, CAMERA_FROM_WORLD

Array = NDArray[np.float64]

# How far our own camera is from an object, in its radii: near enough for clear perspective, and
# never nearer than the second number, whatever an outlier's size.
_VIEW_RADII = 4.0
_LEAST_RADII = 2.0
# Dimensions of what all rows share; one more means a value a row.
_SHARED = {"K": 2, "R": 2, "t": 1, "dist": 1, "image_size": 1}


class View(Protocol):
    """One camera a row."""

    def camera(self, row: int) -> Intrinsics:
        """The camera of a row."""
        ...

    def rotation(self, row: int) -> Array:
        """Rotation (3, 3) from the frame of ``xyz`` to the camera's optical frame."""
        ...

    def points(self, row: int) -> Array:
        """Points (K, 3) of a row in the camera's optical frame; arbitrary where not valid."""
        ...


class TakenView:
    """The view that the pictures were taken from: ``K``, and ``R``, ``t``, ``dist`` if present."""

    def __init__(self, arrays: Arrays) -> None:
        self._arrays = arrays

    def camera(self, row: int) -> Intrinsics:
        """The camera of a row, with the distortion that the file knows of."""
        matrix = self._of(row, "K", np.eye(3))
        # Without a size the principal point is taken for the middle of the image.
        width, height = self._of(row, "image_size", 2 * matrix[:2, 2])
        distortion = tuple(float(d) for d in self._of(row, "dist", np.zeros(0)))
        return Intrinsics(matrix, (int(width), int(height)), distortion)

    def rotation(self, row: int) -> Array:
        """``R`` of a row; without it ``xyz`` is in the camera's frame already."""
        return self._of(row, "R", np.eye(3))

    def points(self, row: int) -> Array:
        """``R xyz + t``."""
        xyz = np.nan_to_num(np.asarray(self._arrays["xyz"][row], np.float64))
        return xyz @ self.rotation(row).T + self._of(row, "t", np.zeros(3))

    def _of(self, row: int, name: str, default: Array) -> Array:
        value = self._arrays.get(name, default)
        own = name in self._arrays and value.ndim > _SHARED[name]
        return np.asarray(value[row] if own else value, np.float64)


class OwnView:
    """The built-in scene's camera, four radii in front of every row's object, gravity as there."""

    def __init__(self, arrays: Arrays, valid: NDArray[np.bool_], up: Array | None) -> None:
        self._xyz = arrays["xyz"]
        self._valid = valid
        self._rotation = _upright(up)
        several = np.flatnonzero(valid.sum(1) > 1)
        radii = [self._centre_and_radius(int(row))[1] for row in several]
        # A few freak rows must not make everything else small.
        self._distance = _VIEW_RADII * float(np.quantile(radii, 0.95)) if radii else 0.0

    def camera(self, row: int) -> Intrinsics:
        """The same camera for every row."""
        del row
        return CAMERA

    def rotation(self, row: int) -> Array:
        """The same turn for every row."""
        del row
        return self._rotation

    def points(self, row: int) -> Array:
        """The row's points with their centroid on the optical axis."""
        centre, radius = self._centre_and_radius(row)
        distance = max(self._distance, _LEAST_RADII * radius) or 1.0
        xyz = np.nan_to_num(np.asarray(self._xyz[row], np.float64))
        return (xyz - centre) @ self._rotation.T + [0.0, 0.0, distance]

    def _centre_and_radius(self, row: int) -> tuple[Array, float]:
        points = np.asarray(self._xyz[row], np.float64)[self._valid[row]]
        if not len(points):
            return np.zeros(3), 0.0
        centre = points.mean(0)
        return centre, float(np.linalg.norm(points - centre, axis=-1).max())


def _upright(up: Array | None) -> Array:
    """Rotation (3, 3) that stands an object before our camera, with its ``up`` axis up."""
    if up is None:
        return np.eye(3)
    left = np.roll(up, 1)
    return CAMERA_FROM_WORLD @ np.stack([np.cross(left, up), left, up])
