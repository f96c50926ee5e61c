"""A node that sends on the bytes it gets: what is left of any node's latency without its work.

``python -m lfm_ros.ros.relay`` listens to ``keypoints`` and answers on ``markers``.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from rclpy.node import Node
from rclpy.serialization import serialize_message
from sensor_msgs.msg import PointCloud2

from lfm_ros.ros import qos
from lfm_ros.ros.run import run
from lfm_ros.ros.serialized_frames import stamp_of_header, stamped

_READER_DEPTH = 10


class Relay(Node):
    """Answers every message.

    With the parameter ``answer_bytes`` the answer has that many bytes and the stamp of the message;
    otherwise it is the message.
    """

    def __init__(self, **node_options: Any) -> None:
        super().__init__("relay", **node_options)
        size = self.declare_parameter("answer_bytes", 0).value
        self._answer = bytearray(serialize_message(PointCloud2(data=bytes(size)))) if size else None
        self._topic = self.create_publisher(PointCloud2, "markers", qos.result())
        self.create_subscription(
            PointCloud2, "keypoints", self._take, qos.sensor(_READER_DEPTH), raw=True
        )

    def _take(self, data: bytes) -> None:
        if self._answer is not None:
            data = stamped(self._answer, stamp_of_header(data))
        self._topic.publish(data)


def main(args: Sequence[str] | None = None) -> int:
    """Entry point."""
    return run(Relay, args)


if __name__ == "__main__":
    sys.exit(main())
