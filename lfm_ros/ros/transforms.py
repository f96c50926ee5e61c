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

from lfm_ros.core.rotations import matrix_from_quat_xyzw
from lfm_ros.core.skeleton import Skeleton
from lfm_ros.ros.cdr import Numbers
from lfm_ros.ros.cdr_transforms import Names, TransformMessages
from lfm_ros.ros.lent_frames import Lent, LentFrames
from lfm_ros.ros.lifted_frame import LiftedFrame
from lfm_ros.ros.parameters import LifterParameters
from lfm_ros.ros.stamps import nanoseconds
from lfm_ros.ros.tf_message import TFMessage
from lfm_ros.tracked import Tracked

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
        self._frames = LentFrames(self._rigs, settings.max_tracks)

    def reset(self) -> None:
        """Forget who has which frame name, and how everybody was turned."""
        self._frames.reset()

    def message(
        self, frame: LiftedFrame, *, keypoints: bool, strength: float = 0.0
    ) -> tuple[Any, int]:
        """``tf2_msgs/msg/TFMessage`` or its bytes, None without transforms; see ``build``."""
        names, numbers, without = self._named_numbers(frame, keypoints, strength)
        if not names:
            return None, without
        return self._messages.message(_stamp(frame.stamp), names, numbers), without

    def slots_of(self, tracked: Tracked) -> NDArray[np.int16]:
        """What stands for each instance (B,) in the name of its frame; -1 for none."""
        return self._frames.slots_of(tracked)

    def build(
        self, frame: LiftedFrame, *, keypoints: bool, strength: float = 0.0
    ) -> tuple[list[TransformStamped], int]:
        """Transforms of the valid instances, and how many of these got none.

        Args:
            frame: Its ``frame_id`` names the parent frame.
            keypoints: Also a child frame for every keypoint, with the instance's orientation.
            strength: How much orientations are smoothed; 0: not at all.
        """
        names, numbers, without = self._named_numbers(frame, keypoints, strength)
        return transforms(_stamp(frame.stamp), names, numbers), without

    def _named_numbers(
        self, frame: LiftedFrame, keypoints: bool, strength: float
    ) -> tuple[list[Names], Array, int]:
        """Names of T transforms, their numbers (T, 7), and how many instances got none."""
        lent = self._frames.lend(frame.tracked, nanoseconds(frame.stamp), strength)
        numbers = np.concatenate([lent.origins, lent.quat_xyzw], -1)
        parent = frame.frame_id
        names: list[Names] = [(parent, self._instance_name(slot)) for slot in lent.slots]
        if keypoints:
            names, numbers = self._with_keypoints(frame.tracked, lent, names, numbers)
        return names, numbers, lent.without

    def _with_keypoints(
        self, tracked: Tracked, lent: Lent, names: list[Names], numbers: Array
    ) -> tuple[list[Names], Array]:
        """The same with a frame for every known keypoint behind that of its instance."""
        block = np.zeros((len(lent.rows), 1 + tracked.points.shape[1], 7))
        turns = matrix_from_quat_xyzw(lent.quat_xyzw)
        block[:, 0] = numbers
        block[:, 1:, :3] = (tracked.points[lent.rows] - lent.origins[:, None]) @ turns
        block[:, 1:, 6] = 1
        known = tracked.known[lent.rows]
        there = np.ones(block.shape[:2], bool)
        there[:, 1:] = known
        every: list[Names] = []
        rigs = tracked.skeleton[lent.rows].tolist()
        for index, (slot, rig) in enumerate(zip(lent.slots, rigs, strict=True)):
            children = self._keypoint_names(slot, rig)
            every.append(names[index])
            every += [children[k] for k in np.flatnonzero(known[index]).tolist()]
        return every, block[there]

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
