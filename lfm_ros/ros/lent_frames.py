"""Whose frame has which name in TF, where it is and how it is turned: of a node or a recording."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.rotations import quat_xyzw_from_matrix
from lfm_ros.core.skeleton import Skeleton
from lfm_ros.core.steady_turns import SteadyTurns
from lfm_ros.instance_frames import instance_frames
from lfm_ros.ros.clouds import NO_SLOT
from lfm_ros.ros.slots import TrackSlots
from lfm_ros.tracked import Tracked

Array = NDArray[np.float64]


class Lent(NamedTuple):
    """The frames of R of the instances.

    Attributes:
        rows: (R,), whose.
        slots: What stands for each in its frame's name.
        origins: (R, 3), in the frame of the points.
        quat_xyzw: (R, 4), unit quaternions.
        without: How many valid instances got none, because there are more of them than slots or
            because their id is there twice.
    """

    rows: NDArray[np.intp]
    slots: list[int]
    origins: Array
    quat_xyzw: Array
    without: int


class LentFrames:
    """Lends a frame to every instance of one stream of frames. Not for several threads.

    Args:
        rigs: Those that ``Tracked.skeleton`` points into.
        slots: How many frames there are.
    """

    def __init__(self, rigs: Sequence[Skeleton], slots: int) -> None:
        self._rigs, self._count = list(rigs), slots
        self.reset()

    def reset(self) -> None:
        """Forget who has which frame, and how everybody was turned."""
        self._slots = TrackSlots(self._count)
        self._turns = SteadyTurns()

    def slots_of(self, tracked: Tracked) -> NDArray[np.int16]:
        """What stands for each instance (B,) in the name of its frame; -1 for none."""
        slots = np.full(len(tracked), NO_SLOT, np.int16)
        valid = np.flatnonzero(tracked.valid)
        lent = self._slots.assign(tracked.instance_id[valid].tolist())
        slots[valid] = [NO_SLOT if slot is None else slot for slot in lent]
        return slots

    def lend(self, tracked: Tracked, stamp_ns: int, strength: float) -> Lent:
        """The frames of the valid instances.

        Args:
            tracked: Who is there.
            stamp_ns: Of the frame, nanoseconds.
            strength: How much orientations are smoothed; 0: not at all.
        """
        slots = self.slots_of(tracked)
        rows = np.flatnonzero(slots != NO_SLOT)
        origins, rotations = instance_frames(tracked, self._rigs, rows)
        quat_xyzw = quat_xyzw_from_matrix(rotations)
        if strength > 0:
            # Of steady points an axis is still not steady: a pelvis is short. Here and not in the
            # tracker, since it is here that the axes of a rig are known, and only if they are used.
            ids = tracked.instance_id[rows].tolist()
            quat_xyzw = self._turns.step(ids, quat_xyzw, stamp_ns, strength)
        without = np.count_nonzero(tracked.valid) - len(rows)
        return Lent(rows, slots[rows].tolist(), origins, quat_xyzw, without)
