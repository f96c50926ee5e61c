"""Where one coordinate frame lies in its parent, as a recording tells it over time."""

from __future__ import annotations

import math
from array import array

import numpy as np
from numpy.typing import NDArray
from transforms3d.quaternions import quat2mat

from lfm_ros.core.errors import FrameError
from lfm_ros.core.rigid import Rigid
from lfm_ros.core.rotations import quat_wxyz_from_xyzw

# tf2 refuses what is further from length 1.
_LENGTH_ERROR = 0.01
# tf2 has forgotten the earlier of two transforms that are further apart.
_LONGEST_GAP_NS = 10_000_000_000

Array = NDArray[np.float64]


class Joint:
    """One frame's place in its parent; first told, then asked.

    Args:
        name: Of the frame, for messages.
        fixed: It was told on /tf_static: the last that was said holds at any time.
    """

    def __init__(self, name: str, fixed: bool) -> None:
        self._name, self.fixed = name, fixed
        self._stamps, self._numbers = array("q"), array("d")
        self._parents: list[str] = []
        self._sorted: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None

    def add(
        self, stamp_ns: int, parent: str, shift: tuple[float, ...], quat_xyzw: tuple[float, ...]
    ) -> None:
        """Take over a transform: this frame's origin and axes in its parent.

        Raises:
            FrameError: It is no transform.
        """
        length = math.hypot(*quat_xyzw)
        if not all(map(math.isfinite, shift)) or not abs(length - 1) < _LENGTH_ERROR:
            raise FrameError(
                f"a transform from {self._name!r} to {parent!r} is left out: its quaternion is not "
                "of length 1, or a number of it is not finite"
            )
        self._stamps.append(stamp_ns)
        self._parents.append(parent)
        self._numbers.extend((*shift, *(value / length for value in quat_xyzw)))
        self._sorted = None

    def at(self, stamp_ns: int) -> tuple[str, Rigid]:
        """The parent and how to get there, in between two transforms by interpolation.

        Raises:
            FrameError: What was told does not reach this moment.
        """
        if self.fixed:
            return self._told(len(self._parents) - 1)
        stamps, order = self._by_stamp()
        before = int(np.searchsorted(stamps, stamp_ns, "right")) - 1
        if before < 0:
            raise self._silent("begins after")
        first = int(order[before])
        if stamps[before] == stamp_ns:
            return self._told(first)
        if before + 1 == len(stamps):
            raise self._silent("ends before")
        second, gap = int(order[before + 1]), int(stamps[before + 1] - stamps[before])
        if gap > _LONGEST_GAP_NS:
            raise self._silent("pauses for more than 10 s around")
        # Handed over from one parent to another: the first has it until then.
        if self._parents[first] != self._parents[second]:
            return self._told(first)
        share = (stamp_ns - int(stamps[before])) / gap
        return self._parents[first], _between(self._pose(first), self._pose(second), share)

    def _told(self, number: int) -> tuple[str, Rigid]:
        shift, quat_wxyz = self._pose(number)
        return self._parents[number], Rigid(quat2mat(quat_wxyz), shift)

    def _pose(self, number: int) -> tuple[Array, Array]:
        """Shift (3,) and quaternion wxyz (4,)."""
        numbers = np.array(self._numbers[7 * number : 7 * number + 7])
        return numbers[:3], quat_wxyz_from_xyzw(numbers[3:])

    def _by_stamp(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Stamps in their order, and which transforms they are of."""
        if self._sorted is None:
            stamps = np.array(self._stamps, np.int64)
            order = np.argsort(stamps, kind="stable")
            self._sorted = stamps[order], order
        return self._sorted

    def _silent(self, how: str) -> FrameError:
        return FrameError(f"the recording's /tf of {self._name!r} {how} the image")


def _between(first: tuple[Array, Array], second: tuple[Array, Array], share: float) -> Rigid:
    """Part of the way: a straight line, and a turn about one axis at one speed.

    Source: K. Shoemake, Animating rotation with quaternion curves, SIGGRAPH 1985.
    """
    shift = (1 - share) * first[0] + share * second[0]
    one, other = first[1], second[1]
    # q and -q are the same rotation; from the nearer one it is the shorter way.
    other = other if one @ other >= 0 else -other
    angle = 2 * np.arctan2(np.linalg.norm(other - one), np.linalg.norm(other + one)) / np.pi
    ahead, behind = share * np.sinc(share * angle), (1 - share) * np.sinc((1 - share) * angle)
    return Rigid(quat2mat((behind * one + ahead * other) / np.sinc(angle)), shift)
