"""TF of a frame: one frame an instance, in its own axes, and optionally one a keypoint."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from builtin_interfaces.msg import Time
from geometry_msgs.msg import TransformStamped
from numpy.typing import NDArray
from std_msgs.msg import Header

from lfm_ros.core.rotations import matrix_from_quat_xyzw, quat_xyzw_from_matrix
from lfm_ros.core.skeleton import Skeleton
from lfm_ros.core.steady_turns import SteadyTurns
from lfm_ros.instance_frames import instance_frames
from lfm_ros.ros.cdr import Numbers
from lfm_ros.ros.cdr_transforms import Names, TransformMessages
from lfm_ros.ros.lifted_frame import LiftedFrame
from lfm_ros.ros.parameters import LifterParameters
from lfm_ros.ros.slots import TrackSlots
from lfm_ros.ros.stamps import nanoseconds
from lfm_ros.ros.tf_message import TFMessage

Array = NDArray[np.float64]


class TransformBuilder:
    """Makes the transforms of a frame and lends the frame names. Not for several threads.

    Args:
        rigs: The rigs that ``Tracked.skeleton`` points into.
        settings: ``max_tracks``, ``tf_naming`` and ``tf_prefix`` are taken from here for good.
        fast: Whether to make bytes, where that works.
        tell: Called once with a sentence if it does not.
    """

    def __init__(
        self,
        rigs: Sequence[Skeleton],
        settings: LifterParameters,
        *,
        fast: bool = False,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._rigs = list(rigs)
        self._settings = settings
        self._messages = TransformMessages(
            transform_message, enabled=fast and TFMessage is not None, tell=tell
        )
        self._keypoint_names = lru_cache(settings.max_tracks * len(self._rigs))(self._named)
        self.reset()

    def reset(self) -> None:
        """Forget who has which frame name, and how everybody was turned."""
        self._slots = TrackSlots(self._settings.max_tracks)
        self._turns = SteadyTurns()

    def message(
        self, frame: LiftedFrame, *, keypoints: bool, strength: float = 0.0
    ) -> tuple[Any, int]:
        """``tf2_msgs/msg/TFMessage`` or its bytes, None without transforms; see ``build``."""
        names, numbers, without = self._frames(frame, keypoints, strength)
        if not names:
            return None, without
        return self._messages.message(_stamp(frame.stamp), names, numbers), without

    def build(
        self, frame: LiftedFrame, *, keypoints: bool, strength: float = 0.0
    ) -> tuple[list[TransformStamped], int]:
        """Transforms of the valid instances, and how many of these got none.

        Args:
            frame: Its ``frame_id`` names the parent frame.
            keypoints: Also a child frame for every keypoint, with the instance's orientation.
            strength: How much orientations are smoothed; 0: not at all.
        """
        names, numbers, without = self._frames(frame, keypoints, strength)
        return transforms(_stamp(frame.stamp), names, numbers), without

    def _frames(
        self, frame: LiftedFrame, keypoints: bool, strength: float
    ) -> tuple[list[Names], Array, int]:
        """Names of T transforms, their numbers (T, 7), and how many instances got none."""
        tracked = frame.tracked
        rows = np.flatnonzero(tracked.valid)
        slots = self._slots.assign(tracked.instance_id[rows].tolist())
        lent = [slot for slot in slots if slot is not None]
        named = rows[np.array([slot is not None for slot in slots], bool)]
        without = len(rows) - len(named)
        origins, rotations = instance_frames(tracked, named, self._rigs)
        quat_xyzw = quat_xyzw_from_matrix(rotations)
        if strength > 0:
            # Of steady points an axis is still not steady: a pelvis is short. Here and not in the
            # tracker, since it is here that the axes of a rig are known, and only if they are used.
            ids, stamp_ns = tracked.instance_id[named].tolist(), nanoseconds(frame.stamp)
            quat_xyzw = self._turns.step(ids, quat_xyzw, stamp_ns, strength)
        numbers = np.concatenate([origins, quat_xyzw], -1)
        parent = frame.frame_id
        names: list[Names] = [(parent, self._instance_name(slot)) for slot in lent]
        if not keypoints:
            return names, numbers, without
        # Parents come before their children, an instance after the other.
        block = np.zeros((len(named), 1 + tracked.points.shape[1], 7))
        turns = matrix_from_quat_xyzw(quat_xyzw)
        block[:, 0] = numbers
        block[:, 1:, :3] = (tracked.points[named] - origins[:, None]) @ turns
        block[:, 1:, 6] = 1
        there = np.ones(block.shape[:2], bool)
        there[:, 1:] = tracked.known[named]
        every: list[Names] = []
        rigs = tracked.skeleton[named].tolist()
        for index, (slot, rig) in enumerate(zip(lent, rigs, strict=True)):
            children = self._keypoint_names(slot, rig)
            every.append(names[index])
            every += [children[k] for k in np.flatnonzero(tracked.known[named[index]]).tolist()]
        return every, block[there], without

    def _instance_name(self, slot: int) -> str:
        if self._settings.tf_naming == "rep155":
            return f"body_{slot}"
        return f"{self._settings.tf_prefix}{slot}"

    def _named(self, slot: int, rig: int) -> list[Names]:
        """Names of the frames of every keypoint of a rig."""
        parent = self._instance_name(slot)
        if self._settings.tf_naming == "rep155":
            return [(parent, f"{name}_{slot}") for name in self._rigs[rig].rep155_names]
        return [(parent, f"{parent}/{name}") for name in self._rigs[rig].names]


def transform_message(stamp: Numbers, names: Sequence[Names], numbers: Numbers) -> Any:
    """``tf2_msgs/msg/TFMessage``; see ``transforms``."""
    assert TFMessage is not None, "without tf2_msgs nobody asks for one"
    return TFMessage(transforms=transforms(stamp, names, numbers))


def transforms(stamp: Numbers, names: Sequence[Names], numbers: Numbers) -> list[TransformStamped]:
    """The transforms of a message; this is the place that says what is in one.

    Args:
        stamp: Seconds and nanoseconds, (2,).
        names: Parent and child frame of T transforms.
        numbers: Translation in metres and rotation xyzw of each, (T, 7).
    """
    sec, nanosec = stamp.tolist()
    made = []
    for (parent, child), (x, y, z, qx, qy, qz, qw) in zip(names, numbers.tolist(), strict=True):
        header = Header(stamp=Time(sec=sec, nanosec=nanosec), frame_id=parent)
        one = TransformStamped(header=header, child_frame_id=child)
        shift, turn = one.transform.translation, one.transform.rotation
        shift.x, shift.y, shift.z = x, y, z
        turn.x, turn.y, turn.z, turn.w = qx, qy, qz, qw
        made.append(one)
    return made


def _stamp(stamp: Any) -> Numbers:
    return np.array([stamp.sec, stamp.nanosec], "<i4")
