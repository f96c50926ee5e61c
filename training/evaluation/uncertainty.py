"""Whether the lifter knows how far off it is: its sigma beside the real error.

Sigma is the expected distance of a point (training takes the distance to fall off exponentially),
so a share p of the points should be nearer than ``-ln(1 - p) sigma``.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lfm_ros import Lifter
from lfm_ros.core.metrics import similarity
from training.evaluation.conditions import Condition
from training.evaluation.examiner import Examiner, Sets
from training.evaluation.figures import Figures, rounded
from training.evaluation.shots import Shots, lift, shoot

SHARES = (0.5, 0.68, 0.9)
BINS = 10
Array = NDArray[np.float64]


def calibration(
    examiner: Examiner, sets: Sets, condition: Condition | None = None
) -> dict[str, Any]:
    """How well sigma tells the error, camera frame, translation and scale aligned.

    Returns:
        Averages of ``figures_of`` over the sets, and ``bins``: ``sigma`` and ``error``, the means
        in ``BINS`` bins of equally many points by sigma, every set with equally many points.
    """
    condition = condition or Condition()
    shots = partial(shoot, condition=condition, frames=examiner.fewer, seed=examiner.seed)
    pairs = examiner.ask(sets, shots, partial(_pairs, examiner.lifter, condition))
    rows = {name: figures_of(*pair) for name, pair in pairs.items()}
    even = np.concatenate([_thinned(pair) for pair in pairs.values()], -1)
    return {**examiner.averages(rows), "bins": reliability(*even)}


def figures_of(sigma: Array, distance: Array) -> Figures:
    """Coverage, rank correlation, and means of points (N,) with a sigma and an error.

    ``coverage_50`` is the share of the points, in per cent, that are as near as half of them should
    be; ``spearman`` the rank correlation; ``sigma`` and ``error`` are means in per cent.
    """
    coverage = {
        f"coverage_{round(100 * share)}": 100 * np.mean(distance <= -np.log1p(-share) * sigma)
        for share in SHARES
    }
    found = {
        **coverage,
        "spearman": rank_correlation(sigma, distance),
        "sigma": 100 * sigma.mean(),
        "error": 100 * distance.mean(),
    }
    return {name: rounded(value) for name, value in found.items()}


def reliability(sigma: Array, distance: Array) -> dict[str, list[float]]:
    """Mean sigma and mean error, per cent, of ``BINS`` bins of equally many points."""
    bins = np.array_split(np.argsort(sigma, kind="stable"), BINS)
    return {
        "sigma": [rounded(100 * sigma[b].mean()) for b in bins if len(b)],
        "error": [rounded(100 * distance[b].mean()) for b in bins if len(b)],
    }


def rank_correlation(first: Array, second: Array) -> float:
    """Spearman's, of values without ties to speak of; 0 where one of them does not vary."""
    ranks = [np.argsort(np.argsort(values)).astype(np.float64) for values in (first, second)]
    if len(first) < 2 or np.ptp(first) == 0 or np.ptp(second) == 0:
        return 0.0
    return float(np.corrcoef(*ranks)[0, 1])


def _pairs(lifter: Lifter, condition: Condition, shots: Shots) -> tuple[Array, Array]:
    """Sigma and distance of every judged point (N,), both in the unit of the truth."""
    lifted = lift(lifter, shots, condition)
    judged = shots.valid & lifted.known
    points = lifted.points.astype(np.float64)
    fit = similarity(points, shots.truth, judged, "camera")
    distance = np.linalg.norm(fit.apply(points) - shots.truth, axis=-1)
    sigma = lifted.sigma * fit.scale[:, None]
    return sigma[judged], distance[judged]


def _thinned(pair: tuple[Array, Array], most: int = 500) -> Array:
    """At most so many points (2, N) of a set, spread evenly."""
    rows = np.linspace(0, len(pair[0]) - 1, min(most, len(pair[0]))).astype(int)
    return np.stack(pair)[:, rows]
