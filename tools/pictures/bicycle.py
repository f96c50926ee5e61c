"""A bicycle of our own: a kind of object that no network of this project was trained on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.skeleton import Skeleton
from training.data.poses import PoseSet

# Metres: x forward, y left, z up, of a usual city bicycle.
_POINTS = {
    "rear_hub": (0.0, 0.0, 0.34),
    "front_hub": (1.05, 0.0, 0.34),
    "bottom_bracket": (0.45, 0.0, 0.29),
    "saddle": (0.24, 0.0, 0.95),
    "head_top": (0.80, 0.0, 0.90),
    "head_bottom": (0.86, 0.0, 0.72),
    "left_grip": (0.68, 0.29, 1.02),
    "right_grip": (0.68, -0.29, 1.02),
    "left_pedal": (0.45, 0.12, 0.29),
    "right_pedal": (0.45, -0.12, 0.29),
    "rear_tyre": (-0.34, 0.0, 0.34),
    "front_tyre": (1.39, 0.0, 0.34),
}
_EDGES = (
    ("rear_hub", "bottom_bracket"), ("rear_hub", "saddle"), ("saddle", "bottom_bracket"),
    ("saddle", "head_top"), ("bottom_bracket", "head_bottom"), ("head_top", "head_bottom"),
    ("head_bottom", "front_hub"), ("head_top", "left_grip"), ("head_top", "right_grip"),
    ("bottom_bracket", "left_pedal"), ("bottom_bracket", "right_pedal"),
    ("rear_hub", "rear_tyre"), ("front_hub", "front_tyre"),
)  # fmt: skip
_STEERED = ("front_hub", "left_grip", "right_grip", "front_tyre")
_CRANK = 0.17


def bicycles(count: int, seed: int = 0) -> PoseSet:
    """Bicycles of different sizes, steered and pedalled, z up."""
    random = np.random.default_rng(seed)
    names = list(_POINTS)
    usual = np.array(list(_POINTS.values()))
    stretch = np.exp(0.1 * random.standard_normal((count, 1, 3)))
    points = usual * stretch
    pedals = [names.index("left_pedal"), names.index("right_pedal")]
    angle = random.uniform(0, 2 * np.pi, count)
    swing = _CRANK * np.stack([np.cos(angle), 0 * angle, np.sin(angle)], -1)
    points[:, pedals] += swing[:, None] * np.array([1.0, -1.0])[:, None]
    steered = [names.index(name) for name in _STEERED]
    axis = points[:, [names.index("head_bottom")]]
    turn = _about_z(random.uniform(-0.5, 0.5, count))
    points[:, steered] = axis + (points[:, steered] - axis) @ np.swapaxes(turn, 1, 2)
    edges = [(names.index(a), names.index(b)) for a, b in _EDGES]
    return PoseSet(
        "own/bicycle",
        points.astype(np.float32),
        np.ones(points.shape[:2], bool),
        np.arange(count),
        np.array([0, 0, 1], np.float32),
        Skeleton(names, edges),
        "BSD-3-Clause",
    )


def _about_z(angle: NDArray[np.float64]) -> NDArray[np.float64]:
    turn = np.tile(np.eye(3), (len(angle), 1, 1))
    turn[:, 0, 0] = turn[:, 1, 1] = np.cos(angle)
    turn[:, 1, 0] = np.sin(angle)
    turn[:, 0, 1] = -turn[:, 1, 0]
    return turn
