"""Metres from a depth image that is aligned with the camera.

What a depth camera measures at a keypoint is the surface in front of it, or a hole, or what stands
behind the object. So every keypoint is read from a window, all keypoints of an object are asked,
and those that disagree with the most are not believed.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lfm_ros.core.camera import Intrinsics
from lfm_ros.core.errors import InputError

Array = NDArray[np.float64]

_REACH = 2
_FEWEST_PIXELS = 5
_FEWEST_KEYPOINTS = 3
_FEWEST_SHARE = 0.3
# REP 118: integers are millimetres, floats metres. Some drivers publish floats in millimetres; no
# depth camera sees further than 100 m, and none nearer than 100 mm.
_METRES_PER_INTEGER = 1e-3
_FARTHEST = 100.0
# Standard deviation of a measured depth, as a share of it.
_SENSOR_ERROR = 0.01
# How much of the depth behind the surface is not known, as a share.
_UNSURE_BEHIND = 0.5
# The shape's errors are alike at neighbouring keypoints, so many of them do not average out.
_COMMON_ERROR = 0.35
_TUKEY = 4.685
# However much depths scatter, this many times what was expected is not noise but something else.
_WIDEST = 4.0
_ROUNDS = 4


def checked_depth(image: ArrayLike) -> NDArray[np.generic]:
    """A depth image as an array of shape (H, W).

    Raises:
        InputError: It has another shape, or values that are neither metres nor millimetres.
    """
    depth = np.asarray(image)
    kind_fits = depth.dtype.kind == "f" or (depth.dtype.kind in "iu" and depth.dtype.itemsize > 1)
    if depth.ndim != 2 or depth.size == 0 or not kind_fits:
        raise InputError(
            f"depth has shape {depth.shape} and type {depth.dtype}; give an image (H, W) of float "
            "metres or 16 bit millimetres, aligned with the camera"
        )
    return depth


def surface_depths(
    image: NDArray[np.generic], pixels: Array, cameras: Sequence[Intrinsics]
) -> Array:
    """Metres (B, K) along the optical axis to the surface around each pixel, NaN where unknown.

    The median of a window of 5 x 5 pixels, of which holes (0, NaN, infinite, negative) are left
    out; with fewer than 5 others nothing is known.

    Args:
        image: Shape (H, W); see ``checked_depth``. Where it is smaller or larger than the camera's
            image, the same field of view is meant.
        pixels: Shape (B, K, 2), of the camera's image.
        cameras: B cameras.
    """
    height, width = image.shape
    place = pixels * _resize(cameras, width, height) if len(cameras) else pixels
    near = np.arange(-_REACH, _REACH + 1)
    columns = np.rint(np.clip(place[..., 0], -1e6, 1e6)).astype(np.intp)[..., None] + near
    rows = np.rint(np.clip(place[..., 1], -1e6, 1e6)).astype(np.intp)[..., None] + near
    across, down = (columns >= 0) & (columns < width), (rows >= 0) & (rows < height)
    inside = (down[..., :, None] & across[..., None, :]).reshape(*pixels.shape[:2], -1)
    read = image[
        np.clip(rows, 0, height - 1)[..., :, None], np.clip(columns, 0, width - 1)[..., None, :]
    ]
    metres = read.reshape(inside.shape).astype(np.float64)
    metres = np.where(inside & np.isfinite(metres) & (metres > 0), metres, np.inf)
    metres = np.sort(metres, axis=-1)
    count = np.isfinite(metres).sum(-1)
    middle = np.take_along_axis(metres, np.maximum(count - 1, 0)[..., None] // 2, -1)[..., 0]
    middle = np.where(count >= _FEWEST_PIXELS, middle, np.nan)
    return middle * _unit(image.dtype, middle)


def _resize(cameras: Sequence[Intrinsics], width: int, height: int) -> Array:
    """Pixels of the depth image per pixel of each camera's image, shape (B, 1, 2)."""
    sizes = np.array([camera.size for camera in cameras], np.float64)
    told = (sizes > 0).all(-1, keepdims=True)
    ratio = np.where(told, (width, height) / np.where(told, sizes, 1.0), 1.0)
    if (np.abs(ratio[:, 0] / ratio[:, 1] - 1) > 0.02).any():
        raise InputError(
            f"depth is {width} x {height} pixels and the camera's image "
            f"{int(sizes[0, 0])} x {int(sizes[0, 1])}; give depth that is aligned with the camera"
        )
    return ratio[:, None]


def _unit(kind: np.dtype[np.generic], values: Array) -> float:
    """Metres per unit of a depth image's values."""
    if kind.kind != "f":
        return _METRES_PER_INTEGER
    known = values[np.isfinite(values)]
    return _METRES_PER_INTEGER if known.size and np.median(known) > _FARTHEST else 1.0


def scale_by_depth(
    points: Array, sigma: Array, weights: Array, depths: Array, behind: Array
) -> tuple[Array, Array]:
    """Metres per unit from the depths of all keypoints together, and the error of its logarithm.

    An M-estimate (Tukey's biweight) of the logarithm of measured by expected depth, started at the
    weighted median, so that up to half of the keypoints may lie before something far away or behind
    something near.

    Args:
        points: Shape (B, K, 3), camera frame, any unit.
        sigma: Expected error of each point, shape (B, K), same unit.
        weights: Shape (B, K), 0 where a keypoint was not seen.
        depths: Metres to the surface, shape (B, K); NaN where unknown.
        behind: Metres from the surface to the keypoints, shape (B,).

    Returns:
        Factors and errors (B,), NaN and infinity where too few keypoints agree.

    Source: P. J. Huber and E. M. Ronchetti, Robust Statistics, 2nd ed. 2009, sections 4.8 and 7.8.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.log((depths + behind[:, None]) / points[..., 2])
        spread = np.sqrt(
            np.square(sigma / points[..., 2])
            + _SENSOR_ERROR**2
            + np.square(_UNSURE_BEHIND * behind[:, None] / depths)
        )
    usable = np.isfinite(ratio) & np.isfinite(spread) & (weights > 0)
    ratio, spread = np.where(usable, ratio, 0.0), np.where(usable, spread, 1.0)
    weight = np.where(usable, weights / np.square(spread), 0.0)
    middle = _weighted_median(ratio, weight)
    off = np.abs(ratio - middle[:, None]) / spread
    wider = np.maximum(1.4826 * _weighted_median(off, weight), 1.0)
    reach = _TUKEY * np.minimum(wider, _WIDEST)[:, None] * spread
    belief = np.zeros_like(weight)
    for _ in range(_ROUNDS):
        belief = np.square(np.maximum(1 - np.square((ratio - middle[:, None]) / reach), 0.0))
        total = (weight * belief).sum(-1)
        middle = (weight * belief * ratio).sum(-1) / np.where(total > 0, total, 1.0)
    agree = ((belief > 0.3) & usable).sum(-1)
    enough = (agree >= _FEWEST_KEYPOINTS) & (agree >= _FEWEST_SHARE * usable.sum(-1))
    total = (weight * belief).sum(-1)
    common = _COMMON_ERROR * (spread * usable).sum(-1) / np.maximum(usable.sum(-1), 1)
    error = np.hypot(wider / np.sqrt(np.where(total > 0, total, 1.0)), common)
    return np.where(enough, np.exp(middle), np.nan), np.where(enough, error, np.inf)


def _weighted_median(values: Array, weights: Array) -> Array:
    """Weighted median (B,) along the last axis of (B, K)."""
    order = np.argsort(values, axis=-1)
    heavy = np.cumsum(np.take_along_axis(weights, order, -1), -1)
    place = (heavy < 0.5 * heavy[:, -1:]).sum(-1, keepdims=True)
    last = values.shape[-1] - 1
    return np.take_along_axis(np.take_along_axis(values, order, -1), np.minimum(place, last), -1)[
        :, 0
    ]
