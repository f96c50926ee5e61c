"""What of a frame is drawn, and in which colours.

That depends on who is there and which keypoints were seen, not on where they are: mostly it is the
same as in the frame before, and made once for all frames in which it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.palette import PALETTE_SIZE, instance_colors
from lfm_ros.core.skeleton import Skeleton
from lfm_ros.tracked import Tracked

Rows = NDArray[np.intp]
Colors = NDArray[np.float32]


@dataclass(frozen=True)
class Look:
    """What of a frame is drawn. Keypoints are rows of the frame's points as (B K, 3).

    Attributes:
        shown: Keypoints that are drawn, shape (P,); None: all.
        colors: RGBA of each, shape (P, 4).
        ends: Keypoints at both ends of each edge, shape (2 E,).
        edge_colors: RGBA of each end, shape (2 E, 4).
    """

    shown: Rows | None
    colors: Colors
    ends: Rows
    edge_colors: Colors


class Looks:
    """Finds the look of one frame after the other. Not for several threads.

    Args:
        rigs: The rigs that ``Tracked.skeleton`` points into.
    """

    def __init__(self, rigs: Sequence[Skeleton]) -> None:
        self._edges, self._has_edge = _edge_table(rigs)
        self._last: tuple[object, Look] | None = None

    def of(self, tracked: Tracked, alpha: float, filled_alpha: float) -> Look:
        """The look of a frame.

        Args:
            tracked: Only who is there and what was seen of them matters.
            alpha: Opacity of observed keypoints.
            filled_alpha: Opacity of those that were filled in.
        """
        who = (tracked.valid, tracked.instance_id, tracked.skeleton)
        deciding = (*who, tracked.known, tracked.observed)
        why = (alpha, filled_alpha, *(array.tobytes() for array in deciding))
        if self._last is None or self._last[0] != why:
            self._last = why, self._look(tracked, _shades(alpha, filled_alpha))
        return self._last[1]

    def _look(self, tracked: Tracked, shades: Colors) -> Look:
        shown = np.flatnonzero(tracked.valid[:, None] & tracked.known)
        shade = (2 * (tracked.instance_id % PALETTE_SIZE)[:, None] + tracked.observed).ravel()
        ends = self._ends(tracked)
        # An edge is as faint as the fainter of its ends, which are one instance's.
        fainter = shade[ends].min(1)
        everything = len(shown) == tracked.known.size
        return Look(
            None if everything else shown,
            shades[shade[shown]],
            ends.ravel(),
            shades[fainter.repeat(2)],
        )

    def _ends(self, tracked: Tracked) -> Rows:
        """Both ends of every edge, shape (E, 2)."""
        # Both ends of an edge are known: the network fills in what hangs on another keypoint.
        rows = np.flatnonzero(tracked.valid)
        rigs = tracked.skeleton[rows]
        ends = self._edges[rigs] + (rows * tracked.points.shape[1])[:, None, None]
        return ends[self._has_edge[rigs]]


def _shades(alpha: float, filled_alpha: float) -> Colors:
    """RGBA of every colour, first of keypoints that were filled in, then of observed ones."""
    shades = np.empty((2 * PALETTE_SIZE, 4), np.float32)
    shades[:, :3] = instance_colors(np.arange(PALETTE_SIZE)).repeat(2, 0)
    shades[:, 3] = (filled_alpha, alpha) * PALETTE_SIZE
    return shades


def _edge_table(rigs: Sequence[Skeleton]) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Edges of every rig, shape (rigs, most edges, 2), and which of them there are."""
    most = max((len(rig.edges) for rig in rigs), default=0)
    table = np.zeros((len(rigs), most, 2), np.intp)
    there = np.zeros((len(rigs), most), bool)
    for index, rig in enumerate(rigs):
        table[index, : len(rig.edges)] = np.reshape(rig.edges, (-1, 2))
        there[index, : len(rig.edges)] = True
    return table, there
