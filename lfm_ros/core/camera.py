"""The pinhole camera of ROS: intrinsics, the distortion models of CameraInfo, pixel <-> ray.

Pixels have x to the right and y down; camera coordinates are optical (REP 103): x right, y down,
z forward.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lfm_ros.core.errors import InputError

Array = NDArray[np.float64]

# How many coefficients each model may have; missing ones are zero.
_COEFFICIENTS = {"plumb_bob": 5, "rational_polynomial": 8, "equidistant": 4}
_UNDISTORT_STEPS = 30
_UNDISTORT_TOLERANCE = 1e-12


@dataclass(frozen=True)
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
        matrix = np.array(self.matrix, np.float64)
        if matrix.shape != (3, 3) or not np.isfinite(matrix).all():
            raise InputError(
                f"camera matrix has shape {matrix.shape} or values that are not finite; "
                "give the 3x3 matrix K in pixels"
            )
        if matrix[0, 0] <= 0 or matrix[1, 1] <= 0:
            raise InputError(
                f"camera matrix has focal lengths {matrix[0, 0]:g} and {matrix[1, 1]:g} pixels; "
                "they must be above 0: calibrate the camera, or pass no camera"
            )
        matrix.setflags(write=False)
        object.__setattr__(self, "matrix", matrix)
        object.__setattr__(self, "size", (int(self.size[0]), int(self.size[1])))
        object.__setattr__(self, "distortion", self._checked_distortion())

    def _checked_distortion(self) -> tuple[float, ...]:
        values = tuple(float(d) for d in self.distortion)
        most = _COEFFICIENTS.get(self.model)
        if most is None:
            raise InputError(
                f"distortion model {self.model!r} is not known; use one of {sorted(_COEFFICIENTS)}"
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
            raise InputError(f"field of view is {fov:g} rad; give a value between 0 and pi")
        width, height = size
        focal = 0.5 * width / np.tan(0.5 * fov)
        return cls([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1]], size)

    @classmethod
    def from_camera_info(cls, info: Any) -> Intrinsics:
        """Read a ``sensor_msgs/msg/CameraInfo``: K, D, the distortion model, binning and ROI.

        Raises:
            InputError: K is all zeros (an uncalibrated driver publishes that) or does not fit.
        """
        matrix = np.array(info.k, np.float64).reshape(3, 3)
        if not matrix.any():
            raise InputError(
                "CameraInfo.k is all zeros, so the camera is not calibrated; "
                "run camera_calibration, or stop publishing this camera_info"
            )
        roi = getattr(info, "roi", None)
        offset = (roi.x_offset, roi.y_offset) if roi is not None else (0, 0)
        matrix[:2, 2] -= offset
        bins = [max(1, getattr(info, f"binning_{axis}", 1)) for axis in "xy"]
        matrix[:2] /= np.array(bins, np.float64)[:, None]
        size = (int(info.width) // bins[0], int(info.height) // bins[1])
        return cls(matrix, size, tuple(info.d), info.distortion_model or "plumb_bob")

    def project(self, points: ArrayLike) -> Array:
        """Pixels (..., 2) of points (..., 3) in the camera's optical frame, z > 0."""
        p = np.asarray(points, np.float64)
        xy = self._distort(p[..., :2] / p[..., 2:])
        return xy @ np.asarray(self.matrix)[:2, :2].T + np.asarray(self.matrix)[:2, 2]

    def rays(self, pixels: ArrayLike) -> Array:
        """Undistorted image-plane points (x/z, y/z), shape (..., 2), of pixels (..., 2)."""
        matrix = np.asarray(self.matrix)
        centred = np.asarray(pixels, np.float64) - matrix[:2, 2]
        return self._undistort(centred @ np.linalg.inv(matrix[:2, :2]).T)

    def _distort(self, xy: Array) -> Array:
        """Ideal to distorted image-plane points.

        Source: OpenCV calib3d and fisheye documentation, the models that CameraInfo refers to.
        """
        if not any(self.distortion):
            return xy
        if self.model == "equidistant":
            return xy * _equidistant_ratio(np.linalg.norm(xy, axis=-1), self.distortion)[..., None]
        radial, tangential = _brown(xy, self.distortion)
        return xy * radial[..., None] + tangential

    def _undistort(self, distorted: Array) -> Array:
        """Invert ``_distort`` by fixed-point iteration, which converges inside the image."""
        if not any(self.distortion):
            return distorted
        if self.model == "equidistant":
            return _undistort_equidistant(distorted, self.distortion)
        xy = distorted
        for _ in range(_UNDISTORT_STEPS):
            radial, tangential = _brown(xy, self.distortion)
            new = (distorted - tangential) / radial[..., None]
            step = np.abs(new - xy).max(initial=0.0)
            xy = new
            if step < _UNDISTORT_TOLERANCE:
                break
        return xy


def _brown(xy: Array, distortion: Sequence[float]) -> tuple[Array, Array]:
    """Radial factor (...) and tangential shift (..., 2) of plumb_bob and rational_polynomial."""
    k1, k2, p1, p2, k3, k4, k5, k6 = (*distortion, *([0.0] * (8 - len(distortion))))
    x, y = xy[..., 0], xy[..., 1]
    r2 = x * x + y * y
    radial = (1 + r2 * (k1 + r2 * (k2 + r2 * k3))) / (1 + r2 * (k4 + r2 * (k5 + r2 * k6)))
    shift = [2 * p1 * x * y + p2 * (r2 + 2 * x * x), p1 * (r2 + 2 * y * y) + 2 * p2 * x * y]
    return radial, np.stack(shift, -1)


def _equidistant_angle(theta: Array, distortion: Sequence[float]) -> Array:
    k1, k2, k3, k4 = (*distortion, *([0.0] * (4 - len(distortion))))
    t2 = theta * theta
    return theta * (1 + t2 * (k1 + t2 * (k2 + t2 * (k3 + t2 * k4))))


def _equidistant_ratio(radius: Array, distortion: Sequence[float]) -> Array:
    safe = np.maximum(radius, 1e-12)
    return np.where(radius > 1e-12, _equidistant_angle(np.arctan(safe), distortion) / safe, 1.0)


def _undistort_equidistant(distorted: Array, distortion: Sequence[float]) -> Array:
    radius = np.linalg.norm(distorted, axis=-1)
    theta = radius
    for _ in range(_UNDISTORT_STEPS):
        slope = (
            _equidistant_angle(theta + 1e-6, distortion) - _equidistant_angle(theta, distortion)
        ) / 1e-6
        theta = np.clip(theta - (_equidistant_angle(theta, distortion) - radius) / slope, 0, 1.55)
    safe = np.maximum(radius, 1e-12)
    return distorted * np.where(radius > 1e-12, np.tan(theta) / safe, 1.0)[..., None]
