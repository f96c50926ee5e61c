"""Orientations without their jitter."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lfm_ros.core.filters import ConstantVelocity, Floats, at_rest
from lfm_ros.core.rotations import Array

# Cosine of half of 60 degrees. Further than that nothing turns from one frame to the next: then a
# symmetric thing was mistaken, or what was seen before was wrong, and nothing is to be smoothed.
_LEAP = np.sqrt(0.75)
# Seconds after which nobody is turned as he was.
_LONGEST_GAP = 0.5
# How much less steady a turn is than a keypoint. Chosen with the objects of
# training.evaluation.turning: twice as much halves the jitter once more, and adds 10 ms of delay.
_DOUBT = 2.0

_FILTER = ConstantVelocity()


class SteadyTurns:
    """Remembers how the instances of one stream of frames were turned, and how fast they turn.

    A quaternion is smoothed as a point is, and brought back to the unit sphere: between two frames
    that is as flat as the paths of points are. A low pass that opens up with speed was tried too:
    for the same jitter it takes twice the delay. Not for several threads.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget everybody."""
        self._ids: list[int] = []
        self._stamp_ns = 0
        # Quaternions and how they change in a second, as filters keep them.
        self._state: Floats = np.zeros((2, 0, 4))

    def step(
        self, ids: Sequence[int], quat_xyzw: Array, stamp_ns: int, strength: float = 1.0
    ) -> Floats:
        """The orientations of a frame without their jitter.

        Who was not in the frame before, or was turned quite otherwise there, is taken as he is.

        Args:
            ids: Who the B instances are, none twice.
            quat_xyzw: Unit quaternions, shape (B, 4).
            stamp_ns: Of the frame, nanoseconds.
            strength: More than 1 smooths more.

        Returns:
            Unit quaternions (B, 4), of either sign; not to be written to.
        """
        seconds = 1e-9 * (stamp_ns - self._stamp_ns)
        if not 0 < seconds <= _LONGEST_GAP:
            self.reset()
        state = self._before(ids, quat_xyzw)
        if self._ids:
            alike = (state[0] * quat_xyzw).sum(-1, keepdims=True)
            # A quaternion and its negative are the same turn.
            quat_xyzw = np.where(alike < 0, -quat_xyzw, quat_xyzw)
            leaps = np.abs(alike[:, 0]) < _LEAP
            state[0, leaps], state[1, leaps] = quat_xyzw[leaps], 0.0
            doubt = np.array(strength * _DOUBT)
            state = _FILTER.step(state, quat_xyzw, np.array(seconds), doubt, np.array(1.0))
            state[0] /= np.sqrt((state[0] * state[0]).sum(-1, keepdims=True))
            # What changes its length is no turn.
            state[1] -= (state[0] * state[1]).sum(-1, keepdims=True) * state[0]
        self._ids, self._stamp_ns, self._state = list(ids), stamp_ns, state
        return state[0]

    def _before(self, ids: Sequence[int], quat_xyzw: Array) -> Floats:
        """The state (2, B, 4) of these; that of newcomers is as they are, at rest."""
        if self._ids == list(ids):
            return self._state.copy()
        state = at_rest(quat_xyzw.astype(np.float64))
        place = {one: row for row, one in enumerate(self._ids)}
        rows = [row for row, one in enumerate(ids) if one in place]
        state[:, rows] = self._state[:, [place[ids[row]] for row in rows]]
        return state
