"""How large an object is, in metres, and which cue said so."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.skeleton import Skeleton

Array = NDArray[np.float64]

#: How an instance got its scale; ROS messages carry the index.
SCALE_SOURCES = ("none", "nominal", "known")


def size(points: Array, skeleton: Skeleton | None) -> Array:
    """How large an object is, shape (B,), in the unit of ``points`` (B, K, 3).

    The summed length of the skeleton's edges, because bones keep their length whatever the pose;
    without edges twice the radius.
    """
    if skeleton is None or not skeleton.edges:
        return 2 * radius(points)
    first, second = np.array(skeleton.edges).T
    return np.linalg.norm(points[:, first] - points[:, second], axis=-1).sum(-1)


def radius(points: Array, mask: NDArray[np.bool_] | None = None) -> Array:
    """Largest distance of a point from the centroid, shape (B,), of points (B, K, 3).

    Args:
        points: Shape (B, K, 3).
        mask: Shape (B, K), which points count; None for all.
    """
    counted = np.ones(points.shape[:2], bool) if mask is None else mask
    offset = points - centroid(points, counted)[:, None]
    return np.where(counted, np.linalg.norm(offset, axis=-1), 0.0).max(-1, initial=0.0)


def centroid(points: Array, mask: NDArray[np.bool_]) -> Array:
    """Mean (B, 3) of the points (B, K, 3) that ``mask`` (B, K) counts."""
    count = np.maximum(mask.sum(-1, keepdims=True), 1)
    return (points * mask[..., None]).sum(-2) / count


def metric_factors(
    structure: Array,
    rigs: Sequence[Skeleton | None],
    rig_index: NDArray[np.int64],
    known_size: Array | None,
    nominal: bool,
) -> tuple[Array, NDArray[np.uint8]]:
    """Metres per unit of the structure, and where that comes from.

    Args:
        structure: Shape (B, K, 3), any unit.
        rigs: The S different rigs.
        rig_index: Shape (B,), the rig of each row.
        known_size: Shape (B,), metres as ``size`` defines them; NaN where unknown. None: nowhere.
        nominal: Whether a skeleton's nominal size may serve where nothing better is known.

    Returns:
        Factors (B,), 1 where no cue is there, and indices (B,) into ``SCALE_SOURCES``.
    """
    known = np.full(len(structure), np.nan) if known_size is None else known_size
    factor, source = np.ones(len(structure)), np.zeros(len(structure), np.uint8)
    for i, rig in enumerate(rigs):
        rows = np.flatnonzero(rig_index == i)
        count = structure.shape[1] if rig is None else len(rig)
        usual = rig.nominal_size if rig is not None and nominal and rig.nominal_size else np.nan
        wanted = np.where(np.isnan(known[rows]), usual, known[rows])
        ours = size(structure[rows, :count], rig)
        usable = np.isfinite(wanted) & (ours > 0)
        factor[rows] = np.where(usable, wanted / np.where(ours > 0, ours, 1.0), 1.0)
        source[rows] = np.where(usable, np.where(np.isnan(known[rows]), 1, 2), 0)
    return factor, source
