"""Forward kinematics of a motion file: bones that turn, and where their ends then are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.skeleton import Skeleton

Array = NDArray[np.float64]

#: Joints closer to their parent than this share of the longest bone are the same point.
SAME_POINT = 1e-6


def joint_positions(parents: Sequence[int], offsets: Array, local: Array, *, own: bool) -> Array:
    """Positions of the joints in the frame of the root's parent, before any root translation.

    Args:
        parents: J indices; a parent comes before its children, -1 is a root.
        offsets: (T, J, 3) or (1, J, 3): from the parent joint to the joint.
        local: (T, J, 3, 3): rotation of each joint relative to its parent's.
        own: The offset turns with the joint's own rotation (ASF: a bone carries its end), not
            with its parent's (BVH: a joint hangs on its parent).

    Returns:
        (T, J, 3) in the unit of the offsets.
    """
    turned = local.copy()
    positions = np.broadcast_to(offsets, (*local.shape[:2], 3)).copy()
    for joint, parent in enumerate(parents):
        if parent >= 0:
            turned[:, joint] = turned[:, parent] @ local[:, joint]
        frame = turned[:, joint if own else parent] if own or parent >= 0 else None
        if frame is not None:
            positions[:, joint] = (frame @ positions[:, joint, :, None])[..., 0]
        if parent >= 0:
            positions[:, joint] += positions[:, parent]
    return positions


def distinct(
    names: Sequence[str], parents: Sequence[int], offsets: Array
) -> tuple[Skeleton, list[int]]:
    """The rig without joints that coincide with their parent, and the indices of those that stay.

    Args:
        names: J names.
        parents: J indices, -1 for a root.
        offsets: (J, 3) from parent to joint, at rest.
    """
    lengths = np.linalg.norm(offsets, axis=-1)
    least = SAME_POINT * lengths.max(initial=0)
    home: list[int] = []
    for joint, parent in enumerate(parents):
        home.append(home[parent] if parent >= 0 and lengths[joint] <= least else joint)
    kept = [j for j, place in enumerate(home) if place == j]
    edges = [(kept.index(home[parents[j]]), kept.index(j)) for j in kept if parents[j] >= 0]
    return Skeleton([names[j] for j in kept], edges), kept
