"""Points as their root's bearing and distance, and their places around the root.

A camera sees where an object is far better than how far away it is: from frame to frame a lifted
person's bearing moves by less than a hundredth of the body's radius, the distance by a tenth. In x,
y, z the two are mixed; here they are apart, so that each can be smoothed as much as it needs.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Mask = NDArray[np.bool_]

# Nothing that a camera tells apart is smaller, in metres or in radii. An object of which nothing is
# known, or only one place, has no radius at all, and lengths are divided by it.
_LEAST_RADIUS = 1e-6


class Sighting(NamedTuple):
    """B objects as they were seen, and the inverse of ``together``.

    Attributes:
        rows: (B, 1 + K, 3). Row 0 is x/z, y/z and log z of the root, or where it is not ``placed``
            the root as it is; the others are points less the root, zero where not known.
        radius: (B,), largest distance of a known point from the root.
        placed: (B,), which objects are before a camera. Without one they lie around the origin,
            where there is neither bearing nor distance.
    """

    rows: Floats
    radius: Floats
    placed: Mask

    @classmethod
    def of(cls, points: Floats, root: Floats, known: Mask) -> Sighting:
        """Take points (B, K, 3) and roots (B, 3) of the camera's optical frame apart."""
        rows = np.empty((points.shape[0], points.shape[1] + 1, 3), points.dtype)
        around = np.subtract(points, root[:, None], out=rows[:, 1:])
        if not known.all():
            around[~known] = 0.0
        radius = np.sqrt(squared_length(around).max(1, initial=0.0))
        depth = root[:, 2]
        placed = depth > radius
        if all(placed.tolist()):
            rows[:, 0, :2] = root[:, :2] / depth[:, None]
            rows[:, 0, 2] = np.log(depth)
        else:
            rows[:, 0] = root
            before = root[placed]
            rows[placed, 0] = np.c_[before[:, :2] / before[:, 2:], np.log(before[:, 2])]
        return cls(rows, radius, placed)


def together(rows: Floats, placed: Mask) -> tuple[Floats, Floats]:
    """Points (B, K, 3) and roots (B, 3) of the rows of a ``Sighting``."""
    root = rows[:, 0].copy()
    depth = np.exp(rows[:, 0, 2])
    root[:, :2] *= depth[:, None]
    root[:, 2] = depth
    if not all(placed.tolist()):
        root[~placed] = rows[~placed, 0]
    return rows[:, 1:] + root[:, None], root


def radius_in_rows(rows: Floats, radius: Floats, placed: Mask) -> Floats:
    """How long one radius is in each row of a ``Sighting``, above 0, shape (B, 1 + K, 1)."""
    unit = np.empty((*rows.shape[:2], 1), rows.dtype)
    radius = np.maximum(radius, _LEAST_RADIUS)
    unit[:] = radius[:, None, None]
    nearness = np.exp(-rows[:, 0, 2])
    if not all(placed.tolist()):
        nearness[~placed] = 1.0
    unit[:, 0, 0] = radius * nearness
    return unit


def squared_length(vectors: Floats) -> Floats:
    """Squared lengths (...) of vectors (..., 3)."""
    # Beside a camera at 30 Hz nothing stays in the cache, and np.einsum or a sum over so short an
    # axis cost several times as much as operations that are at hand anyway.
    squared = vectors * vectors
    return squared[..., 0] + squared[..., 1] + squared[..., 2]
