"""Orientations without their jitter."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lfm_ros.core.filters import ConstantVelocity
from lfm_ros.core.rotations import Array, matrix_from_rotvec, rotvec_from_matrix

# Further than this, 60 degrees, nothing turns from one frame to the next: then a symmetric thing
# was mistaken, or what was seen before was wrong, and there is nothing to be smoothed.
_LEAP = np.pi / 3
# Seconds after which nobody is turned as he was.
_LONGEST_GAP = 0.5
# How much less steady a turn in radians is than a keypoint in radii. Chosen with the objects of
# training.evaluation.turning: twice as much halves the jitter once more, and adds 10 ms of delay.
_DOUBT = 2.0

_FILTER = ConstantVelocity()


class SteadyTurns:
    """Remembers how the instances of one stream of frames were turned, and how fast they turn.

    Each turn is smoothed as a point is, in the tangent space of the orientation before it. A low
    pass that opens up with speed was tried too: for the same jitter it takes twice the delay.
    Not for several threads.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget everybody."""
        self._ids: list[int] = []
        self._stamp_ns = 0
        self._turns = np.zeros((0, 3, 3))
        self._speeds = np.zeros((0, 3))

    def step(self, ids: Sequence[int], turns: Array, stamp_ns: int, strength: float = 1.0) -> Array:
        """The orientations of a frame without their jitter.

        Who was not in the frame before, or was turned quite otherwise there, is taken as he is.

        Args:
            ids: Who the B instances are, none twice.
            turns: Shape (B, 3, 3), det = +1.
            stamp_ns: Of the frame, nanoseconds.
            strength: More than 1 smooths more.

        Returns:
            Shape (B, 3, 3); not to be written to.
        """
        seconds = 1e-9 * (stamp_ns - self._stamp_ns)
        if not 0 < seconds <= _LONGEST_GAP:
            self.reset()
        before, speeds = self._before(ids, turns)
        step = rotvec_from_matrix(turns @ np.swapaxes(before, 1, 2))
        leaps = np.linalg.norm(step, axis=-1) > _LEAP
        before[leaps], step[leaps], speeds[leaps] = turns[leaps], 0.0, 0.0
        if len(self._ids):
            state = np.stack([np.zeros_like(speeds), speeds])
            each, doubt = np.full((1, 1), seconds), np.full((1, 1), strength * _DOUBT)
            step, speeds = _FILTER.step(state, step, each, doubt, np.ones((1, 1)))
        self._ids, self._stamp_ns = list(ids), stamp_ns
        self._turns, self._speeds = matrix_from_rotvec(step) @ before, speeds
        return self._turns

    def _before(self, ids: Sequence[int], turns: Array) -> tuple[Array, Array]:
        """How these were turned, and how fast they turned; newcomers: as they are, at rest."""
        if self._ids == list(ids):
            return self._turns.copy(), self._speeds.copy()
        before, speeds = turns.astype(np.float64), np.zeros((len(turns), 3))
        place = {one: row for row, one in enumerate(self._ids)}
        rows = [row for row, one in enumerate(ids) if one in place]
        old = [place[ids[row]] for row in rows]
        before[rows], speeds[rows] = self._turns[old], self._speeds[old]
        return before, speeds
