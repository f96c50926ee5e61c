"""The detector's side in ROS 2: 2D keypoints for the lifter, as one PointCloud2 a frame.

ros2 launch lfm_ros lifter.launch.py skeletons:="[coco17]"
python3 docs/examples/publish_keypoints.py
"""

from __future__ import annotations

import sys

import numpy as np
import rclpy
from lift_detections import detect
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from sensor_msgs.msg import PointCloud2
from std_msgs.msg import Header

from lfm_ros.ros.clouds import Keypoints, encode_keypoints


class Detector(Node):
    """Publishes what ``detect`` finds, 30 times a second."""

    def __init__(self) -> None:
        super().__init__("detector")
        self._publisher = self.create_publisher(PointCloud2, "keypoints", 5)
        self._step = 0
        self.create_timer(1 / 30, self._publish)

    def _publish(self) -> None:
        self._step += 1
        there_and_back = abs(30 - self._step % 60)
        found = detect(there_and_back).astype(np.float32)  # your network on your image: (B, K, 3)
        people = len(found)
        keypoints = Keypoints(
            uv=found[..., :2],
            confidence=found[..., 2],
            instance_id=np.full(people, -1, np.int32),  # or the ids of a tracker of yours
            skeleton=np.zeros(people, np.int32),  # index into the parameter `skeletons`
        )
        # The image's own stamp and frame_id, in place of these: camera_info, depth and tf2 go by
        # them, and they come out with the result.
        header = Header(stamp=self.get_clock().now().to_msg(), frame_id="camera_optical_frame")
        self._publisher.publish(encode_keypoints(header, keypoints))


def main() -> None:
    """Publish until Ctrl-C."""
    rclpy.init(args=sys.argv)
    try:
        rclpy.spin(Detector())
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        rclpy.try_shutdown()


if __name__ == "__main__":
    main()
