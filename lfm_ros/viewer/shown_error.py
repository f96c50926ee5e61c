"""Error of what is shown against the truth that is shown with it."""

from __future__ import annotations

from collections import deque

import numpy as np

from lfm_ros.core.metrics import errors, mpjpe
from lfm_ros.viewer.frame import Points3D

REMEMBERED = 90
"""Frames that the shown figures are the mean of: three seconds."""
FEWEST = 4
"""Matched points from which on aligning an instance says something about its shape."""


class ShownError:
    """Running mean of the error in place and of the error of the shape alone."""

    def __init__(self) -> None:
        self._frames: deque[tuple[float, float]] = deque(maxlen=REMEMBERED)

    def add(self, lifted: Points3D, truth: Points3D) -> None:
        """Take a frame into the mean; nothing happens where no instance matches."""
        measured = frame_error(lifted, truth)
        if measured is not None:
            self._frames.append(measured)

    def status(self) -> dict[str, str]:
        """Status keys ``error_mm`` and ``error_aligned_mm``; empty before the first match."""
        if not self._frames:
            return {}
        place, shape = np.mean(self._frames, axis=0)
        return {"error_mm": f"{place:.1f}", "error_aligned_mm": f"{shape:.1f}"}


def frame_error(lifted: Points3D, truth: Points3D) -> tuple[float, float] | None:
    """Mean distance over the instances of a frame that both know by their id, millimetres.

    Returns:
        Distance where the points stand in the camera's frame, and after the best similarity with
        det = +1 is taken out of each instance; None if no instance has `FEWEST` points in both.
    """
    _, ours, theirs = np.intersect1d(lifted.instance_id, truth.instance_id, return_indices=True)
    width = min(lifted.xyz.shape[1], truth.xyz.shape[1])
    valid = lifted.present[ours, :width] & truth.present[theirs, :width]
    kept = valid.sum(-1) >= FEWEST
    if not kept.any():
        return None
    valid = valid[kept]
    points = np.where(valid[..., None], lifted.xyz[ours, :width][kept], 0.0)
    real = np.where(valid[..., None], truth.xyz[theirs, :width][kept], 0.0)
    place = mpjpe(points, real, valid)
    shape = errors(points, real, valid).procrustes
    return 1000 * float(place.mean()), 1000 * float(shape.mean())
