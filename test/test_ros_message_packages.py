"""The message packages that the bootstrap compiles are the ones that robots talk."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

SHARE = Path(sys.prefix, "share")
# Of the packages themselves: ROS 2's own tf2_msgs, as `ros2 topic info -v /tf` shows it, and the
# sources of yolo_msgs 4.6.1, hri_msgs 2.0.0, zed_msgs 5.3.0, depthai_ros_msgs (its jazzy branch)
# and apriltag_msgs 2.0.1, put through rosidl. A hash covers every nested type.
ROBOTS_HASHES = {
    "tf2_msgs/msg/TFMessage": "e369d0f05a23ae52508854b66f6aa0437f3449d652e8cbf22d5abe85d020f087",
    "yolo_msgs/msg/DetectionArray": (
        "719290b4e201b2b6f9aa59f01215bc15b774e7b822f7f6d931d68e5ba6354a6a"
    ),
    "hri_msgs/msg/Skeleton2D": "1cb61f012db6ca43c48fa0097ccab9a00108ea39323c13f01bb983323c1e3420",
    "zed_msgs/msg/ObjectsStamped": (
        "0945160ef044aa44b86c8b0e5ae4ed5a8823259eafb37d67e9809efd589d3952"
    ),
    "depthai_ros_msgs/msg/HandLandmarkArray": (
        "bce3a8c9451a6170c8f28ca83b59caa468893e54b735203beb12dd258f8c4361"
    ),
    "apriltag_msgs/msg/AprilTagDetectionArray": (
        "6016bfe513a7c741ccbdbc6419ed6c4cabfe5f11271a96555fbf26565c6b9826"
    ),
}


@pytest.mark.parametrize("name", ROBOTS_HASHES)
def test_type_hash_is_the_robots(name: str) -> None:
    description = (SHARE / name).with_suffix(".json")
    if not description.exists():
        pytest.skip(f"{name} is not compiled into this environment")
    hashes = json.loads(description.read_text())["type_hashes"]
    found = {entry["type_name"]: entry["hash_string"] for entry in hashes}
    assert found[name] == f"RIHS01_{ROBOTS_HASHES[name]}"
