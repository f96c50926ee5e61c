"""How an object is turned, told by its points.

The rotation of a network's canonical structure does not tell it: from frame to frame the network
chooses its canonical directions anew, nearly with the view, so that an object may turn by half a
circle before the camera and that rotation stays what it was. The points do turn with the object.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.alignment import centred
from lfm_ros.core.rotations import Array

Floats = NDArray[np.floating]

# How much the identity counts beside the points, as a share of what these say in all: it decides
# where they say nothing (around the axis of a thin object), and calms them where they say little.
_HELD = 0.003


def turned_since(first: Floats, now: Floats, known: NDArray[np.bool_]) -> Array:
    """Rotations (B, 3, 3), det = +1, that take objects as they first were nearest to what they are.

    Points that do not say how to turn leave the object as it was: the least turn that fits, and
    none at all without points.

    Args:
        first: Points, shape (B, K, 3), from anywhere.
        now: The same points, in any unit, from anywhere.
        known: Which of them were known first and are known now, shape (B, K).

    Source: S. Umeyama, Least-squares estimation of transformation parameters between two point
    patterns, IEEE PAMI 13(4), 1991, Eq. 40.
    """
    share = known / np.maximum(known.sum(1, keepdims=True), 1)
    around = centred(first.astype(np.float64), share)[1] * known[..., None]
    moment = np.swapaxes(now, 1, 2).astype(np.float64) @ around
    said = np.sqrt(np.square(moment).sum((1, 2)))
    u, _, vt = np.linalg.svd(moment + (_HELD * said)[:, None, None] * np.eye(3))
    mirrored = np.linalg.det(u @ vt) < 0
    u[mirrored, :, 2] *= -1
    return u @ vt
