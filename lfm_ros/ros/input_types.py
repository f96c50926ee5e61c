"""The message types of detections that are known to work."""

from __future__ import annotations

DEFAULT_INPUT_TYPE = "sensor_msgs/msg/PointCloud2"
#: What is known to work; packages with the same messages under another name do too.
INPUT_TYPES = (
    DEFAULT_INPUT_TYPE,
    "yolo_msgs/msg/DetectionArray",
    "hri_msgs/msg/Skeleton2D",
    "zed_msgs/msg/ObjectsStamped",
    "depthai_ros_msgs/msg/HandLandmarkArray",
    "apriltag_msgs/msg/AprilTagDetectionArray",
)
