"""Which topics of a recording hold the detections, the camera, depth and transforms."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from posixpath import dirname
from typing import Any

from lfm_ros.core.errors import InputError
from lfm_ros.ros.adapters.loading import READERS
from lfm_ros.ros.input_types import DEFAULT_INPUT_TYPE, INPUT_TYPES

CAMERA_INFO = "sensor_msgs/msg/CameraInfo"
_IMAGE, _TRANSFORMS = "sensor_msgs/msg/Image", "tf2_msgs/msg/TFMessage"


def detection_topics(
    connections: Sequence[Any], topic: str | None, input_type: str
) -> tuple[list[Any], str]:
    """The connections with detections, and their message type.

    Args:
        connections: Of the recording; each has ``topic`` and ``msgtype``.
        topic: The one that is wanted, where ``*`` stands for anything; None: what is there.
        input_type: Their type, or empty.

    Raises:
        InputError: There are none, or of several topics none is named.
    """
    found = [c for c in connections if _is_wanted(c, topic, input_type)]
    if not found:
        there = ", ".join(sorted({f"{c.topic} ({c.msgtype})" for c in connections})) or "nothing"
        asked = f"{topic or 'any topic'} of type {input_type or ' or '.join(INPUT_TYPES)}"
        raise InputError(f"the recording has no detections on {asked}; it has {there}")
    kinds = {c.msgtype for c in found}
    topics = sorted({c.topic for c in found})
    together = of_one_object(found[0].msgtype) or (topic is not None and "*" in topic)
    if len(kinds) > 1 or (len(topics) > 1 and not together):
        raise InputError(
            f"several topics may hold the detections: {', '.join(topics)}; choose one with --topic"
        )
    return found, kinds.pop()


def of_one_object(kind: str) -> bool:
    """Whether messages of a type tell of one object, which has a topic of its own."""
    reader = READERS.get(_name(kind))
    return reader is not None and bool(reader.topics)


def camera_topic(connections: Sequence[Any], topic: str | None, beside: str) -> list[Any]:
    """The connections with the camera; none if the recording has no CameraInfo.

    Args:
        connections: Of the recording.
        topic: The one that is wanted, or None: the one in the namespace of the detections, else
            the only one.
        beside: Topic of the detections.

    Raises:
        InputError: The wanted one is not there, or it is not clear which one is meant.
    """
    cameras = [c for c in connections if c.msgtype == CAMERA_INFO]
    topics = sorted({c.topic for c in cameras})
    if topic is not None:
        chosen = [c for c in cameras if c.topic == topic]
        if not chosen:
            raise InputError(
                f"the recording has no CameraInfo on {topic}; it has {', '.join(topics) or 'none'}"
            )
        return chosen
    near = [c for c in cameras if dirname(c.topic) == dirname(beside)]
    chosen = near if len({c.topic for c in near}) == 1 else cameras
    if len({c.topic for c in chosen}) > 1:
        raise InputError(
            f"several cameras may be meant: {', '.join(topics)}; choose one with --camera-info"
        )
    return chosen


def depth_topic(connections: Sequence[Any], topic: str | None) -> list[Any]:
    """The connections with depth images; none if no topic is named.

    Raises:
        InputError: It is not there.
    """
    if topic is None:
        return []
    images = [c for c in connections if c.msgtype == _IMAGE]
    chosen = [c for c in images if c.topic == topic]
    if not chosen:
        there = ", ".join(sorted({c.topic for c in images})) or "none"
        raise InputError(
            f"the recording has no depth images ({_IMAGE}) on {topic}; it has images on {there}"
        )
    return chosen


def transform_topics(connections: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """The connections with transforms that move, and those with fixed ones."""
    known = [c for c in connections if c.msgtype == _TRANSFORMS]
    moving, fixed = ([c for c in known if c.topic == name] for name in ("/tf", "/tf_static"))
    return moving, fixed


def _is_wanted(connection: Any, topic: str | None, input_type: str) -> bool:
    known = {_name(kind) for kind in INPUT_TYPES}
    kind = connection.msgtype
    if input_type and _name(kind) != _name(input_type):
        return False
    if _name(kind) not in known:
        return False
    if topic is not None:
        return fnmatchcase(connection.topic, topic)
    # Most point clouds of a robot are those of its lidar, and our own output is one too.
    return kind != DEFAULT_INPUT_TYPE or connection.topic.endswith("/keypoints")


def _name(kind: str) -> str:
    return kind.rsplit("/", 1)[-1]
