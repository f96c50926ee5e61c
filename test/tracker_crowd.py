"""People who walk before a camera, as the lifter would hand them over; for tests of the tracker."""

from __future__ import annotations

import numpy as np

from lfm_ros import Lifted
from lfm_ros.lifted import Pose

RATE_NS = 33_333_333
K = 17


def lifted(points: np.ndarray, *, sigma: float = 0.05, noise: float = 0.0, seed: int = 0) -> Lifted:
    """Points (B, K, 3) in metres as if they had just been lifted."""
    count, width = points.shape[:2]
    random = np.random.default_rng(seed)
    points = (points + noise * random.standard_normal(points.shape)).astype(np.float32)
    pose = Pose(
        rotation=np.tile(np.eye(3, dtype=np.float32), (count, 1, 1)),
        translation=points.mean(1),
        scale=np.ones(count, np.float32),
        reprojection_px=np.zeros(count, np.float32),
    )
    return Lifted(
        points=points,
        canonical=points.copy(),
        scale_error=np.zeros(count, np.float32),
        middle_sigma=np.zeros(count, np.float32),
        sigma=np.full((count, width), sigma, np.float32),
        observed=np.ones((count, width), bool),
        known=np.ones((count, width), bool),
        valid=np.ones(count, bool),
        scale_source=["nominal"] * count,
        unit=["m"] * count,
        find_pose=lambda: pose,
    )


def without(out: Lifted, row: int) -> Lifted:
    """The same frame, in which one instance could not be lifted: zeros, as the lifter has them."""
    for values in (out.points, out.sigma, out.observed, out.known, out.valid):
        values[row] = 0
    out.scale_source[row], out.unit[row] = "none", "radius"
    return out


def bodies(count: int, seed: int = 0) -> np.ndarray:
    """Different shapes (B, K, 3) of a person's size around the origin."""
    random = np.random.default_rng(seed)
    shapes = random.uniform(-1.0, 1.0, (count, K, 3)) * [0.35, 0.85, 0.25]
    return shapes - shapes.mean(1, keepdims=True)


def standing(count: int, seed: int = 0) -> np.ndarray:
    """People (B, K, 3) side by side, 1.2 m apart, 6 m away."""
    across = 1.2 * (np.arange(count) - (count - 1) / 2)
    roots = np.stack([across, np.zeros(count), np.full(count, 6.0)], -1)
    return bodies(count, seed) + roots[:, None]
