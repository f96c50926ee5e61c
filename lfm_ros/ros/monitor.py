"""The demo's ears: subscribes to what player and lifter publish, and hands on plain arrays."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.context import Context
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import CameraInfo, PointCloud2
from visualization_msgs.msg import Marker, MarkerArray

from lfm_ros.core.camera import Intrinsics
from lfm_ros.demo.ledger import Answer
from lfm_ros.demo.moments import Detected, Placed
from lfm_ros.demo.watch import Watch
from lfm_ros.ros.clouds import decode_keypoints, decode_points
from lfm_ros.ros.lifecycle_client import LifecycleClient
from lfm_ros.ros.spinning import spinning
from lfm_ros.ros.stamps import nanoseconds

# Deep and reliable: what is counted here must not get lost here.
_ALL = QoSProfile(depth=200)


class Monitor(Node):
    """Listens for a ``Watch``.

    Args:
        watch: Told of every message.
        lifter: Name of the lifter's node.
        **node_options: Passed on to ``rclpy.node.Node``.
    """

    def __init__(self, watch: Watch, lifter: str, **node_options: Any) -> None:
        super().__init__("monitor", **node_options)
        self.lifecycle = LifecycleClient(self, lifter)
        self._watch, self._lifter = watch, lifter
        self.create_subscription(CameraInfo, "camera_info", self._take_camera, _ALL)
        self.create_subscription(PointCloud2, "keypoints", self._take_keypoints, _ALL)
        self.create_subscription(PointCloud2, "ground_truth", self._take_truth, _ALL)
        self.create_subscription(PointCloud2, "keypoints_3d", self._take_points, _ALL)
        self.create_subscription(MarkerArray, "markers", self._take_markers, _ALL)
        self.create_subscription(DiagnosticArray, "/diagnostics", self._take_diagnostics, _ALL)

    def _take_camera(self, message: CameraInfo) -> None:
        self._watch.camera(nanoseconds(message.header.stamp), Intrinsics.from_camera_info(message))

    def _take_keypoints(self, message: PointCloud2) -> None:
        read = decode_keypoints(message)
        detected = Detected(read.uv, read.confidence, read.instance_id)
        self._watch.detected(nanoseconds(message.header.stamp), detected)

    def _take_truth(self, message: PointCloud2) -> None:
        self._watch.truth(nanoseconds(message.header.stamp), _placed(message))

    def _take_points(self, message: PointCloud2) -> None:
        self._watch.lifted(nanoseconds(message.header.stamp), _placed(message))

    def _take_markers(self, message: MarkerArray) -> None:
        received = time.time_ns()
        if message.markers:
            stamp_ns = nanoseconds(message.markers[0].header.stamp)
            self._watch.markers(stamp_ns, answer_of(message, received))

    def _take_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            if status.name.rsplit("/", 1)[-1] == self._lifter:
                self._watch.diagnosed({pair.key: pair.value for pair in status.values})


@contextmanager
def listening(watch: Watch, lifter: str = "lifter") -> Iterator[Monitor]:
    """A monitor that spins in a thread of its own while the context lasts."""
    context = Context()
    rclpy.init(context=context, signal_handler_options=SignalHandlerOptions.NO)
    monitor = Monitor(watch, lifter, context=context)
    with spinning(monitor, context):
        yield monitor


def answer_of(message: MarkerArray, received_ns: int) -> Answer:
    """What markers say of their frame."""
    shown = [m for m in message.markers if m.action == Marker.ADD and m.points]
    stamp, frame_id = message.markers[0].header.stamp, message.markers[0].header.frame_id
    sound = all(
        marker.header.stamp == stamp
        and marker.header.frame_id == frame_id
        and all(math.isfinite(point.x + point.y + point.z) for point in marker.points)
        for marker in message.markers
    )
    return Answer(received_ns, bool(shown), sound)


def _placed(message: PointCloud2) -> Placed:
    points = decode_points(message)
    return Placed(points.xyz, points.instance_id, points.skeleton)
