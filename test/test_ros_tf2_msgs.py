"""The tf2_msgs that the bootstrap compiles is the one that robots talk."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

DESCRIPTION = Path(sys.prefix, "share", "tf2_msgs", "msg", "TFMessage.json")
# Of ROS 2's own tf2_msgs, as `ros2 topic info -v /tf` and rosbag2's metadata show it.
ROBOTS_HASH = "RIHS01_e369d0f05a23ae52508854b66f6aa0437f3449d652e8cbf22d5abe85d020f087"


def test_type_hash_is_the_robots() -> None:
    if not DESCRIPTION.exists():
        pytest.skip("no tf2_msgs compiled into this environment (a sourced ROS 2 brings its own)")
    hashes = json.loads(DESCRIPTION.read_text())["type_hashes"]
    found = {entry["type_name"]: entry["hash_string"] for entry in hashes}
    assert found["tf2_msgs/msg/TFMessage"] == ROBOTS_HASH
