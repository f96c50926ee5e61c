"""Where the packages of the message types come from, and what cannot be read at all."""

from __future__ import annotations

import os

from lfm_ros.ros.input_types import INPUT_TYPES

_BOXES = (
    "has boxes and no keypoints, so there is nothing to lift; take the detector's keypoints: "
    "yolo_msgs/msg/DetectionArray of yolo_ros, or sensor_msgs/msg/PointCloud2 as docs/ros.md "
    "describes it"
)
#: Why, by name of the message.
NOT_LIFTABLE = {"Detection2DArray": _BOXES, "Detection2D": _BOXES, "BoundingBox2DArray": _BOXES}

_SOURCES = {
    "yolo_msgs": "clone https://github.com/mgonzs13/yolo_ros into your workspace and build its "
    "yolo_msgs (there is no apt package)",
}


def how_to_install(package: str) -> str:
    """What to do to have a message package, as a clause."""
    if package in _SOURCES:
        return _SOURCES[package]
    if any(package == known.split("/")[0] for known in INPUT_TYPES):
        distro = os.environ.get("ROS_DISTRO") or "$ROS_DISTRO"
        return f"sudo apt install ros-{distro}-{package.replace('_', '-')}"
    return "source the workspace that has it"
