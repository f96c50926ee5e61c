"""How instances were when they were seen first, which tells how they are turned now."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lfm_ros.lifted import Lifted

Float = NDArray[np.float32]


class FirstSeen(NamedTuple):
    """B instances, each in its first frame.

    Attributes:
        shape: (B, K, 3), points around the middle, zeros where nothing was known of them.
        rotation: (B, 3, 3), ``Lifted.rotation``.
    """

    shape: Float
    rotation: Float

    @classmethod
    def now(cls, out: Lifted) -> FirstSeen:
        """Everybody in a frame, as if it were the first."""
        around = (out.points - out.middle[:, None]) * out.known[..., None]
        return cls(around, out.rotation)


#: Hardly anybody asks: TF does, of rigs without axes of their own. So it is put off until then.
FindFirst = Callable[[], FirstSeen]


def first_turned(find: FindFirst, turn: NDArray[np.floating], rows: NDArray[np.bool_]) -> FirstSeen:
    """The same, some ``rows`` (B,) of them turned by a rotation (3, 3)."""
    shape, rotation = (values.copy() for values in find())
    shape[rows] = shape[rows] @ turn.T
    rotation[rows] = turn @ rotation[rows]
    return FirstSeen(shape, rotation)


def first_of(
    count: int, keypoints: int, parts: Sequence[tuple[NDArray[np.int64], FindFirst]]
) -> FirstSeen:
    """``count`` instances, each part of them at its places; zeros and identity for the rest."""
    shape = np.zeros((count, keypoints, 3), np.float32)
    rotation = np.tile(np.eye(3, dtype=np.float32), (count, 1, 1))
    for places, find in parts:
        # Nobody has no keypoints either, which fits into no place.
        if len(places):
            shape[places], rotation[places] = find()
    return FirstSeen(shape, rotation)
