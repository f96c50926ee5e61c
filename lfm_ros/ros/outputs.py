"""The topics that carry what was lifted."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rclpy.lifecycle import LifecycleNode
from sensor_msgs.msg import PointCloud2
from std_msgs.msg import String
from visualization_msgs.msg import MarkerArray

from lfm_ros.core.skeleton import Skeleton
from lfm_ros.ros import qos
from lfm_ros.ros.clouds import NO_SLOT
from lfm_ros.ros.lifted_cloud import CloudBuilder
from lfm_ros.ros.lifted_frame import LiftedFrame
from lfm_ros.ros.markers import MarkerBuilder, clearing_markers
from lfm_ros.ros.parameters import LifterParameters
from lfm_ros.ros.rate_limit import RateLimit
from lfm_ros.ros.stamps import nanoseconds
from lfm_ros.ros.tf_message import TFMessage
from lfm_ros.ros.transforms import TransformBuilder


class Outputs:
    """Publishers of one configured node.

    Args:
        node: Where the publishers live.
        rigs: The rigs in use; they are published, latched, at once.
        settings: Those that are taken over on configure are read from here.
    """

    def __init__(
        self, node: LifecycleNode, rigs: Sequence[Skeleton], settings: LifterParameters
    ) -> None:
        self._node = node
        fast, tell = settings.fast_messages == "auto", node.get_logger().warning
        self._markers = MarkerBuilder(rigs, fast=fast, tell=tell)
        self._clouds = CloudBuilder(fast=fast, tell=tell)
        self._transforms = TransformBuilder(rigs, settings, fast=fast, tell=tell)
        self._tf_rate = RateLimit()
        self._last_frame: LiftedFrame | None = None
        self._publishers = ExitStack()
        with ExitStack() as undo:
            undo.callback(self.destroy)
            self._marker_topic = self._managed(MarkerArray, "markers")
            self._cloud_topic = self._managed(PointCloud2, "keypoints_3d")
            self._tf_topic = self._plain(TFMessage, "/tf", qos.transforms()) if TFMessage else None
            rigs_topic = self._plain(String, "skeletons", qos.latched())
            rigs_topic.publish(String(data=json.dumps([rig.as_dict() for rig in rigs])))
            undo.pop_all()

    @property
    def has_tf(self) -> bool:
        """Whether /tf can be published here."""
        return self._tf_topic is not None

    def publish(self, frame: LiftedFrame, settings: LifterParameters) -> int:
        """Publish a frame on every topic that somebody listens to.

        Returns:
            How many valid instances got no TF frame, because there are more than ``max_tracks`` or
            because their id is there twice.
        """
        self._last_frame = frame
        if self._marker_topic.get_subscription_count():
            self._marker_topic.publish(self._markers.build(frame, settings))
        if self._cloud_topic.get_subscription_count():
            self._cloud_topic.publish(self._clouds.build(frame, self._slots_of(frame, settings)))
        return self._publish_tf(frame, settings)

    def clear(self) -> None:
        """Delete the markers that were published last, and forget who had which TF frame."""
        self._transforms.reset()
        self._tf_rate.reset()
        last = self._last_frame
        if last is not None:
            self._marker_topic.publish(clearing_markers(last.stamp, last.frame_id))

    def destroy(self) -> None:
        """Give the publishers back."""
        self._publishers.close()

    def _publish_tf(self, frame: LiftedFrame, settings: LifterParameters) -> int:
        # A frame without a name cannot be anybody's parent: tf2 refuses such transforms.
        if self._tf_topic is None or not settings.publish_tf or not frame.frame_id:
            return 0
        if not self._tf_topic.get_subscription_count():
            return 0
        if not self._tf_rate.lets_pass(nanoseconds(frame.stamp), settings.tf_rate):
            return 0
        smoothed = settings.tracking and settings.smoothing != "none"
        message, without = self._transforms.message(
            frame,
            keypoints=settings.tf_keypoints,
            strength=settings.smoothing_strength if smoothed else 0.0,
        )
        if message is not None:
            self._tf_topic.publish(message)
        return without

    def _slots_of(self, frame: LiftedFrame, settings: LifterParameters) -> NDArray[np.int16]:
        if self._tf_topic is None or not settings.publish_tf:
            return np.full(len(frame.tracked), NO_SLOT, np.int16)
        return self._transforms.slots_of(frame.tracked)

    def _managed(self, message: type, topic: str) -> Any:
        made = self._node.create_lifecycle_publisher(
            message,
            topic,
            qos.result(),
            event_callbacks=qos.unwatched_publisher(),
            qos_overriding_options=qos.overridable(),
        )
        self._publishers.callback(self._node.destroy_lifecycle_publisher, made)
        return made

    def _plain(self, message: type, topic: str, profile: Any) -> Any:
        # LifecycleNode.create_publisher makes plain publishers, which also work while inactive.
        made = self._node.create_publisher(
            message,
            topic,
            profile,
            event_callbacks=qos.unwatched_publisher(),
            qos_overriding_options=qos.overridable(),
        )
        self._publishers.callback(self._node.destroy_publisher, made)
        return made
