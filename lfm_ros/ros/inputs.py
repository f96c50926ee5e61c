"""Everything that an active lifter subscribes to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, Image

from lfm_ros.core.errors import MessageError
from lfm_ros.ros import qos
from lfm_ros.ros.body_topics import BodyTopics
from lfm_ros.ros.diagnostics import Statistics
from lfm_ros.ros.message_info import TELLS_MORE, with_info
from lfm_ros.ros.parameters import LifterParameters
from lfm_ros.ros.pipeline import Pipeline
from lfm_ros.ros.sequence_gaps import SequenceGaps

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
        self._named = [_resolved(node, topic) for topic in wanted if "*" not in topic]
        # These first: of messages that wait together, the executor takes them first.
        self._subscriptions = [
            self._subscribe(CameraInfo, "camera_info", pipeline.take_camera_info, raw=True)
        ]
        if settings.use_depth:
            self._subscriptions += [self._subscribe(Image, "depth", pipeline.take_depth)]
        self._subscriptions += [self._detections(topic) for topic in self._named]
        patterns, profile = [topic for topic in wanted if "*" in topic], qos.sensor(self._depth)
        self.wanted = [*self._named, *patterns]
        self._bodies = (
            BodyTopics(node, pipeline, patterns, profile, statistics) if patterns else None
        )

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

    def _detections(self, topic: str) -> Any:
        take = self._counting(topic) if TELLS_MORE else self._pipeline.take_keypoints
        return self._subscribe(
            self._pipeline.adapter.message, topic, take, raw=self._pipeline.adapter.raw
        )

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
    ) -> Any:
        profile, overridable = qos.sensor(self._depth), qos.overridable()
        return self._node.create_subscription(
            message,
            topic,
            callback,
            profile,
            event_callbacks=qos.unwatched_subscription(),
            qos_overriding_options=overridable,
            raw=raw,
        )


def _resolved(node: Node, topic: str) -> str:
    try:
        return node.resolve_topic_name(topic)
    except RuntimeError as error:
        why = str(error).split(", at ")[0]
        raise MessageError(f"{topic!r} is no topic ({why}); correct input_topics") from error
