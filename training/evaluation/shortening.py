"""How much too short a network's edges are, by what it says of their ends.

The answer to what the network cannot see is the mean of what could be there, and the mean of bones
that point in several directions is shorter than each. ``lfm_ros.core.placement`` adds a share of
the ends' variance to the squared length; the share and the error of what comes out are fitted here,
on training sequences.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lfm_ros import Lifter
from lfm_ros.core.placement import centroid
from training.data.poses import PoseSet
from training.evaluation.conditions import CAMERA, CONDITIONS, Condition
from training.evaluation.figures import rounded
from training.evaluation.shots import shoot

#: Shares of sigma squared, and of the squared length that is the most, that are tried.
SHARES = (
    (0.0, 0.0),
    (0.125, 1e9),
    (0.25, 1e9),
    (0.25, 0.16),
    (0.5, 0.09),
    (0.5, 0.16),
    (0.5, 0.25),
    (0.5, 0.4),
    (0.5, 0.8),
    (1.0, 0.4),
    (1.0, 0.8),
    (1.0, 1.6),
)
# What is hidden tells of edges of which an end was not seen, the others of those with both ends.
_CONDITIONS = {
    **{name: CONDITIONS[name] for name in ("upright", "noise_2", "hidden_40")},
    "hidden_60": Condition(hidden=0.6),
    "contiguous_60": Condition(hidden=0.6, occluder="contiguous"),
}
_BINS = 6
# Those of lfm_ros.core.placement, for edges with both ends seen and for others.
_IN_USE, _IN_USE_UNSEEN = (0.5, 0.16), (1.0, 0.8)
Array = NDArray[np.float64]


def shortening(lifter: Lifter, sets: dict[str, PoseSet], frames: int, seed: int) -> dict[str, Any]:
    """How far distances are off if sizes are known exactly.

    Args:
        lifter: What is fitted.
        sets: Those with edges are asked.
        frames: Of each set and condition.
        seed: Of the views.

    Returns:
        ``shares``: condition -> shares -> ``bias`` and ``off``, means over the sets of the median
        error of distances and of its median size, per cent; where something is hidden, the shares
        are those of edges of which an end was not seen. ``bins``: the spread of the edges beside
        the root mean square of that error with the shares in use, for ``_SIZE_ERROR_PER_SPREAD``.
    """
    result: dict[str, Any] = {}
    spreads, errors = [], []
    for name, condition in _CONDITIONS.items():
        in_use = SHARES.index(_IN_USE_UNSEEN if condition.hidden else _IN_USE)
        rows = [
            _further(lifter, poses, condition, frames, seed)
            for poses in sets.values()
            if len(poses.skeleton.edges)
        ]
        off = np.stack([np.median(100 * further, axis=1) for further, _ in rows])
        size = np.stack([np.median(100 * np.abs(further), axis=1) for further, _ in rows])
        result[name] = {
            f"{k:g}, at most {most:g}": {
                "bias": rounded(off[:, i].mean()),
                "off": rounded(size[:, i].mean()),
            }
            for i, (k, most) in enumerate(SHARES)
        }
        spreads += [spread for _, spread in rows]
        errors += [further[in_use] for further, _ in rows]
    return {"shares": result, "bins": _binned(np.concatenate(spreads), np.concatenate(errors))}


def _further(
    lifter: Lifter, poses: PoseSet, condition: Condition, frames: int, seed: int
) -> tuple[Array, Array]:
    """Logarithm of too large a distance, by share and frame, and the edges' relative spread."""
    shots = shoot(poses, condition, frames, seed)
    out = lifter.lift(
        shots.pixels, shots.confidence, CAMERA, shots.skeleton, up=shots.up, nominal=False
    )
    first, second = np.array(shots.skeleton.edges).T
    counted = shots.valid[:, first] & shots.valid[:, second]

    def squared(points: Array) -> Array:
        return np.square(points[:, first] - points[:, second]).sum(-1)

    points, sigma = out.points.astype(np.float64), out.sigma.astype(np.float64)
    variance = np.square(sigma[:, first]) + np.square(sigma[:, second])
    truth = (np.sqrt(squared(shots.truth)) * counted).sum(-1)
    ratio = np.linalg.norm(centroid(points, shots.valid), axis=-1) / np.linalg.norm(
        centroid(shots.truth, shots.valid), axis=-1
    )
    length = squared(points)
    seen = out.observed[:, first] & out.observed[:, second] & (condition.hidden > 0)
    longer = [
        np.where(seen, _longer(variance, length, _IN_USE), _longer(variance, length, shares))
        for shares in SHARES
    ]
    ours = np.stack([(np.sqrt(length + more) * counted).sum(-1) for more in longer])
    return np.log(truth / ours * ratio), np.sqrt((variance * counted).sum(-1)) / ours[0]


def _longer(variance: Array, length: Array, shares: tuple[float, float]) -> Array:
    """What is added to the squared length of edges (B, E)."""
    return np.minimum(shares[0] * variance, shares[1] * length)


def _binned(spread: Array, error: Array) -> dict[str, list[float]]:
    bins = np.array_split(np.argsort(spread), _BINS)
    return {
        "spread": [rounded(spread[b].mean()) for b in bins],
        "error": [rounded(np.sqrt(np.square(error[b]).mean())) for b in bins],
    }
