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

    def image_error_px(self, structure: Array) -> Array:
        """Root mean square distance in pixels, shape (B,), from structure to observed keypoints.

        Args:
            structure: Shape (B, K, 3) in the virtual frame, in units of the image radius.
        """
        divisor = np.maximum(1 + self.radius[:, None] * structure[..., 2], 0.05)
        offset = structure[..., :2] / divisor[..., None] - self.keypoints
        squared = (np.square(offset).sum(-1) * self.observed).sum(-1)
        mean = squared / np.maximum(self.observed.sum(-1), 1)
        return np.sqrt(mean) * self.pixels_per_unit


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
    pixels = np.where(observed[..., None], pixels, 0.0).astype(np.float64)
    ups = _unit_rows(up, len(pixels))
    if cameras is None:
        rotation = _roll_to_upright(np.broadcast_to(np.eye(3), (len(pixels), 3, 3)), ups)
        centred = np.where(observed[..., None], pixels - _mean(pixels, observed)[:, None], 0.0)
        image = np.einsum("bij,bkj->bki", rotation[:, :2, :2], centred)
        extent = _extent(image)
        return _view(image, observed, rotation, extent, np.zeros(len(pixels)), ups, extent)
    rays = unit_rays(pixels, cameras)
    observed = observed & np.isfinite(rays).all(-1)
    rays = np.where(observed[..., None], rays, (0.0, 0.0, 1.0))
    rotation = _roll_to_upright(_look_at(_mean(rays, observed)), ups)
    turned = np.einsum("bij,bkj->bki", rotation, rays)
    observed = observed & (turned[..., 2] > _MIN_COSINE)
    depth = np.where(observed, turned[..., 2], 1.0)[..., None]
    image = np.where(observed[..., None], turned[..., :2] / depth, 0.0)
    extent = _extent(image)
    focal = np.array([np.trace(np.asarray(c.matrix)[:2, :2]) / 2 for c in cameras])
    return _view(image, observed, rotation, extent, extent, ups, extent * focal)


def unit_rays(pixels: Array, cameras: Sequence[Intrinsics]) -> Array:
    """Unit vectors (B, K, 3) in the camera frame towards pixels (B, K, 2), one camera a row.

    NaN where the lens lets no ray arrive.
    """
    first = cameras[0]
    if all(camera is first for camera in cameras):
        plane = first.rays(pixels)
    else:
        plane = np.stack([camera.rays(row) for camera, row in zip(cameras, pixels, strict=True)])
    rays = np.concatenate([plane, np.ones((*plane.shape[:-1], 1))], -1)
    return rays / np.linalg.norm(rays, axis=-1, keepdims=True)


def structure_from_uvd(uvd: Array, radius: Array) -> Array:
    """Points in the virtual frame from image position and relative depth.

    With the object's centre at distance 1/r in units of its own radius, a point at image position
    (u, v) and depth offset d lies at ((1 + r d) u, (1 + r d) v, d) from that centre. r = 0 gives
    weak perspective, so one formula serves both cameras.

    Args:
        uvd: Shape (B, K, 3).
        radius: ``VirtualView.radius``, shape (B,).
    """
    stretch = 1 + radius[:, None, None] * uvd[..., 2:]
    return np.concatenate([uvd[..., :2] * stretch, uvd[..., 2:]], -1)


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
        features[:, 3:] = np.einsum("bij,bj->bi", rotation, ups)
    return VirtualView(
        image / extent[:, None, None], observed, rotation, radius, features, pixels_per_unit
    )


def _mean(values: Array, observed: NDArray[np.bool_]) -> Array:
    count = np.maximum(observed.sum(-1, keepdims=True), 1)
    return (values * observed[..., None]).sum(-2) / count


def _extent(image: Array) -> Array:
    """Largest distance from the centre, shape (B,); 1 where all points coincide."""
    extent = np.linalg.norm(image, axis=-1).max(-1, initial=0.0)
    return np.where(extent > 0, extent, 1.0)


def _unit_rows(up: Array | None, count: int) -> Array | None:
    if up is None:
        return None
    rows = np.broadcast_to(np.asarray(up, np.float64), (count, 3))
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


def _look_at(direction: Array) -> Array:
    """The smallest rotation (B, 3, 3) that takes ``direction`` (B, 3) to the z axis."""
    length = np.linalg.norm(direction, axis=-1, keepdims=True)
    forward = np.where(length > 0, direction / np.where(length > 0, length, 1.0), (0.0, 0.0, 1.0))
    a, b, c = np.moveaxis(forward, -1, 0)
    # Every ray of a pinhole has c > 0, so 1 + c never vanishes.
    k = 1.0 / (1.0 + c)
    rows = [1 - a * a * k, -a * b * k, -a, -a * b * k, 1 - b * b * k, -b, a, b, c]
    return np.stack(rows, -1).reshape(-1, 3, 3)


def _roll_to_upright(rotation: Array, ups: Array | None) -> Array:
    """Follow ``rotation`` by the roll that makes ``ups`` point to -y in the image."""
    if ups is None:
        return np.array(rotation)
    x, y, _ = np.moveaxis(np.einsum("bij,bj->bi", rotation, ups), -1, 0)
    length = np.hypot(x, y)
    defined = length > _MIN_HORIZONTAL_UP
    safe = np.where(defined, length, 1.0)
    cosine, sine = np.where(defined, -y / safe, 1.0), np.where(defined, -x / safe, 0.0)
    zero, one = np.zeros_like(cosine), np.ones_like(cosine)
    roll = np.stack([cosine, -sine, zero, sine, cosine, zero, zero, zero, one], -1)
    return roll.reshape(-1, 3, 3) @ rotation
