"""Metres from depths that a camera measured at the keypoints.

What it measures is the surface in front of a keypoint, or a hole, or what stands behind the object.
So all keypoints of an object are asked, and those that disagree with the most are not believed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_FEWEST_KEYPOINTS = 3
_FEWEST_SHARE = 0.3
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
