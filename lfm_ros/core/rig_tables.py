"""What a batch says of each of its keypoints by its rig alone, padded to the widest row."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.skeleton import Skeleton


@dataclass(frozen=True, eq=False)
class RigTables:
    """S rigs in K columns, zeros behind each. Read-only, since they are remembered.

    Attributes:
        in_rig: (S, K) bool, False for padding. A rig of unknown edges has all columns.
        adjacency: (S, K, K) float32, edges.
        joined: (S, K) bool, whether an edge ends at a keypoint.
        sides: (S, K) float32, 1 for keypoints on the left of the object, -1 on the right, else 0.
        padded: Whether a rig has fewer keypoints than there are columns.
    """

    in_rig: NDArray[np.bool_]
    adjacency: NDArray[np.float32]
    joined: NDArray[np.bool_]
    sides: NDArray[np.float32]
    padded: bool


@lru_cache(maxsize=64)
def rig_tables(rigs: tuple[Skeleton | None, ...], width: int) -> RigTables:
    """The tables of some rigs, each of at most ``width`` keypoints."""
    count = max(len(rigs), 1)
    in_rig = np.ones((count, width), bool)
    adjacency = np.zeros((count, width, width), np.float32)
    sides = np.zeros((count, width), np.float32)
    for i, rig in enumerate(rigs):
        if rig is not None:
            in_rig[i, len(rig) :] = False
            adjacency[i, : len(rig), : len(rig)] = rig.adjacency
            sides[i, : len(rig)] = rig.sides
    joined = np.asarray(adjacency.any(-1))
    for table in (in_rig, adjacency, joined, sides):
        table.setflags(write=False)
    return RigTables(in_rig, adjacency, joined, sides, padded=not in_rig.all())
