"""Says when frames find no depth image, and as much of the reason as the graph tells."""

from __future__ import annotations

import time

from rclpy.node import Node

from lfm_ros.ros.depth_cache import DepthCache
from lfm_ros.ros.silence import published_by, published_elsewhere

_IMAGE = "sensor_msgs/msg/Image"
# Depth may come more rarely than detections: then some frames find an image, and none is missed.
_SECONDS, _FRAMES = 2.0, 5
_REMEDY = "until then another cue tells the size; or turn use_depth off"


class DepthSilence:
    """Watches over the depth images of an active node.

    Args:
        node: Whose graph is asked, and which logs when a silence begins and ends.
        topic: Full name of the topic with depth.
        cache: Knows which frames found no image.
    """

    def __init__(self, node: Node, topic: str, cache: DepthCache) -> None:
        self._node, self._topic, self._cache = node, topic, cache
        self._said = False

    def problem(self) -> str:
        """What is wrong; empty while some frames find depth, or there are no frames."""
        cache = self._cache
        missed, quiet = cache.missed, time.monotonic() - cache.missed_since
        if missed < _FRAMES or quiet < _SECONDS:
            if self._said and not missed:
                self._node.get_logger().info("depth comes again")
                self._said = False
            return ""
        problem = f"no depth for the last {missed} frames: {self._reason()}; {_REMEDY}"
        if not self._said:
            self._node.get_logger().warning(problem)
        self._said = True
        return problem

    def _reason(self) -> str:
        cache, peers = self._cache, self._node.get_publishers_info_by_topic(self._topic)
        if not peers:
            return f"nobody publishes {self._topic}{self._hint()}"
        where = f"{self._topic} ({published_by(peers)})"
        if wrong := sorted({peer.topic_type for peer in peers} - {_IMAGE}):
            return f"{where} is {', '.join(wrong)}, which is no {_IMAGE}{self._hint()}"
        if cache.refused:
            return f"{where}: {cache.refused}{self._hint()}"
        latest = cache.latest
        if latest is None:
            return f"{where} sends nothing; see whether its camera runs"
        apart = (cache.asked_ns - latest.stamp_ns) * 1e-9
        return (
            f"the last image on {where} has the stamp {latest.stamp_ns * 1e-9:.3f}, the last "
            f"keypoints {cache.asked_ns * 1e-9:.3f}, which is {abs(apart):.3f} s "
            f"{'later' if apart > 0 else 'earlier'}, and 50 ms is the most; see that both have the "
            "stamp of their image by the same clock, and that depth still comes"
        )

    def _hint(self) -> str:
        """What may be meant."""
        topics = published_elsewhere(self._node, _IMAGE, self._topic)
        found = f" ({_IMAGE} is published on {', '.join(topics)})" if topics else ""
        return f"; remap depth to the aligned depth image{found}"
