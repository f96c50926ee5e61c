"""What a CameraInfo says of its camera, in the node and in recordings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lfm_ros.core.camera import Intrinsics
from lfm_ros.core.errors import InputError


@dataclass(frozen=True)
class SeenCamera:
    """What one CameraInfo said.

    Attributes:
        intrinsics: None if the message was not calibrated or could not be used.
        frame_id: Of its header.
        size: Image width and height in pixels; zeros if it does not say.
        problem: Why there are no intrinsics; empty otherwise.
    """

    intrinsics: Intrinsics | None
    frame_id: str
    size: tuple[int, int]
    problem: str = ""


class CameraReader:
    """Reads the messages of one camera, anew only where one says something new: hardly any does.

    Args:
        rectified: Whether the keypoints are of the rectified image.
    """

    def __init__(self, rectified: bool) -> None:
        self._rectified = rectified
        self._last: tuple[Any, SeenCamera] | None = None

    def read(self, info: Any) -> SeenCamera:
        """What a ``sensor_msgs/msg/CameraInfo`` says; the same object while it says the same."""
        content = _content(info)
        if self._last is None or self._last[0] != content:
            self._last = (content, self._seen(info))
        return self._last[1]

    def _seen(self, info: Any) -> SeenCamera:
        size = (int(info.width), int(info.height))
        try:
            intrinsics = Intrinsics.from_camera_info(info, rectified=self._rectified)
        except InputError as error:
            return SeenCamera(None, info.header.frame_id, size, str(error))
        return SeenCamera(intrinsics, info.header.frame_id, size)


def _content(info: Any) -> tuple[Any, ...]:
    """All that a CameraInfo says, but when."""
    roi = info.roi
    return (
        *(tuple(info.k), tuple(info.d), tuple(info.p), info.distortion_model),
        *(info.width, info.height),
        *(info.binning_x, info.binning_y, roi.x_offset, roi.y_offset, roi.width, roi.height),
        info.header.frame_id,
    )
