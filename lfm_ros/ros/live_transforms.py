"""How coordinate frames lie to each other, by tf2."""

from __future__ import annotations

import os
import time
from typing import Any

import numpy as np
from rclpy.node import Node
from rclpy.time import Time
from transforms3d.quaternions import quat2mat

from lfm_ros.core.errors import FrameError
from lfm_ros.core.rigid import Rigid
from lfm_ros.core.rotations import quat_wxyz_from_xyzw
from lfm_ros.ros.stamps import nanoseconds

# tf2_ros waits in steps of 20 ms, which is more than half a frame.
_STEP_SECONDS = 0.002


class LiveTransforms:
    """Listens to ``/tf`` and ``/tf_static``.

    The node's executor has to spin while another thread asks.

    Args:
        node: Subscribes.
        needed_by: Names of the parameters that ask for it, for the message.

    Raises:
        FrameError: tf2_ros is not installed.
    """

    def __init__(self, node: Node, needed_by: str) -> None:
        try:
            import tf2_ros
        except ImportError as error:
            distro = os.environ.get("ROS_DISTRO", "$ROS_DISTRO")
            raise FrameError(
                f"{needed_by} needs tf2_ros, which cannot be imported ({error}); install it with "
                f"apt install ros-{distro}-tf2-ros-py, or leave the parameter empty"
            ) from error
        self._refusals = tf2_ros.TransformException
        self._buffer = tf2_ros.Buffer()
        self._listener = tf2_ros.TransformListener(self._buffer, node)

    def between(self, target: str, source: str, stamp: Any, patience: float) -> Rigid:
        """How to bring points of one frame into another.

        Args:
            target: Name of the frame to bring them into.
            source: Name of the frame that they are in.
            stamp: ``builtin_interfaces/msg/Time`` at which this must hold.
            patience: Seconds to wait for transforms that are still on their way.

        Raises:
            FrameError: tf2 does not know it, and did not learn of it in time.
        """
        # As plain nanoseconds: rclpy refuses to convert stamps before 1970. 0 means the latest.
        when = Time(nanoseconds=max(nanoseconds(stamp), 0))
        deadline = time.monotonic() + patience
        while True:
            try:
                return _rigid(self._buffer.lookup_transform(target, source, when))
            except self._refusals as error:
                if time.monotonic() >= deadline:
                    raise FrameError(
                        f"no transform from {source!r} to {target!r} within {patience:g} s: {error}"
                    ) from error
            time.sleep(_STEP_SECONDS)

    def clear(self) -> None:
        """Forget all transforms but the static ones: time starts anew."""
        self._buffer.clear()

    def close(self) -> None:
        """Unsubscribe."""
        self._listener.unregister()


def _rigid(message: Any) -> Rigid:
    turn, shift = message.transform.rotation, message.transform.translation
    quat_xyzw = np.array([turn.x, turn.y, turn.z, turn.w])
    rotation = quat2mat(quat_wxyz_from_xyzw(quat_xyzw))
    return Rigid(rotation, np.array([shift.x, shift.y, shift.z]))
