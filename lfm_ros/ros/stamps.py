"""Stamps of messages as plain numbers."""

from __future__ import annotations

from typing import Any

from lfm_ros.core.errors import MessageError

_SECOND = 1_000_000_000


def nanoseconds(stamp: Any) -> int:
    """A ``builtin_interfaces/msg/Time`` as nanoseconds; before 1970 too, which rclpy refuses."""
    return stamp.sec * _SECOND + stamp.nanosec


def check_stamp(stamp: Any) -> None:
    """See that a stamp says a time.

    Raises:
        MessageError: Its nanoseconds are a second or more.
    """
    if stamp.nanosec >= _SECOND:
        raise MessageError(
            f"a stamp has {stamp.nanosec} nanoseconds where a second has {_SECOND}; let the "
            "detector stamp its messages with the time of the image"
        )
