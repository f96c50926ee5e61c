"""The cameras of a recording by stamp."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from typing import Any

from lfm_ros.core.camera import Intrinsics
from lfm_ros.ros.seen_camera import CameraReader
from lfm_ros.ros.stamps import nanoseconds


class Cameras:
    """Every ``sensor_msgs/msg/CameraInfo``; all are read first: one may come behind its frame.

    Args:
        messages: Of one camera.
        rectified: As ``Intrinsics.from_camera_info`` has it.
    """

    def __init__(self, messages: Iterable[Any], rectified: bool) -> None:
        reader = CameraReader(rectified)
        said = [(nanoseconds(info.header.stamp), reader.read(info)) for info in messages]
        said.sort(key=lambda one: one[0])
        self._stamps = [stamp for stamp, _ in said]
        self._cameras = [camera for _, camera in said]

    @property
    def known(self) -> bool:
        """Whether one of them is calibrated."""
        return any(camera.intrinsics is not None for camera in self._cameras)

    def at(self, stamp_ns: int) -> tuple[Intrinsics | None, str]:
        """Camera and frame of a moment: the last that was said by then, else the first ever."""
        if not self._cameras:
            return None, ""
        seen = self._cameras[max(bisect_right(self._stamps, stamp_ns) - 1, 0)]
        return seen.intrinsics, seen.frame_id
