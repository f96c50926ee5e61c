"""The pinhole camera of ROS: intrinsics, the distortion models of CameraInfo, pixel <-> ray.

Pixels have x to the right and y down; camera coordinates are optical (REP 103): x right, y down,
z forward.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lfm_ros.core.distortion import COEFFICIENTS, distort, undistort
from lfm_ros.core.errors import InputError

Array = NDArray[np.float64]

#: Against gravity, in the optical frame of a camera that is held level.
LEVEL_UP = (0.0, -1.0, 0.0)


def pitched_up(degrees: float) -> tuple[float, float, float]:
    """Against gravity, in the optical frame of a camera that does not roll.

    Args:
        degrees: How far below the horizon it looks; negative: above.
    """
    pitch = math.radians(degrees)
    return (0.0, -math.cos(pitch), -math.sin(pitch))


@dataclass(frozen=True, eq=False)
class Intrinsics:
    """A calibrated camera.

    Args:
        matrix: Camera matrix K of the image that the keypoints are in, shape (3, 3), pixels.
        size: Image width and height in pixels.
        distortion: Coefficients in the order of ``sensor_msgs/CameraInfo`` (k1 k2 p1 p2 k3 k4 k5
            k6, or k1 to k4 for ``equidistant``). Empty for rectified images.
        model: ``plumb_bob``, ``rational_polynomial`` or ``equidistant``.

    Raises:
        InputError: The focal lengths are not positive, a number is not finite, or the distortion
            model is unknown or has too many coefficients.
    """

    matrix: ArrayLike
    size: tuple[int, int]
    distortion: Sequence[float] = ()
    model: str = "plumb_bob"

    def __post_init__(self) -> None:
        matrix = self._checked_matrix()
        if matrix[0, 0] <= 0 or matrix[1, 1] <= 0:
            raise InputError(
                f"camera matrix has focal lengths {matrix[0, 0]:g} and {matrix[1, 1]:g} pixels; "
                "they must be above 0: calibrate the camera, or pass no camera"
            )
        matrix.setflags(write=False)
        object.__setattr__(self, "matrix", matrix)
        object.__setattr__(self, "size", _checked_size(self.size))
        object.__setattr__(self, "distortion", self._checked_distortion())

    def _checked_matrix(self) -> Array:
        try:
            matrix = np.array(np.asarray(self.matrix), np.float64)
        except (TypeError, ValueError) as error:
            raise InputError(f"camera matrix cannot be read as numbers ({error})") from error
        if matrix.shape != (3, 3) or not np.isfinite(matrix).all():
            raise InputError(
                f"camera matrix has shape {matrix.shape} or values that are not finite; "
                "give the 3x3 matrix K in pixels"
            )
        if (matrix[2] != (0, 0, 1)).any() or matrix[1, 0] != 0:
            raise InputError(
                f"camera matrix is {matrix.tolist()}; expected rows fx s cx, 0 fy cy, 0 0 1: "
                "is it transposed?"
            )
        return matrix

    def _checked_distortion(self) -> tuple[float, ...]:
        values = _numbers(self.distortion)
        most = COEFFICIENTS.get(self.model)
        if most is None:
            raise InputError(
                f"distortion model {self.model!r} is not known; use one of {sorted(COEFFICIENTS)} "
                "(OpenCV's fisheye is equidistant)"
            )
        if not np.isfinite(values).all() or any(values[most:]):
            raise InputError(
                f"distortion {values} does not fit the model {self.model!r}, "
                f"which takes at most {most} finite coefficients"
            )
        return values[:most]

    @classmethod
    def from_field_of_view(cls, fov: float, size: tuple[int, int]) -> Intrinsics:
        """A camera without distortion whose horizontal field of view is ``fov`` radians."""
        if not 0 < fov < np.pi:
            raise InputError(
                f"field of view is {fov:g} rad; give a value between 0 and pi: math.radians(60)"
            )
        width, height = _checked_size(size)
        focal = 0.5 * width / np.tan(0.5 * fov)
        return cls([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1]], size)

    @classmethod
    def from_camera_info(cls, info: Any, *, rectified: bool = False) -> Intrinsics:
        """Read a ``sensor_msgs/msg/CameraInfo``: K, D, the distortion model, binning and ROI.

        Args:
            info: Describes the raw image and the rectified one.
            rectified: The camera of the rectified image (``image_rect``), which is P and has no
                distortion.

        Raises:
            InputError: K or P is all zeros (an uncalibrated driver publishes that) or does not fit.
        """
        matrix = _pinhole(info, rectified)
        if not matrix.any():
            raise InputError(
                f"CameraInfo.{'p' if rectified else 'k'} is all zeros, so the camera is not "
                "calibrated; run camera_calibration, or stop publishing this camera_info"
            )
        roi = getattr(info, "roi", None)
        offset = (roi.x_offset, roi.y_offset) if roi is not None else (0, 0)
        matrix[:2, 2] -= offset
        bins = [max(1, getattr(info, f"binning_{axis}", 1)) for axis in "xy"]
        matrix[:2] /= np.array(bins, np.float64)[:, None]
        # A region of size 0 is the whole image.
        width = getattr(roi, "width", 0) or info.width
        height = getattr(roi, "height", 0) or info.height
        size = (int(width) // bins[0], int(height) // bins[1])
        if rectified:
            return cls(matrix, size)
        return cls(matrix, size, tuple(info.d), info.distortion_model or "plumb_bob")

    def project(self, points: ArrayLike) -> Array:
        """Pixels (..., 2) of points (..., 3) in the camera's optical frame, z > 0."""
        p = np.asarray(points, np.float64)
        xy = distort(p[..., :2] / p[..., 2:], self.model, self._coefficients)
        return xy @ np.asarray(self.matrix)[:2, :2].T + np.asarray(self.matrix)[:2, 2]

    def rays(self, pixels: ArrayLike) -> Array:
        """Undistorted image-plane points (x/z, y/z), shape (..., 2), of pixels (..., 2).

        NaN where the lens model lets no ray arrive: outside the image, as a rule.
        """
        matrix = np.asarray(self.matrix)
        centred = np.asarray(pixels, np.float64) - matrix[:2, 2]
        return undistort(centred @ self._from_pixels, self.model, self._coefficients)

    @cached_property
    def focal(self) -> float:
        """Mean of both focal lengths, pixels."""
        matrix = np.asarray(self.matrix)
        return float(matrix[0, 0] + matrix[1, 1]) / 2

    @cached_property
    def _from_pixels(self) -> Array:
        """Takes rows of pixels around the principal point to the image plane."""
        return np.linalg.inv(np.asarray(self.matrix)[:2, :2]).T

    @cached_property
    def _coefficients(self) -> tuple[float, ...]:
        """Empty where nothing is bent; equidistant bends with coefficients of zero too."""
        bends = any(self.distortion) or self.model == "equidistant"
        return tuple(self.distortion) if bends else ()


def _checked_size(size: Sequence[float]) -> tuple[int, int]:
    try:
        width, height = (int(length) for length in size)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"image size is {size!r}; give width and height in pixels, as in (1280, 720)"
        ) from error
    return width, height


def _numbers(distortion: ArrayLike) -> tuple[float, ...]:
    """In a row, for OpenCV hands them out as a matrix of one."""
    try:
        return tuple(np.asarray(distortion, np.float64).ravel().tolist())
    except (TypeError, ValueError) as error:
        raise InputError(f"distortion cannot be read as numbers ({error})") from error


def _pinhole(info: Any, rectified: bool) -> Array:
    """The left 3x3 of P, or K, for the whole image at full resolution (REP 104)."""
    if rectified:
        return np.array(info.p, np.float64).reshape(3, 4)[:, :3].copy()
    return np.array(info.k, np.float64).reshape(3, 3)
