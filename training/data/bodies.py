"""Bodies of chains of bones: many poses of one plan at once, and the rig that they make up.

Everything is relative to a frame whose axes are right, ahead and up; x = 0 is the mirror.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.skeleton import Skeleton
from training.data.poses import PoseSet

Array = NDArray[np.float64]

MIRROR = np.array([-1.0, 1.0, 1.0])
_UP = np.array([0, 0, 1], np.float32)


def along(lengths: Array, pitch: Array, yaw: Array) -> Array:
    """The ends (..., n, 3) of bones in a row that begins at the origin.

    Args:
        lengths: (..., n).
        pitch: (..., n) of each bone itself, radians; positive is up.
        yaw: (..., n) of each bone itself, radians; zero is ahead, positive to the right.
    """
    level = np.cos(pitch)
    steps = np.stack([np.sin(yaw) * level, np.cos(yaw) * level, np.sin(pitch)], -1)
    return np.cumsum(lengths[..., None] * steps, -2)


def frames(pitch: Array | float, yaw: Array | float, roll: Array | float) -> Array:
    """Rotations (..., 3, 3) that roll (right side down), then raise the front, then turn right."""
    angles = np.broadcast_arrays(pitch, yaw, roll)
    (sp, cp), (sy, cy), (sr, cr) = ((np.sin(a), np.cos(a)) for a in angles)
    ahead = np.stack([sy * cp, cy * cp, sp], -1)
    level = np.stack([cy, -sy, np.zeros_like(cy)], -1)
    above = np.stack([-sy * sp, -cy * sp, cp], -1)
    cr, sr = cr[..., None], sr[..., None]
    return np.stack([cr * level - sr * above, ahead, sr * level + cr * above], -1)


def placed(points: Array, frame: Array, at: Array) -> Array:
    """Points (N, k, 3) of frames (N, 3, 3) whose origins are at (N, 3)."""
    return at[:, None] + points @ frame.swapaxes(-1, -2)


@dataclass
class Body:
    """Keypoints of N poses, added chain by chain.

    Attributes:
        points: Each (N, 3).
        edges: Between them.
        pairs: (left, right).
    """

    points: list[Array] = field(default_factory=list)
    edges: list[tuple[int, int]] = field(default_factory=list)
    pairs: list[tuple[int, int]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.points)

    def add(self, points: Array, joined: int | None = None) -> list[int]:
        """Add a chain (N, k, 3) whose first point hangs on another one; return its indices."""
        first = len(self.points)
        new = [*range(first, first + points.shape[1])]
        self.points.extend(points.swapaxes(0, 1))
        ends = ([] if joined is None else [joined]) + new
        self.edges.extend(pairwise(ends))
        return new

    def add_pair(self, left: Array, right: Array, joined: int) -> tuple[int, int]:
        """Add the same chain on both sides; return the indices of their first points."""
        ours, theirs = self.add(left, joined), self.add(right, joined)
        self.pairs.extend(zip(ours, theirs, strict=True))
        return ours[0], theirs[0]

    def as_set(self, name: str, license: str, side: str = "") -> PoseSet:
        """The poses, each a sequence of its own; for ``side`` see ``Skeleton``."""
        xyz = np.stack(self.points, 1).astype(np.float32)
        edges = sorted({(min(edge), max(edge)) for edge in self.edges})
        names = [f"p{i}" for i in range(len(self.points))]
        skeleton = Skeleton(names, edges, pairs=self.pairs, side=side)
        valid, rows = np.ones(xyz.shape[:2], bool), np.arange(len(xyz))
        return PoseSet(name, xyz, valid, rows, _UP, skeleton, license)
