"""The other side of a lifter that is measured: sends detections, times the markers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from numpy.typing import NDArray
from rclpy.context import Context
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.serialization import deserialize_message, serialize_message
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import CameraInfo, PointCloud2
from std_msgs.msg import Header
from std_srvs.srv import Trigger
from visualization_msgs.msg import MarkerArray

from lfm_ros.core.camera import Intrinsics
from lfm_ros.core.errors import LfmError
from lfm_ros.ros.camera_info import camera_info
from lfm_ros.ros.clouds import Keypoints, encode_keypoints
from lfm_ros.ros.spinning import spinning

_START_SECONDS = 30.0
_WARM_UP_SECONDS = 1.0
_STATUS_SECONDS = 0.6
_POLL_SECONDS = 0.02
_REPETITIONS = 50
_QOS = QoSProfile(depth=10)


class Loopback(Node):
    """Publishes the same detections at a steady rate.

    Args:
        pixels: (B, K, 2), of one rig.
        camera: Goes with every frame.
        rate: Frames a second.
        **node_options: Passed on to ``rclpy.node.Node``.

    Attributes:
        status: The lifter's last ``/diagnostics``.
    """

    def __init__(
        self, pixels: NDArray[np.float32], camera: Intrinsics, rate: float, **node_options: Any
    ) -> None:
        super().__init__("loopback", **node_options)
        self.status: Mapping[str, str] = {}
        self._pixels, self._camera = pixels, camera
        self._latency: list[float] = []
        self._markers: MarkerArray | None = None
        self._cameras = self.create_publisher(CameraInfo, "camera_info", _QOS)
        self._keypoints = self.create_publisher(PointCloud2, "keypoints", _QOS)
        self.create_subscription(MarkerArray, "markers", self._take_markers, _QOS)
        self.create_subscription(DiagnosticArray, "/diagnostics", self._take_status, _QOS)
        self._reset = self.create_client(Trigger, "lifter/reset")
        self.create_timer(1 / rate, self._play)

    def measure(self, seconds: float, look: Callable[[], None]) -> list[float]:
        """Latencies in seconds, once everything has warmed up.

        Args:
            seconds: How long.
            look: Called again and again meanwhile; what it raises ends the measurement.

        Raises:
            LfmError: No markers come.
        """
        deadline = time.monotonic() + _START_SECONDS
        while not self._latency:
            if time.monotonic() > deadline:
                raise LfmError(f"the lifter sent no markers for {_START_SECONDS:g} s")
            self._pause(_POLL_SECONDS, look)
        self._pause(_WARM_UP_SECONDS, look)
        # The lifter's own figures shall be of the same frames.
        self._reset.call_async(Trigger.Request())
        first = len(self._latency)
        self._pause(seconds, look)
        latency = self._latency[first:]
        self._pause(_STATUS_SECONDS, look)
        return latency

    def deserialization(self) -> float:
        """Median seconds that rclpy takes to read one frame's messages, on both sides together."""
        total = 0.0
        for message in (self._message(), self._markers):
            if message is None:
                continue
            data = serialize_message(message)
            times = []
            for _ in range(_REPETITIONS):
                began = time.perf_counter()
                deserialize_message(data, type(message))
                times.append(time.perf_counter() - began)
            total += float(np.median(times))
        return total

    def _play(self) -> None:
        message = self._message()
        self._cameras.publish(camera_info(message.header, self._camera))
        self._keypoints.publish(message)

    def _message(self) -> PointCloud2:
        header = Header(stamp=self.get_clock().now().to_msg(), frame_id="camera_optical_frame")
        count, width = self._pixels.shape[:2]
        confidence = np.ones((count, width), np.float32)
        ids, rig = np.arange(count, dtype=np.int32), np.zeros(count, np.int32)
        return encode_keypoints(header, Keypoints(self._pixels, confidence, ids, rig))

    def _take_markers(self, message: MarkerArray) -> None:
        stamp = message.markers[0].header.stamp
        self._latency.append(time.time() - stamp.sec - stamp.nanosec * 1e-9)
        self._markers = message

    def _take_status(self, message: DiagnosticArray) -> None:
        self.status = {pair.key: pair.value for pair in message.status[0].values}

    @staticmethod
    def _pause(seconds: float, look: Callable[[], None]) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            look()
            time.sleep(_POLL_SECONDS)


@contextmanager
def looping(pixels: NDArray[np.float32], camera: Intrinsics, rate: float) -> Iterator[Loopback]:
    """A loopback that spins in a thread of its own while the context lasts."""
    context = Context()
    rclpy.init(context=context, signal_handler_options=SignalHandlerOptions.NO)
    loopback = Loopback(pixels, camera, rate, context=context)
    with spinning(loopback, context):
        yield loopback
