"""Which camera a frame of keypoints was seen by."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any

from rclpy.serialization import deserialize_message
from sensor_msgs.msg import CameraInfo

from lfm_ros.core.errors import MessageError
from lfm_ros.ros.cdr_reader import STAMP_END, stamp_of
from lfm_ros.ros.seen_camera import CameraReader, SeenCamera

_REMEMBERED = 64
Stamp = tuple[int, int]


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
        self._reader = CameraReader(rectified)
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._by_stamp: OrderedDict[Stamp, SeenCamera] = OrderedDict()
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
        return self._remember(_stamp(info.header.stamp), self._reader.read(info))

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
