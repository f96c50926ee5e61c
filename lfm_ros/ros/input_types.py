"""The message types of detections that are known to work, and how to have their packages."""

from __future__ import annotations

DEFAULT_INPUT_TYPE = "sensor_msgs/msg/PointCloud2"
_BY_APT = ""
#: What is known to work, and how to have its package where apt has none; packages with the same
#: messages under another name work too.
INPUT_TYPES = {
    DEFAULT_INPUT_TYPE: _BY_APT,
    "yolo_msgs/msg/DetectionArray": "clone https://github.com/mgonzs13/yolo_ros into your "
    "workspace and build its yolo_msgs",
    "hri_msgs/msg/Skeleton2D": _BY_APT,
    "zed_msgs/msg/ObjectsStamped": _BY_APT,
    "depthai_ros_msgs/msg/HandLandmarkArray": _BY_APT,
    "apriltag_msgs/msg/AprilTagDetectionArray": _BY_APT,
}


def how_to_install(package: str, distro: str) -> str:
    """What to do to have a message package, as a clause.

    Args:
        package: Its name.
        distro: Of ROS, such as ``jazzy``; empty where none is sourced.
    """
    known = {input_type.split("/")[0]: how for input_type, how in INPUT_TYPES.items()}
    if package not in known:
        return "source the workspace that has it"
    by_apt = f"sudo apt install ros-{distro or '$ROS_DISTRO'}-{package.replace('_', '-')}"
    return known[package] or by_apt
