"""Says when no detections come, and as much of the reason as the graph tells."""

from __future__ import annotations

import time
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

from rclpy.node import Node

from lfm_ros.ros.statistics import Statistics

_REMEDY_PRESENT = (
    "the detector is there but sends nothing: see whether its camera runs, or set input_timeout "
    "if it may be silent for so long"
)
_REMEDY_ABSENT = "start the detector, or remap keypoints to its topic"
_OTHERS = 3


class Silence:
    """Watches over the detections of an active node, from the moment it is made.

    Args:
        node: Whose graph is asked, and which logs when a silence begins and ends.
        type_name: Message type of the detections.
        statistics: Knows when the last ones came.
    """

    def __init__(self, node: Node, type_name: str, statistics: Statistics) -> None:
        self._node, self._type_name, self._statistics = node, type_name, statistics
        self._since = time.monotonic()
        self._said = False

    def problem(self, topics: Sequence[str], timeout: float) -> str:
        """What is wrong; empty while detections come.

        Args:
            topics: Where they should come from. None at all: no body has a topic now, which is as
                good as an empty frame.
            timeout: Seconds of silence that are normal; 0: any.
        """
        now = time.monotonic()
        if not topics:
            self._since = now
        quiet = now - max(self._since, self._statistics.last_arrival)
        if not timeout or quiet < timeout:
            if self._said and quiet < timeout:
                self._node.get_logger().info("detections come again")
            self._said = False
            return ""
        problem = f"no detections for {quiet:.0f} s on {self._reason(topics)}"
        if not self._said:
            self._node.get_logger().warning(problem)
        self._said = True
        return problem

    def _reason(self, topics: Sequence[str]) -> str:
        speakers = {topic: self._node.get_publishers_info_by_topic(topic) for topic in topics}
        found = [f"{topic} ({published_by(peers)})" for topic, peers in speakers.items()]
        if any(speakers.values()):
            return f"{', '.join(found)}; {_REMEDY_PRESENT}"
        elsewhere = published_elsewhere(self._node, self._type_name, topics[0])
        hint = f" ({self._type_name} is published on {', '.join(elsewhere)})" if elsewhere else ""
        return f"{', '.join(found)}; {_REMEDY_ABSENT}{hint}"


def published_elsewhere(node: Node, type_name: str, like: str) -> list[str]:
    """Where others publish messages of a type, the most similar name first.

    Args:
        node: Whose graph is asked; its own topics do not count.
        type_name: Of the messages.
        like: Full name of the topic that nothing comes on.
    """
    own = {publisher.topic_name for publisher in node.publishers}
    others = [
        name
        for name, types in node.get_topic_names_and_types()
        if type_name in types and name not in own and name != like and node.count_publishers(name)
    ]
    return get_close_matches(like, others, _OTHERS, cutoff=0.0)


def published_by(peers: Sequence[Any]) -> str:
    """Who they are, in words."""
    names = sorted({f"{peer.node_namespace.rstrip('/')}/{peer.node_name}" for peer in peers})
    return f"published by {', '.join(names)}" if names else "nobody publishes it"
