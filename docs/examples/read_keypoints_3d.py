"""The reader's side in ROS 2: what the lifter publishes, as arrays with names.

python3 docs/examples/read_keypoints_3d.py
"""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np
import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from sensor_msgs.msg import PointCloud2
from std_msgs.msg import String

from lfm_ros.core.placement import SCALE_SOURCES
from lfm_ros.ros.clouds import decode_points


class Reader(Node):
    """Prints where every instance is, and where its first keypoint is."""

    def __init__(self) -> None:
        super().__init__("reader")
        self._rigs: list[dict[str, Any]] = []
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self.create_subscription(String, "skeletons", self._take_rigs, latched)
        self.create_subscription(PointCloud2, "keypoints_3d", self._take_points, 5)

    def _take_rigs(self, message: String) -> None:
        self._rigs = json.loads(message.data)  # in the order of the parameter

    def _take_points(self, message: PointCloud2) -> None:
        points = decode_points(message)
        for row, xyz in enumerate(points.xyz):  # (K, 3) metres in message.header.frame_id
            known = np.isfinite(xyz).all(-1)  # False: padding of a smaller rig, or not lifted
            if not self._rigs or not known.any():
                continue
            rig = self._rigs[points.skeleton[row]]
            x, y, z = xyz[known].mean(0)
            self.get_logger().info(
                f"{rig['name']} {points.instance_id[row]} at {x:.2f} {y:.2f} {z:.2f} m in "
                f"{message.header.frame_id}, off by {points.place_sigma[row]:.2f} m or so; "
                f"{rig['keypoints'][0]} at {xyz[0].round(2)}; {points.observed[row].sum()} seen, "
                f"the others filled in; size: {SCALE_SOURCES[points.scale_source[row]]}"
            )


def main() -> None:
    """Read until Ctrl-C."""
    rclpy.init(args=sys.argv)
    try:
        rclpy.spin(Reader())
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        rclpy.try_shutdown()


if __name__ == "__main__":
    main()
