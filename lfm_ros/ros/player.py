"""The node ``player``: plays the built-in scene, or recorded keypoints, as a detector would."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any

import numpy as np
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.qos import QoSProfile
from sensor_msgs.msg import CameraInfo, PointCloud2
from std_msgs.msg import Header

from lfm_ros.core.camera import Intrinsics
from lfm_ros.ros import node_parameters, qos
from lfm_ros.ros.camera_info import camera_info
from lfm_ros.ros.clouds import NO_SLOT, Keypoints, Points, encode_keypoints, encode_points
from lfm_ros.ros.parameters import PlayerParameters
from lfm_ros.ros.run import run
from lfm_ros.scene import Frame, Scene
from lfm_ros.scene.keypoint_recording import KeypointRecording
from lfm_ros.scene.opening import open_recording
from lfm_ros.scene.pose_recording import PoseRecording

Moment = tuple[Frame, Intrinsics]
Source = Scene | PoseRecording | KeypointRecording

_RELIABLE = QoSProfile(depth=10)
_LOOK_SECONDS = 0.1
# After the last frame: time for the middleware to hand it over before the process ends.
_FAREWELL_SECONDS = 0.5


class PlayerNode(Node):
    """Publishes ``camera_info``, ``keypoints`` and ``ground_truth``, stamped alike.

    The process ends with status 0 when a recording is over.
    """

    def __init__(self, **node_options: Any) -> None:
        super().__init__("player", **node_options)
        node_parameters.declare(self, PlayerParameters)
        self._settings = settings = node_parameters.read(self, PlayerParameters)
        self._played = 0
        source = _source(settings)
        self._what = f"recording {settings.data}" if settings.data else f"scene {settings.seed}"
        self._widths = np.array([len(rig) for rig in source.skeletons])
        self._moments = _moments(source, settings)
        self._camera_info = self._publisher(CameraInfo, "camera_info")
        self._keypoints = self._publisher(PointCloud2, "keypoints")
        self._truth = self._publisher(PointCloud2, "ground_truth")
        # The player is where stamps come from: it must not stand still with simulated time.
        self._steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._timer = self._every(_LOOK_SECONDS, self._look_for_subscribers)

    def _look_for_subscribers(self) -> None:
        if self._keypoints.get_subscription_count() < self._settings.min_subscribers:
            return
        self._timer.cancel()
        self._timer = self._every(max(self._settings.start_delay, 1e-3), self._begin)

    def _begin(self) -> None:
        self._timer.cancel()
        self.get_logger().info(f"playing {self._what} at {self._settings.rate:g} Hz")
        self._timer = self._every(1 / self._settings.rate, self._play)

    def _play(self) -> None:
        moment = next(self._moments, None)
        if moment is None:
            self._timer.cancel()
            self.get_logger().info(f"{self._what} is over: {self._played} frames played")
            self._timer = self._every(_FAREWELL_SECONDS, self.context.try_shutdown)
            return
        frame, camera = moment
        header = Header(stamp=self.get_clock().now().to_msg(), frame_id=self._settings.frame_id)
        # The camera first, so that it is there when the keypoints arrive.
        self._camera_info.publish(camera_info(header, camera))
        self._keypoints.publish(encode_keypoints(header, _keypoints(frame)))
        self._truth.publish(encode_points(header, _truth(frame), self._widths[frame.skeleton]))
        self._played += 1

    def _every(self, seconds: float, callback: Any) -> Any:
        return self.create_timer(seconds, callback, clock=self._steady)

    def _publisher(self, message: type, topic: str) -> Any:
        return self.create_publisher(
            message, topic, _RELIABLE, qos_overriding_options=qos.overridable()
        )


def _source(settings: PlayerParameters) -> Source:
    if settings.data:
        return open_recording(settings.data, settings.source)
    return Scene(settings.seed, settings.noise)


def _moments(source: Source, settings: PlayerParameters) -> Iterator[Moment]:
    """What is played, frame after frame."""
    if isinstance(source, Scene):
        return ((source.frame(i / settings.rate), source.camera) for i in count())
    rounds = count() if settings.loop else range(1)
    return (moment for _ in rounds for moment in source)


def _keypoints(frame: Frame) -> Keypoints:
    return Keypoints(frame.keypoints, frame.confidence, frame.instance_id, frame.skeleton)


def _truth(frame: Frame) -> Points:
    """The truth as if it had been lifted without error; NaN where it is not known."""
    known = frame.truth_valid
    return Points(
        xyz=np.where(known[..., None], frame.truth, np.float32(np.nan)),
        sigma=np.zeros(known.shape, np.float32),
        place_sigma=np.zeros(len(frame), np.float32),
        confidence=frame.confidence,
        observed=known,
        scale_source=np.zeros(len(frame), np.uint8),
        slot=np.full(len(frame), NO_SLOT, np.int16),
        instance_id=frame.instance_id,
        skeleton=frame.skeleton,
    )


def main(args: Sequence[str] | None = None) -> int:
    """Entry point of the executable ``player``."""
    return run(PlayerNode, args)


if __name__ == "__main__":
    sys.exit(main())
