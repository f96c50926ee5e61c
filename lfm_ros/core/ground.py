"""Metres from the ground: an object that stands on a known plane is as far away as the plane is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# The share of a point's error that is up and down.
_VERTICAL = 0.58
# Points whose factors differ by less than this share of their error stand side by side.
_ALIKE = 0.5
# How far a point that touches the ground is off its usual height above it, metres.
_HEIGHT_ERROR = 0.02
# How far the plane is tilted, radians: what TF and calibration leave.
_TILT_ERROR = 0.005
# Below the horizon by less than this (sine), a ray meets the ground nowhere in particular.
_GRAZING = 0.03


def scale_by_ground(
    points: Array, sigma: Array, seen: NDArray[np.bool_], plane: Array, heights: Array
) -> tuple[Array, Array]:
    """Metres per unit by which the lowest of the points that can stand stands on the ground.

    Of a foot in the air and one on the ground, the one on the ground says that the object is
    nearer: so the smallest of the factors holds, and those that are equal to it well within
    their errors are averaged with it.

    Args:
        points: Shape (B, K, 3), camera frame, any unit.
        sigma: Expected error of each point, shape (B, K), same unit.
        seen: Which keypoints were seen, shape (B, K).
        plane: (B, 4), n and d of the ground n . x + d = 0 in the camera frame, n of length 1.
        heights: Metres of each keypoint above the ground that it stands on, shape (B, K); NaN
            where it cannot stand.

    Returns:
        Factors and the errors of their logarithms (B,), NaN and infinity where no such point was
        seen below the horizon.
    """
    # The camera is above the ground, whichever way the normal points.
    plane = np.where(plane[:, 3:] < 0, -plane, plane)
    down = -np.einsum("bki,bi->bk", points, plane[:, :3])
    reach = np.linalg.norm(points, axis=-1)
    above = plane[:, 3:] - heights
    usable = seen & (above > 0) & (down > _GRAZING * reach)
    below, drop = np.where(usable, down, 1.0), np.where(usable, above, 1.0)
    ratio = np.where(usable, np.log(drop / below), np.inf)
    error = np.sqrt(
        np.square(_VERTICAL * sigma / below)
        + np.square(_HEIGHT_ERROR / drop)
        + np.square(_TILT_ERROR * reach / below)
    )
    lowest = ratio.min(-1, initial=np.inf)
    found = np.isfinite(lowest)
    higher = np.where(usable, ratio - np.where(found, lowest, 0.0)[:, None], 0.0)
    weight = np.where(
        usable, np.exp(-0.5 * np.square(higher / (_ALIKE * error))) / np.square(error), 0.0
    )
    total = np.where(found, weight.sum(-1), 1.0)
    middle = (weight * np.where(usable, ratio, 0.0)).sum(-1) / total
    # The points share the plane and the errors of the shape, so several are no better than one.
    shared = np.where(found, (weight * error).sum(-1) / total, np.inf)
    return np.where(found, np.exp(middle), np.nan), shared
