"""The cameras of a recording by stamp."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from typing import Any

from lfm_ros.core.camera import Intrinsics
from lfm_ros.core.errors import InputError
from lfm_ros.ros.stamps import nanoseconds


class Cameras:
    """Every ``sensor_msgs/msg/CameraInfo``; all are read first: one may come behind its frame.

    Args:
        messages: Of one camera.
        rectified: As ``Intrinsics.from_camera_info`` has it.
    """

    def __init__(self, messages: Iterable[Any], rectified: bool) -> None:
        self._rectified = rectified
        self._last: tuple[Any, Intrinsics | None] = (None, None)
        said = [
            (nanoseconds(info.header.stamp), self._intrinsics(info), info.header.frame_id)
            for info in messages
        ]
        said.sort(key=lambda one: one[0])
        self._stamps = [stamp for stamp, _, _ in said]
        self._cameras = [(camera, frame_id) for _, camera, frame_id in said]

    @property
    def known(self) -> bool:
        """Whether one of them is calibrated."""
        return any(camera is not None for camera, _ in self._cameras)

    def at(self, stamp_ns: int) -> tuple[Intrinsics | None, str]:
        """Camera and frame of a moment: the last that was said by then, else the first ever."""
        if not self._cameras:
            return None, ""
        return self._cameras[max(bisect_right(self._stamps, stamp_ns) - 1, 0)]

    def _intrinsics(self, info: Any) -> Intrinsics | None:
        """The camera; read anew only where the message says something new, as hardly any does."""
        roi = info.roi
        content = (info.k.tobytes(), info.p.tobytes(), info.d.tobytes(), info.distortion_model)
        content += (info.width, info.height, info.binning_x, info.binning_y)
        content += (roi.x_offset, roi.y_offset, roi.width, roi.height)
        if self._last[0] != content:
            try:
                camera = Intrinsics.from_camera_info(info, rectified=self._rectified)
            except InputError:
                camera = None
            self._last = (content, camera)
        return self._last[1]
