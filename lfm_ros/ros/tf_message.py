"""``tf2_msgs/msg/TFMessage``, or None: part of every ROS 2 installation, but not on PyPI."""

from __future__ import annotations

try:
    from tf2_msgs.msg import TFMessage
except ModuleNotFoundError:
    TFMessage = None

__all__ = ["TFMessage"]
