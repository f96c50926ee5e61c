"""Topics that come and go, such as ``/humans/bodies/<id>/skeleton2d``, one a detected body."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any

from rclpy.clock import Clock, ClockType
from rclpy.node import Node

# The graph is asked by each lifter: often enough for a body that steps into view.
_PERIOD_SECONDS = 0.2


class TopicPatterns:
    """Subscribes to every topic that fits a pattern, for as long as somebody publishes it.

    Args:
        node: Whose graph is watched, every fifth of a second.
        patterns: Match full names of topics; the first group of each is the id.
        subscribe: From a topic and the id in its name to the subscription.
        leave: Called with the id when its topic has ended.
    """

    def __init__(
        self,
        node: Node,
        patterns: Sequence[re.Pattern[str]],
        subscribe: Callable[[str, str], Any],
        leave: Callable[[str], None],
    ) -> None:
        self._node, self._subscribe, self._leave = node, subscribe, leave
        self._patterns = list(patterns)
        self._followed: dict[str, tuple[str, Any]] = {}
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._timer = node.create_timer(_PERIOD_SECONDS, self.look, clock=steady)
        with ExitStack() as undo:
            undo.callback(self.close)
            self.look()
            undo.pop_all()

    def look(self) -> None:
        """Compare the graph with what is subscribed to."""
        topics = dict(self._node.get_topic_names_and_types())
        # Our own subscriptions keep a topic in the graph, so its publishers are what counts.
        spoken = {name for name in topics if self._id(name) and self._node.count_publishers(name)}
        for topic in sorted(spoken - self._followed.keys()):
            source = self._id(topic)
            self._followed[topic] = (source, self._subscribe(topic, source))
        for topic in sorted(self._followed.keys() - spoken):
            self._end(topic)

    @property
    def topics(self) -> list[str]:
        """What is subscribed to now."""
        return sorted(self._followed)

    def close(self) -> None:
        """End all subscriptions."""
        self._node.destroy_timer(self._timer)
        for topic in list(self._followed):
            self._end(topic)

    def _end(self, topic: str) -> None:
        source, subscription = self._followed.pop(topic)
        self._node.destroy_subscription(subscription)
        self._leave(source)

    def _id(self, topic: str) -> str:
        """The id in a topic's name; empty if it fits no pattern."""
        return next((found[1] for p in self._patterns if (found := p.fullmatch(topic))), "")
