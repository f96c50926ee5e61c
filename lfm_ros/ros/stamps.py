"""Stamps of messages as plain numbers."""

from __future__ import annotations

from typing import Any


def nanoseconds(stamp: Any) -> int:
    """A ``builtin_interfaces/msg/Time`` as nanoseconds; before 1970 too, which rclpy refuses."""
    return stamp.sec * 1_000_000_000 + stamp.nanosec
