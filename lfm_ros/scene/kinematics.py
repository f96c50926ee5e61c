"""Forward kinematics of a tree of joints, for many poses at once.

Body frames follow REP 103: x forward, y left, z up. A node's rotation turns its children, not the
node itself. Angles are (roll, pitch, yaw) about x, y, z, applied in that order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Node: TypeAlias = tuple[str, "str | None", Sequence[float]]
Degrees: TypeAlias = Mapping[str, Sequence[ArrayLike]]


def matrix_from_angles(angles: ArrayLike) -> Array:
    """Rotation matrices (..., 3, 3) = Rz(yaw) Ry(pitch) Rx(roll) of angles (..., 3) in radians."""
    values = np.asarray(angles, np.float64)
    (cr, cp, cy), (sr, sp, sy) = (np.moveaxis(f(values), -1, 0) for f in (np.cos, np.sin))
    rows = (
        (cy * cp, cy * sp * sr - sy * cr, cy * sp * cr + sy * sr),
        (sy * cp, sy * sp * sr + cy * cr, sy * sp * cr - cy * sr),
        (-sp, cp * sr, cp * cr),
    )
    return np.stack([np.stack(row, -1) for row in rows], -2)


@dataclass(frozen=True)
class Tree:
    """Joints with their parents; a parent always comes before its children.

    Attributes:
        names: J node names.
        parents: Index of each node's parent; -1 for the root, which is node 0.
        offsets: (J, 3) metres: each node in its parent's frame in the rest pose.
    """

    names: tuple[str, ...]
    parents: tuple[int, ...]
    offsets: Array

    @classmethod
    def build(cls, nodes: Sequence[Node]) -> Tree:
        """Make a tree of (name, parent's name, offset in metres); the root's parent is None."""
        names = tuple(name for name, _, _ in nodes)
        parents = tuple(-1 if parent is None else names.index(parent) for _, parent, _ in nodes)
        if parents[0] != -1 or any(not 0 <= p < i for i, p in enumerate(parents) if i):
            raise ValueError("list the root first and every parent before its children")
        return cls(names, parents, np.array([offset for _, _, offset in nodes], np.float64))

    def __len__(self) -> int:
        return len(self.names)

    def index(self, name: str) -> int:
        """Position of the node ``name``."""
        return self.names.index(name)

    def angles(self, count: int, degrees: Degrees) -> Array:
        """Angles (count, J, 3) in radians; ``degrees`` maps a node to its roll, pitch and yaw.

        Each of the three is a number or has shape (count,). Nodes that are left out stay at rest.
        """
        out = np.zeros((count, len(self), 3))
        for name, axes in degrees.items():
            for axis, value in enumerate(axes):
                out[:, self.index(name), axis] = np.deg2rad(np.asarray(value, np.float64))
        return out

    def forward(
        self, angles: Array, scales: Array | None = None, rotation: Array | None = None
    ) -> Array:
        """Positions (N, J, 3) in metres of all nodes, with the root at the origin.

        Args:
            angles: (N, J, 3) radians.
            scales: (N, J, 3) or (1, J, 3) factors on ``offsets``; None leaves them as they are.
            rotation: (N, 3, 3) of the root's frame; None is the identity.
        """
        local = matrix_from_angles(angles)
        offsets = self.offsets * (1.0 if scales is None else scales)
        offsets = np.broadcast_to(offsets, angles.shape)
        turned = local.copy()
        positions = np.zeros(angles.shape)
        if rotation is not None:
            turned[:, 0] = rotation @ local[:, 0]
        for child, parent in enumerate(self.parents[1:], start=1):
            arm = turned[:, parent] @ offsets[:, child, :, None]
            positions[:, child] = positions[:, parent] + arm[..., 0]
            turned[:, child] = turned[:, parent] @ local[:, child]
        return positions


def mirrored(nodes: Sequence[Node]) -> list[Node]:
    """Both sides of ``left_*`` nodes: as given, then reflected in the x-z plane as ``right_*``."""
    right: list[Node] = []
    for name, parent, (x, y, z) in nodes:
        other = parent.replace("left_", "right_", 1) if parent else None
        right.append((name.replace("left_", "right_", 1), other, (x, -y, z)))
    return [*nodes, *right]
