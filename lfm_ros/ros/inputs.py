"""Everything that an active lifter subscribes to."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, Image

from lfm_ros.ros import qos
from lfm_ros.ros.body_topics import BodyTopics
from lfm_ros.ros.message_info import TELLS_MORE, with_info
from lfm_ros.ros.parameters import LifterParameters
from lfm_ros.ros.pipeline import Pipeline
from lfm_ros.ros.sequence_gaps import SequenceGaps
from lfm_ros.ros.statistics import Statistics
from lfm_ros.ros.topic_names import pattern, resolved

# The middleware drops in silence, the worker's queue counts: so the middleware gets some room.
_READER_DEPTH = 10


class Inputs:
    """The subscriptions for camera, depth and detections.

    Args:
        node: Subscribes.
        pipeline: Takes the messages.
        settings: Topics and depth of the queue.
        statistics: Counts what comes too late.

    Attributes:
        wanted: Names and patterns of the topics with detections.

    Raises:
        MessageError: What should be a topic's name is none.
    """

    def __init__(
        self,
        node: Node,
        pipeline: Pipeline,
        settings: LifterParameters,
        statistics: Statistics,
    ) -> None:
        self._node, self._pipeline = node, pipeline
        self._depth = max(settings.queue_depth, _READER_DEPTH)
        chosen = [topic for topic in settings.input_topics if topic]
        wanted = chosen or list(pipeline.adapter.topics) or ["keypoints"]
        together = [topic for topic in wanted if "*" in topic]
        self._named = [resolved(node, topic) for topic in wanted if topic not in together]
        patterns = [pattern(node, topic) for topic in together]
        self.wanted = [*self._named, *together]
        self._subscriptions: list[Any] = []
        self._bodies: BodyTopics | None = None
        with ExitStack() as undo:
            undo.callback(self.close)
            self._subscribe_all(settings)
            if patterns:
                profile = qos.sensor(self._depth)
                self._bodies = BodyTopics(node, pipeline, patterns, profile, statistics)
            undo.pop_all()

    @property
    def topics(self) -> list[str]:
        """Names of the topics with detections, of patterns those that there are now."""
        return [*self._named, *(self._bodies.topics if self._bodies is not None else ())]

    def close(self) -> None:
        """Unsubscribe."""
        if self._bodies is not None:
            self._bodies.close()
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)
        self._subscriptions = []

    def _subscribe_all(self, settings: LifterParameters) -> None:
        # These first: of messages that wait together, the executor takes them first.
        self._subscribe(CameraInfo, "camera_info", self._pipeline.take_camera_info, raw=True)
        if settings.use_depth:
            self._subscribe(Image, "depth", self._pipeline.take_depth)
        adapter = self._pipeline.adapter
        for topic in self._named:
            take = self._counting(topic) if TELLS_MORE else self._pipeline.take_keypoints
            self._subscribe(adapter.message, topic, take, raw=adapter.raw)

    def _counting(self, topic: str) -> Callable[[Any, Any], None]:
        """Takes detections, and knows of those that did not come."""
        gaps = SequenceGaps()

        def take(message: Any, info: Any) -> None:
            self._pipeline.take_keypoints(message)
            lost = gaps.lost(info)
            # Each publisher has its own numbers, and nothing says whose a message is.
            if lost and self._node.count_publishers(topic) == 1:
                self._pipeline.lose(lost)

        return with_info(take)

    def _subscribe(
        self, message: type, topic: str, callback: Callable[..., None], *, raw: bool = False
    ) -> None:
        made = self._node.create_subscription(
            message,
            topic,
            callback,
            qos.sensor(self._depth),
            event_callbacks=qos.unwatched_subscription(),
            qos_overriding_options=qos.overridable(),
            raw=raw,
        )
        self._subscriptions.append(made)
