"""Detections that come on a topic for each body, read as frames with all bodies of an image."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from typing import Any

from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.qos import QoSProfile

from lfm_ros.ros import qos
from lfm_ros.ros.adapters import Keypoints2D
from lfm_ros.ros.adapters.identities import identity
from lfm_ros.ros.gathering import Gathering
from lfm_ros.ros.pipeline import Pipeline
from lfm_ros.ros.statistics import Statistics
from lfm_ros.ros.topic_patterns import TopicPatterns

# How often is looked for frames that wait for a body which does not come.
_OVERDUE_SECONDS = 0.02


class BodyTopics:
    """Subscribes to the topics of all bodies there are, and hands their frames to a pipeline.

    The id in a topic's name becomes the identity of the instance.

    Args:
        node: Subscribes.
        pipeline: Reads the messages, takes the frames.
        patterns: Match the full names of the topics; the first group of each is the id.
        profile: Of the subscriptions.
        statistics: Counts what comes too late for its frame.
    """

    def __init__(
        self,
        node: Node,
        pipeline: Pipeline,
        patterns: Sequence[re.Pattern[str]],
        profile: QoSProfile,
        statistics: Statistics,
    ) -> None:
        self._node, self._pipeline, self._profile = node, pipeline, profile
        self._statistics = statistics
        self._gathering = Gathering()
        self._topics = TopicPatterns(node, patterns, self._subscribe, self._leave)
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._timer = node.create_timer(_OVERDUE_SECONDS, self._go_on, clock=steady)

    @property
    def topics(self) -> list[str]:
        """Those of the bodies that are there now."""
        return self._topics.topics

    def close(self) -> None:
        """Unsubscribe."""
        self._node.destroy_timer(self._timer)
        self._topics.close()

    def _subscribe(self, topic: str, source: str) -> Any:
        # Without QoS overrides: each would leave parameters behind, and there is no end of ids.
        adapter, take = self._pipeline.adapter, partial(self._take, source=source)
        return self._node.create_subscription(
            adapter.message,
            topic,
            take,
            self._profile,
            event_callbacks=qos.unwatched_subscription(),
            raw=adapter.raw,
        )

    def _take(self, message: Any, source: str) -> None:
        part = self._pipeline.read(message)
        if part is None:
            return
        frames, late = self._gathering.add(source, part.named(identity(source)))
        if late:
            self._statistics.noted("parts_late")
        self._lift(frames)

    def _go_on(self) -> None:
        self._lift(self._gathering.overdue())

    def _leave(self, source: str) -> None:
        self._lift(self._gathering.leave(source))

    def _lift(self, frames: Sequence[Keypoints2D]) -> None:
        for frame in frames:
            self._pipeline.take_frame(frame)
