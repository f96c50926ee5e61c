"""Where an instance's own frame is: origin and axes from named keypoints (REP 103)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.skeleton import RootFrame

Array = NDArray[np.float64]
Floats = NDArray[np.floating]

# Sine of the smallest angle between the z and y directions that still tells them apart: 2 degrees.
_MIN_SINE = 0.035
# Directions shorter than this share of the instance's extent are noise, not directions.
_MIN_LENGTH = 1e-3


def root_frames(
    points: Floats, root: RootFrame, fallback: Floats | Callable[[], Floats]
) -> tuple[Array, Array]:
    """Frames of B instances of one rig.

    Args:
        points: Shape (B, K, 3), any unit, in the frame that the result is expressed in.
        root: Which keypoints define origin, z and y.
        fallback: Rotations (B, 3, 3) for instances whose keypoints define none: an axis has
            no length, both are parallel, or a point is not finite. Or what makes these rotations;
            it is called only if there are such instances.

    Returns:
        Origins (B, 3) in the unit of ``points``, and rotations (B, 3, 3) with det = +1 whose
        columns are the frame's x (forward), y (left) and z (up). An origin that is not finite
        stays so.
    """
    points = np.asarray(points, np.float64)
    origin = _mean(points, root.origin)
    # The axis that is kept as it is: z, or x for what is longer than it is tall.
    main = _mean(points, root.x_to or root.z_to) - _mean(points, root.x_from or root.z_from)
    left = _mean(points, root.y_to) - _mean(points, root.y_from)
    with np.errstate(invalid="ignore", divide="ignore"):
        first = main / np.linalg.norm(main, axis=-1, keepdims=True)
        across = left - (left * first).sum(-1, keepdims=True) * first
        y = across / np.linalg.norm(across, axis=-1, keepdims=True)
        axes = [first, y, np.cross(first, y)] if root.x_to else [np.cross(y, first), y, first]
        rotation = np.stack(axes, -1)
        defined = _is_defined(points, main, left, across) & np.isfinite(rotation).all((1, 2))
    if not all(defined.tolist()):
        others = fallback() if callable(fallback) else fallback
        rotation = np.where(defined[:, None, None], rotation, np.asarray(others, np.float64))
    return origin, rotation


def _mean(points: Array, indices: Sequence[int]) -> Array:
    return points[:, list(indices)].mean(1)


def _is_defined(points: Array, main: Array, left: Array, across: Array) -> NDArray[np.bool_]:
    extent = np.ptp(points, axis=1).max(-1, initial=0.0)
    long_enough = _MIN_LENGTH * extent
    lengths = [np.linalg.norm(v, axis=-1) for v in (main, left, across)]
    apart = lengths[2] > _MIN_SINE * lengths[1]
    return (lengths[0] > long_enough) & (lengths[1] > long_enough) & apart
