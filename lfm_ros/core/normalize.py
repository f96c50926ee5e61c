"""The virtual camera: every object is seen as by a camera that looks straight at it.

A camera sees the same object differently in the middle and at the edge of its image, near and far.
The virtual camera is turned so that its optical axis points at the object, rolled so that gravity
points down where that is known, and zoomed until the object fills the unit disc. What is left of
perspective is one number, the object's angular radius, which the network is told. Without
intrinsics the pixels themselves are centred and scaled (weak perspective).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.camera import Intrinsics

Array = NDArray[np.float64]

#: What the network is told of the view, in the order of its input ``camera``.
CAMERA_FEATURES = ("camera_known", "angular_radius", "up_known", "up_x", "up_y", "up_z")

# Looking along gravity leaves the roll undefined; it is then left as it is.
_MIN_HORIZONTAL_UP = 1e-3
# A ray further than this from the optical axis (cosine) has no image in the virtual camera.
_MIN_COSINE = 0.05
# Along the optical axis, (3, 1).
_AHEAD = np.array([[0.0], [0.0], [1.0]])


@dataclass(frozen=True)
class VirtualView:
    """Keypoints as the network sees them, and the way back.

    Attributes:
        keypoints: Shape (B, K, 2), inside the unit disc; zeros where not observed.
        observed: Shape (B, K).
        rotation: Shape (B, 3, 3), turns camera coordinates into the virtual camera's.
        radius: Shape (B,), tangent of the object's angular radius; 0 without a camera.
        features: Shape (B, 6), see ``CAMERA_FEATURES``.
        pixels_per_unit: Shape (B,), pixels (at the middle of the image) of the unit disc's radius.
    """

    keypoints: Array
    observed: NDArray[np.bool_]
    rotation: Array
    radius: Array
    features: Array
    pixels_per_unit: Array

    def without_depth(self) -> Array:
        """The image as a flat shape (B, K, 3) in the virtual frame: what lifting must beat."""
        return np.concatenate([self.keypoints, np.zeros_like(self.keypoints[..., :1])], -1)

    def to_camera(self, points: Array) -> Array:
        """Points (B, K, 3) in the virtual camera's frame, turned into the camera's frame."""
        return points @ self.rotation


def virtual_view(
    pixels: Array,
    observed: NDArray[np.bool_],
    cameras: Sequence[Intrinsics] | None = None,
    up: Array | None = None,
) -> VirtualView:
    """Turn pixels into the virtual camera's image.

    Args:
        pixels: Shape (B, K, 2). Where not observed any value, NaN included, is ignored.
        observed: Shape (B, K). Points that no lens or that the virtual camera cannot see (more than
            87 degrees from the others) count as not observed in the result.
        cameras: B cameras, or None for weak perspective.
        up: Direction against gravity in the camera frame, shape (3,) or (B, 3), or None.
    """
    pixels = np.asarray(pixels, np.float64)
    if not observed.all():
        pixels = np.where(observed[..., None], pixels, 0.0)
    ups = _unit_rows(up, len(pixels))
    if cameras is None:
        rotation = _roll_to_upright(np.tile(np.eye(3), (len(pixels), 1, 1)), ups)
        centred = np.swapaxes(pixels - _mean(pixels, observed)[:, None], 1, 2)
        image = rotation[:, :2, :2] @ np.where(observed[:, None], centred, 0.0)
        extent = _extent(image)
        return _view(image, observed, rotation, extent, np.zeros(len(pixels)), ups, extent)
    rays = _unit_rays(pixels, cameras)
    observed = observed & np.isfinite(rays[:, 2])
    if not observed.all():
        rays = np.where(observed[:, None], rays, _AHEAD)
    # The length of the sum does not matter, so it need not be the mean.
    rotation = _roll_to_upright(_look_at((rays @ observed[..., None])[..., 0]), ups)
    turned = rotation @ rays
    observed = observed & (turned[:, 2] > _MIN_COSINE)
    if observed.all():
        image = turned[:, :2] / turned[:, 2:]
    else:
        depth = np.where(observed, turned[:, 2], 1.0)[:, None]
        image = np.where(observed[:, None], turned[:, :2] / depth, 0.0)
    extent = _extent(image)
    return _view(image, observed, rotation, extent, extent, ups, extent * _focal(cameras))


def _unit_rays(pixels: Array, cameras: Sequence[Intrinsics]) -> Array:
    """Unit vectors (B, 3, K) in the camera frame towards pixels (B, K, 2), one camera a row.

    NaN where the lens lets no ray arrive.
    """
    if _is_one(cameras):
        plane = cameras[0].rays(pixels)
    else:
        plane = np.stack([camera.rays(row) for camera, row in zip(cameras, pixels, strict=True)])
    x, y = plane[..., 0], plane[..., 1]
    rays = np.empty((len(pixels), 3, pixels.shape[1]))
    rays[:, 2] = 1 / np.sqrt(x * x + y * y + 1)
    rays[:, 0] = x * rays[:, 2]
    rays[:, 1] = y * rays[:, 2]
    return rays


def _focal(cameras: Sequence[Intrinsics]) -> Array | float:
    """Mean focal length of each camera in pixels."""
    if _is_one(cameras):
        return cameras[0].focal
    return np.array([camera.focal for camera in cameras])


def _is_one(cameras: Sequence[Intrinsics]) -> bool:
    return all(camera is cameras[0] for camera in cameras)


def structure_from_uvd(uvd: Array, radius: Array) -> Array:
    """Points in the virtual frame from image position and relative depth.

    With the object's centre at distance 1/r in units of its own radius, a point at image position
    (u, v) and depth offset d lies at ((1 + r d) u, (1 + r d) v, d) from that centre. r = 0 gives
    weak perspective, so one formula serves both cameras.

    Args:
        uvd: Shape (B, K, 3).
        radius: ``VirtualView.radius``, shape (B,).
    """
    points = np.array(uvd)
    points[..., :2] *= 1 + radius[:, None, None] * uvd[..., 2:]
    return points


def _view(
    image: Array,
    observed: NDArray[np.bool_],
    rotation: Array,
    extent: Array,
    radius: Array,
    ups: Array | None,
    pixels_per_unit: Array,
) -> VirtualView:
    features = np.zeros((len(image), len(CAMERA_FEATURES)))
    features[:, 0] = radius > 0
    features[:, 1] = radius
    if ups is not None:
        features[:, 2] = 1.0
        features[:, 3:] = (rotation @ ups[..., None])[..., 0]
    keypoints = np.swapaxes(image / extent[:, None, None], 1, 2)
    return VirtualView(keypoints, observed, rotation, radius, features, pixels_per_unit)


def _mean(values: Array, observed: NDArray[np.bool_]) -> Array:
    count = np.maximum(observed.sum(-1, keepdims=True), 1)
    return (values * observed[..., None]).sum(-2) / count


def _extent(image: Array) -> Array:
    """Largest distance from the centre, shape (B,), of (B, 2, K); 1 where all points coincide."""
    x, y = image[:, 0], image[:, 1]
    extent = np.sqrt((x * x + y * y).max(-1, initial=0.0))
    return np.where(extent > 0, extent, 1.0)


def _unit_rows(up: Array | None, count: int) -> Array | None:
    if up is None:
        return None
    rows = np.asarray(up, np.float64)
    return np.broadcast_to(rows / np.sqrt((rows * rows).sum(-1, keepdims=True)), (count, 3))


def _look_at(direction: Array) -> Array:
    """The smallest rotation (B, 3, 3) that takes ``direction`` (B, 3) to the z axis."""
    length = np.sqrt((direction * direction).sum(-1))
    there = length > 0
    forward = direction / np.where(there, length, 1.0)[:, None]
    made = np.empty((len(direction), 3, 3))
    a, b, c = forward[:, 0], forward[:, 1], np.where(there, forward[:, 2], 1.0)
    # Every ray of a pinhole has c > 0, so 1 + c never vanishes.
    k = 1.0 / (1.0 + c)
    ka = k * a
    made[:, 0, 0], made[:, 0, 2] = 1 - ka * a, -a
    made[:, 0, 1] = made[:, 1, 0] = -ka * b
    made[:, 1, 1], made[:, 1, 2] = 1 - k * b * b, -b
    made[:, 2, :2], made[:, 2, 2] = forward[:, :2], c
    return made


def _roll_to_upright(rotation: Array, ups: Array | None) -> Array:
    """Follow ``rotation`` by the roll that makes ``ups`` point to -y in the image."""
    if ups is None:
        return rotation
    seen = rotation[:, :2] @ ups[..., None]
    x, y = seen[:, 0], seen[:, 1]
    length = np.hypot(x, y)
    defined = length > _MIN_HORIZONTAL_UP
    safe = np.where(defined, length, -1.0)
    cosine, sine = np.where(defined, y, 1.0) / -safe, np.where(defined, x, 0.0) / -safe
    made = np.empty_like(rotation)
    made[:, 0] = cosine * rotation[:, 0] - sine * rotation[:, 1]
    made[:, 1] = sine * rotation[:, 0] + cosine * rotation[:, 1]
    made[:, 2] = rotation[:, 2]
    return made
