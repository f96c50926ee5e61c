"""The node ``viewer``: subscribes to what the lifter reads and writes, and feeds the page."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.node import Node
from rclpy.qos import QoSProfile
from sensor_msgs.msg import CameraInfo, PointCloud2
from std_msgs.msg import String

from lfm_ros.core.camera import Intrinsics
from lfm_ros.core.errors import InputError, LfmError
from lfm_ros.ros import node_parameters, qos
from lfm_ros.ros.clouds import Points, decode_keypoints, decode_points
from lfm_ros.ros.parameter_spec import START, parameter
from lfm_ros.ros.run import run
from lfm_ros.ros.stamps import nanoseconds
from lfm_ros.ros.tf_message import TFMessage
from lfm_ros.viewer.board import Board
from lfm_ros.viewer.feed import Feed
from lfm_ros.viewer.frame import Points2D, Points3D, Rig
from lfm_ros.viewer.page import Page

_COMPLAINT_SECONDS = 5.0
_DEPTH = 5


@dataclass(frozen=True)
class ViewerParameters:
    """What the viewer can be told."""

    host: str = parameter(
        "127.0.0.1",
        "Address to serve the page on. Any other than 127.0.0.1 shows it to the network too.",
        when=START,
        filled=True,
    )
    port: int = parameter(8080, "Port of the page.", when=START, low=1, high=65535)
    ghost: bool = parameter(
        True, "Draw the topic ground_truth, where there is one, from the start.", when=START
    )


class ViewerNode(Node):
    """Puts what arrives on a `Board`; the page takes it from there in a thread of its own."""

    def __init__(self, **node_options: Any) -> None:
        super().__init__("viewer", **node_options)
        node_parameters.declare(self, ViewerParameters)
        settings = node_parameters.read(self, ViewerParameters)
        self._page = Page(settings.host, settings.port, ghost=settings.ghost)
        self._board = Board()
        self._feed = Feed(self._board, self._page, self._complain)
        self._parent_frame = ""
        self._subscribe_all()
        self._feed.start()
        self.get_logger().info(f"open {self._page.url} in a browser")

    def close(self) -> None:
        """End the page."""
        self._feed.stop()
        self._page.close()

    def _subscribe_all(self) -> None:
        self._subscribe(PointCloud2, "keypoints_3d", self._on_lifted, qos.sensor(_DEPTH))
        self._subscribe(PointCloud2, "ground_truth", self._on_truth, qos.sensor(_DEPTH))
        self._subscribe(PointCloud2, "keypoints", self._on_detected, qos.sensor(_DEPTH))
        self._subscribe(CameraInfo, "camera_info", self._on_camera, qos.sensor(_DEPTH))
        self._subscribe(String, "skeletons", self._on_skeletons, qos.latched())
        self._subscribe(DiagnosticArray, "/diagnostics", self._on_diagnostics, QoSProfile(depth=10))
        if TFMessage is None:
            self.get_logger().warning("no tf2_msgs here: root frames are not shown")
        else:
            self._subscribe(TFMessage, "/tf", self._on_tf, qos.transforms())

    def _subscribe(
        self, message: type, topic: str, take: Callable[[Any], None], profile: QoSProfile
    ) -> None:
        def guarded(received: Any) -> None:
            try:
                take(received)
            except (LfmError, ValueError, TypeError, AttributeError) as error:
                self._complain(f"a message on {topic} is ignored: {error}")

        self.create_subscription(
            message, topic, guarded, profile, qos_overriding_options=qos.overridable()
        )

    def _on_lifted(self, message: PointCloud2) -> None:
        self._parent_frame = message.header.frame_id
        self._board.put_lifted(nanoseconds(message.header.stamp), _points(decode_points(message)))

    def _on_truth(self, message: PointCloud2) -> None:
        self._board.put_truth(nanoseconds(message.header.stamp), _points(decode_points(message)))

    def _on_detected(self, message: PointCloud2) -> None:
        seen = decode_keypoints(message)
        points = Points2D(seen.uv, seen.confidence, seen.instance_id, seen.skeleton)
        self._board.put_detected(nanoseconds(message.header.stamp), points)

    def _on_camera(self, message: CameraInfo) -> None:
        try:
            camera = Intrinsics.from_camera_info(message)
        except InputError:  # The lifter says why.
            self._board.put_camera(None)
        else:
            self._board.put_camera((np.asarray(camera.matrix), camera.size))

    def _on_skeletons(self, message: String) -> None:
        self._board.put_rigs([Rig.from_dict(described) for described in json.loads(message.data)])

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        namespace = self.get_namespace().strip("/")
        for status in message.status:
            values = {pair.key: pair.value for pair in status.values}
            # The lifter may have been given another name, but not another namespace than ours.
            if "rate_in_hz" in values and status.name.rpartition("/")[0].strip("/") == namespace:
                self._board.put_status(values)

    def _on_tf(self, message: Any) -> None:
        for transform in message.transforms:
            # Children of the camera are the instances; their keypoints are children of theirs.
            if transform.header.frame_id != self._parent_frame:
                continue
            shift, turn = transform.transform.translation, transform.transform.rotation
            self._board.put_pose(
                transform.child_frame_id,
                nanoseconds(transform.header.stamp),
                (shift.x, shift.y, shift.z),
                (turn.x, turn.y, turn.z, turn.w),
            )

    def _complain(self, what: str) -> None:
        self.get_logger().warning(what, throttle_duration_sec=_COMPLAINT_SECONDS)


def _points(points: Points) -> Points3D:
    return Points3D(
        points.xyz, points.observed, points.instance_id, points.skeleton, sigma=points.sigma
    )


def main(args: Sequence[str] | None = None) -> int:
    """Entry point of the executable ``viewer``."""
    return run(ViewerNode, args)


if __name__ == "__main__":
    sys.exit(main())
