"""Sets of hands: the left ones are mirrored, so that all of a set are right hands."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Right hands throughout, as their publishers say; their files do not.
_RIGHT = ("hand/nyu_test14",)
_LEFT_ROW = 0


def as_right_hands(
    name: str, xyz: NDArray[np.float32], hand: NDArray[np.int64] | None, up: NDArray[np.float32]
) -> tuple[NDArray[np.float32], str]:
    """Points of right hands where it is known which hand each row is.

    Args:
        name: Of the set.
        xyz: (N, K, 3).
        hand: (N,) 0 for left hands, 1 for right ones; None: the file does not say.
        up: (3,) against gravity, which a mirror keeps; zeros where unknown.

    Returns:
        The points, and the ``side`` of the set's skeleton: ``right``, or empty if not known.
    """
    if hand is None:
        return xyz, "right" if name in _RIGHT else ""
    mirror = np.ones(3, np.float32)
    mirror[int(up[0] != 0)] = -1
    left = (hand == _LEFT_ROW)[:, None, None]
    return np.where(left, xyz * mirror, xyz), "right"
