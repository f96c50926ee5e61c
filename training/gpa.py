"""The mean of shapes that are turned every way: generalized Procrustes analysis."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.alignment import procrustes

Array = NDArray[np.float64]

_ROUNDS = 6


def mean_shape(shapes: Array, valid: NDArray[np.bool_] | None = None) -> Array:
    """Mean (K, 3) of shapes (N, K, 3), each turned and moved onto it but not scaled.

    Args:
        shapes: Shape (N, K, 3), all of one unit.
        valid: Shape (N, K), which points there are; None for all. Points that no shape has stay at
            the origin.

    Source: J. C. Gower, Generalized Procrustes analysis, Psychometrika 40, 1975.
    """
    there = np.ones(shapes.shape[:2], bool) if valid is None else valid
    fullest = there.sum(-1).argmax()
    start = shapes[fullest][there[fullest]].mean(0)
    mean, known = (shapes[fullest] - start) * there[fullest][:, None], there[fullest]
    count = there.sum(0)
    for _ in range(_ROUNDS):
        onto = np.broadcast_to(mean, shapes.shape)
        weight = (there & known).astype(np.float64)
        aligned = procrustes(shapes, onto, weight, scaled=False).apply(shapes)
        mean = (aligned * there[..., None]).sum(0) / np.maximum(count, 1)[:, None]
        known = count > 0
    return mean
