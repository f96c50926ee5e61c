"""How the coordinate frames of a recording lie to each other, by its /tf and /tf_static."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from lfm_ros.bags.joint import Joint
from lfm_ros.core.errors import FrameError
from lfm_ros.core.rigid import Rigid
from lfm_ros.ros.stamps import nanoseconds

_HERE = Rigid(np.eye(3), np.zeros(3))
_NAMED_AT_MOST = 12


class RecordedTransforms:
    """All transforms of a recording; what tf2 is to a running node.

    Unlike tf2 it knows what was said later, and forgets nothing.

    Args:
        moving: ``tf2_msgs/msg/TFMessage`` of /tf.
        fixed: Those of /tf_static.
        complain: Told what cannot be used.
    """

    def __init__(
        self, moving: Iterable[Any], fixed: Iterable[Any], complain: Callable[[str], None]
    ) -> None:
        self._joints: dict[str, Joint] = {}
        self._frames: set[str] = set()
        # Whoever is on both, moves.
        for messages, is_fixed in ((moving, False), (fixed, True)):
            for message in messages:
                for transform in message.transforms:
                    try:
                        self._add(transform, is_fixed)
                    except FrameError as error:
                        complain(str(error))

    def require(self, frame: str, wanted_as: str) -> None:
        """Refuse a frame that is not there at any time.

        Args:
            frame: Its name.
            wanted_as: What it is wanted for, for the message.

        Raises:
            FrameError: The whole recording does not name it.
        """
        if frame.lstrip("/") not in self._frames:
            raise FrameError(
                f"{wanted_as} {frame!r} is not in the recording's /tf, which has {self._has()}; "
                "name one of these"
            )

    def between(self, target: str, source: str, stamp_ns: int) -> Rigid:
        """How to bring points of one frame into another at some time.

        Args:
            target: Name of the frame to bring them into.
            source: Name of the frame that they are in.
            stamp_ns: The time, nanoseconds.

        Raises:
            FrameError: The recording does not tell.
        """
        target, source = target.lstrip("/"), source.lstrip("/")
        for name in (target, source):
            if name not in self._frames:
                raise FrameError(f"{name!r} is not in the recording's /tf, which has {self._has()}")
        gaps: list[FrameError] = []
        below: dict[str, Rigid] = {}
        for frame, from_source in self._upwards(source, stamp_ns, gaps):
            if frame == target:
                return from_source
            below[frame] = from_source
        for frame, from_target in self._upwards(target, stamp_ns, gaps):
            if frame in below:
                return from_target.inverse() @ below[frame]
        if gaps:
            raise gaps[0]
        raise FrameError(f"nothing in the recording's /tf connects {source!r} with {target!r}")

    def _add(self, stamped: Any, fixed: bool) -> None:
        child, parent = stamped.child_frame_id.lstrip("/"), stamped.header.frame_id.lstrip("/")
        if not child or not parent or child == parent:
            raise FrameError(f"a transform from {child!r} to {parent!r} is left out")
        joint = self._joints.get(child) or Joint(child, fixed)
        if joint.fixed != fixed:
            return
        shift, turn = stamped.transform.translation, stamped.transform.rotation
        joint.add(
            nanoseconds(stamped.header.stamp),
            parent,
            (shift.x, shift.y, shift.z),
            (turn.x, turn.y, turn.z, turn.w),
        )
        self._joints[child] = joint
        self._frames.update((child, parent))

    def _upwards(
        self, frame: str, stamp_ns: int, gaps: list[FrameError]
    ) -> Iterator[tuple[str, Rigid]]:
        """A frame and its ancestors, and the way there, as far as the recording tells."""
        way, passed = _HERE, set[str]()
        while frame not in passed:
            yield frame, way
            passed.add(frame)
            if frame not in self._joints:
                return
            try:
                frame, step = self._joints[frame].at(stamp_ns)
            except FrameError as error:
                gaps.append(error)
                return
            way = step @ way

    def _has(self) -> str:
        names = sorted(self._frames)
        more = ["..."] if len(names) > _NAMED_AT_MOST else []
        return ", ".join(names[:_NAMED_AT_MOST] + more) or "nothing"
