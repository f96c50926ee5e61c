"""The figures of one set under one condition: means over its frames."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lfm_ros import Lifter
from lfm_ros.core.metrics import ALIGNMENTS, Errors, errors, similarity
from lfm_ros.core.normalize import virtual_view
from lfm_ros.core.placement import centroid, radius
from training.evaluation.conditions import CAMERA, Condition
from training.evaluation.shots import Shots, lift

#: In every table, in this order: three distances in per cent of the radius, and degrees.
FIGURES = ("procrustes", "camera", "reflected", "rotation")

Figures = dict[str, float]
Array = NDArray[np.float64]


def measure(lifter: Lifter, shots: Shots, condition: Condition) -> Figures:
    """Errors of one set, those of no depth at all (``flat_...``) and of hidden points beside them.

    Points that are neither seen nor joined to another are not judged: nothing can be said of them.
    ``hidden`` alone counts them, because it is the error of all that the occluder covers.
    """
    lifted = lift(lifter, shots, condition)
    judged = shots.valid & lifted.known
    view = virtual_view(
        shots.pixels,
        shots.confidence > 0,
        [CAMERA] * len(judged),
        shots.up if condition.up else None,
    )
    flat = view.to_camera(view.without_depth())
    baseline = means(errors(flat, shots.truth, judged & (shots.confidence > 0)))
    return {
        **means(errors(lifted.points, shots.truth, judged)),
        **{f"flat_{name}": value for name, value in baseline.items()},
        **of_hidden(lifted.points.astype(np.float64), shots),
    }


def of_hidden(points: Array, shots: Shots) -> Figures:
    """Error of the hidden points alone, Procrustes-aligned (det = +1) on all that have a truth.

    ``hidden`` is in per cent of the radius, ``hidden_middle`` what the middle of the object in
    place of every hidden point would give. Empty if nothing is hidden.
    """
    covered = shots.hidden
    some = covered.any(-1)
    if not some.any():
        return {}
    aligned = similarity(points, shots.truth, shots.valid, "procrustes").apply(points)
    middle = centroid(shots.truth, shots.valid)[:, None]
    extent = radius(shots.truth, shots.valid)
    found = {"hidden": aligned - shots.truth, "hidden_middle": middle - shots.truth}
    count = np.maximum(covered.sum(-1), 1)
    result = {}
    for name, offset in found.items():
        frames = (np.linalg.norm(offset, axis=-1) * covered).sum(-1) / count / extent
        result[name] = rounded(100 * frames[some].mean())
    return result


def means(found: Errors) -> Figures:
    """Means over the frames, in per cent of the radius; the median of the rotation, in degrees."""
    distances = {name: rounded(found.relative(name).mean()) for name in ALIGNMENTS}
    return {**distances, "rotation": rounded(np.median(found.rotation))}


def rounded(value: float | np.floating) -> float:
    """Enough digits for any table, and a file that can be read."""
    return round(float(value), 5)
