"""Everything that an active lifter subscribes to."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, Image

from lfm_ros.ros import qos
from lfm_ros.ros.parameters import LifterParameters
from lfm_ros.ros.pipeline import Pipeline
from lfm_ros.ros.topic_patterns import TopicPatterns

# The middleware drops in silence, the worker's queue counts: so the middleware gets some room.
_READER_DEPTH = 10
# How often is looked for frames that wait for a body which does not come.
_OVERDUE_SECONDS = 0.02


class Inputs:
    """The subscriptions for camera, depth and detections.

    Args:
        node: Subscribes.
        pipeline: Takes the messages.
        settings: Topics and depth of the queue.

    Attributes:
        topics: Names of the topics with detections, without those of patterns.
    """

    def __init__(self, node: Node, pipeline: Pipeline, settings: LifterParameters) -> None:
        self._node, self._pipeline = node, pipeline
        self._depth = max(settings.queue_depth, _READER_DEPTH)
        chosen = [topic for topic in settings.input_topics if topic]
        wanted = chosen or list(pipeline.adapter.topics) or ["keypoints"]
        self.topics = [node.resolve_topic_name(topic) for topic in wanted if "*" not in topic]
        # These first: of messages that wait together, the executor takes them first.
        self._subscriptions = [
            self._subscribe(CameraInfo, "camera_info", pipeline.take_camera_info)
        ]
        if settings.use_depth:
            self._subscriptions += [self._subscribe(Image, "depth", pipeline.take_depth)]
        self._subscriptions += [self._detections(topic) for topic in self.topics]
        self._patterns = self._follow([topic for topic in wanted if "*" in topic])

    def close(self) -> None:
        """Unsubscribe."""
        if self._patterns is not None:
            self._node.destroy_timer(self._timer)
            self._patterns.close()
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)
        self._subscriptions = []

    def _detections(self, topic: str) -> Any:
        take = self._pipeline.take_keypoints
        return self._subscribe(
            self._pipeline.adapter.message, topic, take, raw=self._pipeline.adapter.raw
        )

    def _follow(self, patterns: list[str]) -> TopicPatterns | None:
        if not patterns:
            return None
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._timer = self._node.create_timer(
            _OVERDUE_SECONDS, self._pipeline.lift_overdue, clock=steady
        )
        return TopicPatterns(self._node, patterns, self._part, self._pipeline.end_parts)

    def _part(self, topic: str, source: str) -> Any:
        # Without QoS overrides: each would leave parameters behind, and there is no end of ids.
        take = partial(self._pipeline.take_part, source=source)
        adapter = self._pipeline.adapter
        profile = qos.sensor(self._depth)
        return self._node.create_subscription(
            adapter.message, topic, take, profile, raw=adapter.raw
        )

    def _subscribe(
        self, message: type, topic: str, callback: Callable[[Any], None], *, raw: bool = False
    ) -> Any:
        profile, overridable = qos.sensor(self._depth), qos.overridable()
        return self._node.create_subscription(
            message, topic, callback, profile, qos_overriding_options=overridable, raw=raw
        )
