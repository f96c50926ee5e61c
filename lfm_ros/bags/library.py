"""The library ``rosbags``, imported late: a robot that lifts no recordings does without it."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from lfm_ros.core.errors import InputError

_SUFFIXES = (".mcap", ".db3")


def is_bag(path: Path) -> bool:
    """Whether a path is that of a recording: a file, or the folder that rosbag2 writes."""
    return path.suffix in _SUFFIXES or (path / "metadata.yaml").is_file()


def rosbags(module: str) -> Any:
    """A module of the library.

    Raises:
        InputError: It is not installed.
    """
    try:
        return import_module(f"rosbags.{module}")
    except ModuleNotFoundError as error:
        raise InputError(
            f"recordings are read by the package rosbags, which cannot be imported ({error}); "
            "pip install rosbags (the extra 'bags' of lfm_ros)"
        ) from error


def message_types() -> Any:
    """Rosbags' store of the messages that every ROS 2 has, for what a recording does not define."""
    typesys = rosbags("typesys")
    return typesys.get_typestore(typesys.Stores.ROS2_JAZZY)
