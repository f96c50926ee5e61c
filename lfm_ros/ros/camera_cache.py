"""Which camera a frame of keypoints was seen by."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from rclpy.serialization import deserialize_message
from sensor_msgs.msg import CameraInfo

from lfm_ros.core.camera import Intrinsics
from lfm_ros.core.errors import InputError, MessageError
from lfm_ros.ros.cdr_reader import STAMP_END, stamp_of

_REMEMBERED = 64
Stamp = tuple[int, int]


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


class CameraCache:
    """The last CameraInfo messages, by stamp.

    A driver stamps image and CameraInfo alike, so the message with the frame's own stamp is the
    right one. It may arrive a moment later than the keypoints. That is worth waiting for if the
    camera changed lately (it zooms, say) and messages came in pairs since; otherwise the latest one
    holds. A camera that never changes costs no frame any time, however seldom it says so.

    Args:
        rectified: Whether the keypoints are of the rectified image.
    """

    def __init__(self, rectified: bool = False) -> None:
        self._rectified = rectified
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._by_stamp: OrderedDict[Stamp, SeenCamera] = OrderedDict()
        self._known: tuple[Any, SeenCamera] | None = None
        # The encoding of the last serialised message, and its bytes behind the stamp.
        self._bytes = (b"", b"")
        self._latest: SeenCamera | None = None
        self._paired = True
        self._unchanged = 0

    def update(self, info: CameraInfo | bytes) -> SeenCamera:
        """Take over a ``sensor_msgs/msg/CameraInfo``, serialised or not; in one thread.

        Raises:
            MessageError: The bytes are none.
        """
        if isinstance(info, bytes):
            return self._update_serialized(info)
        content = _content(info)
        if self._known is None or self._known[0] != content:
            self._known = (content, _read(info, self._rectified))
        return self._remember(_stamp(info.header.stamp), self._known[1])

    def _update_serialized(self, data: bytes) -> SeenCamera:
        # Drivers repeat the same calibration with every image; reading it once is enough.
        if self._latest is not None and (data[:2], data[STAMP_END:]) == self._bytes:
            return self._remember(stamp_of(data), self._latest)
        seen = self.update(_deserialized(data))
        self._bytes = (data[:2], data[STAMP_END:])
        return seen

    def _remember(self, stamp: Stamp, seen: SeenCamera) -> SeenCamera:
        with self._lock:
            self._unchanged = 1 if seen is not self._latest else self._unchanged + 1
            self._latest = self._by_stamp[stamp] = seen
            while len(self._by_stamp) > _REMEMBERED:
                self._by_stamp.popitem(last=False)
            self._changed.notify_all()
        return seen

    def at(self, stamp: Any, patience: float) -> SeenCamera | None:
        """The camera of a frame, or None if no CameraInfo ever came.

        Args:
            stamp: ``builtin_interfaces/msg/Time`` of the frame.
            patience: Seconds to wait for the CameraInfo with this stamp.
        """
        key = _stamp(stamp)
        with self._lock:
            if self._unchanged >= len(self._by_stamp):
                self._paired = True
            elif self._paired:
                self._paired = self._changed.wait_for(lambda: key in self._by_stamp, patience)
            else:
                self._paired = key in self._by_stamp
            return self._by_stamp.get(key, self._latest)


def _deserialized(data: bytes) -> CameraInfo:
    try:
        return deserialize_message(data, CameraInfo)
    except Exception as error:  # Of a class that rclpy hides.
        raise MessageError(
            f"{len(data)} bytes are no sensor_msgs/msg/CameraInfo, or not a whole one; publish it "
            f"with a ROS 2 middleware ({error})"
        ) from error


def _stamp(stamp: Any) -> Stamp:
    return stamp.sec, stamp.nanosec


def _content(info: Any) -> tuple[Any, ...]:
    roi = info.roi
    return (
        *(tuple(info.k), tuple(info.d), tuple(info.p), info.distortion_model),
        *(info.width, info.height),
        *(info.binning_x, info.binning_y, roi.x_offset, roi.y_offset, roi.width, roi.height),
        info.header.frame_id,
    )


def _read(info: Any, rectified: bool) -> SeenCamera:
    size = (int(info.width), int(info.height))
    try:
        intrinsics, problem = Intrinsics.from_camera_info(info, rectified=rectified), ""
    except InputError as error:
        intrinsics, problem = None, str(error)
    return SeenCamera(intrinsics, info.header.frame_id, size, problem)
