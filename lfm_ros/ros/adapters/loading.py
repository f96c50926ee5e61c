"""Finds the adapter of a message type by its name and its fields."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from lfm_ros.core.errors import MessageError
from lfm_ros.core.skeleton import Skeleton
from lfm_ros.ros.adapters import pointcloud2
from lfm_ros.ros.adapters.adapter import Adapter
from lfm_ros.ros.adapters.apriltags import AprilTags
from lfm_ros.ros.adapters.fields import message_class, missing_fields
from lfm_ros.ros.adapters.hand_landmarks import HandLandmarks
from lfm_ros.ros.adapters.hri import HriSkeleton
from lfm_ros.ros.adapters.keypoint_order import KeypointOrder
from lfm_ros.ros.adapters.keypoints2d import Keypoints2D
from lfm_ros.ros.adapters.reader import Reader
from lfm_ros.ros.adapters.rigging import Rigging
from lfm_ros.ros.adapters.rigs import rigs_in_use
from lfm_ros.ros.adapters.yolo import YoloDetections
from lfm_ros.ros.adapters.zed import ZedBodies
from lfm_ros.ros.input_types import DEFAULT_INPUT_TYPE, INPUT_TYPES, how_to_install
from lfm_ros.ros.keypoint_stream import KeypointStream
from lfm_ros.ros.parameters import LifterParameters

#: What reads a message, by the message's name.
READERS: dict[str, type[Reader]] = {
    "DetectionArray": YoloDetections,
    "Skeleton2D": HriSkeleton,
    "ObjectsStamped": ZedBodies,
    "HandLandmarkArray": HandLandmarks,
    "AprilTagDetectionArray": AprilTags,
}
_BOXES = (
    "has boxes and no keypoints, so there is nothing to lift; take the detector's keypoints: "
    "yolo_msgs/msg/DetectionArray of yolo_ros, or sensor_msgs/msg/PointCloud2 as docs/ros.md "
    "describes it"
)
_NOT_LIFTABLE = {"Detection2DArray": _BOXES, "Detection2D": _BOXES, "BoundingBox2DArray": _BOXES}


def load_adapter(settings: Callable[[], LifterParameters], *, ros: bool = True) -> Adapter:
    """The adapter of the parameter ``input_type``.

    Args:
        settings: The present parameters. Only ``min_detection_confidence`` is asked again later.
        ros: Whether messages are those of ROS. Without it no message package is needed, and the
            adapter takes whatever has the fields of the message.

    Raises:
        MessageError: The type is not known, its package is not installed, its fields are others
            than its name promises, or a parameter of the adapters cannot be read.
        SkeletonError: A rig cannot be had.
    """
    now = settings()
    input_type = now.input_type
    if _full(input_type) == DEFAULT_INPUT_TYPE:
        return _of_clouds(now, ros)
    kind = READERS.get(_name(input_type))
    if kind is None or "/" not in input_type:
        raise MessageError(_refusal(input_type))
    reader = kind(now)
    message = _message(input_type, reader) if ros else object
    rigs, classes = rigs_in_use(now.skeletons, now.class_skeletons, reader.rig)
    order = KeypointOrder(now.keypoint_map, now.keypoint_id_base)
    order.check(rigs)
    rigging = Rigging(classes, order, lambda: settings().min_detection_confidence)
    return Adapter(
        message,
        _adapting(reader, rigging),
        rigs,
        topics=reader.topics,
        names_optical_frame=reader.names_optical_frame,
    )


def _of_clouds(settings: LifterParameters, ros: bool) -> Adapter:
    if any(settings.keypoint_map):
        raise MessageError(
            f"keypoint_map is set, but the columns of {DEFAULT_INPUT_TYPE} are the keypoints "
            "of the rig; publish them in its order, or choose another rig in skeletons"
        )
    rigs, _ = rigs_in_use(settings.skeletons, settings.class_skeletons)
    cloud = message_class(DEFAULT_INPUT_TYPE) if ros else object
    adapt = partial(pointcloud2.adapt, stream=KeypointStream())
    return Adapter(cloud, adapt, rigs, raw=ros and pointcloud2.RAW)


def _adapting(reader: Reader, rigging: Rigging) -> Callable[[Any, Sequence[Skeleton]], Keypoints2D]:
    def adapt(message: Any, rigs: Sequence[Skeleton]) -> Keypoints2D:
        # NaN and numbers too large for float32 are missing keypoints, and not worth a warning.
        with np.errstate(invalid="ignore", over="ignore"):
            instances = reader.instances(message)
            frame = rigging.frame(message.header, instances, rigs, normalized=reader.normalized)
        return frame if reader.names_optical_frame else replace(frame, frame_id="")

    return adapt


def _message(input_type: str, reader: Reader) -> Any:
    package, distro = input_type.split("/")[0], os.environ.get("ROS_DISTRO", "")
    try:
        message = message_class(input_type)
    except ModuleNotFoundError as error:
        raise MessageError(
            f"input_type {input_type} needs the package {package}, which cannot be imported "
            f"({error}): {how_to_install(package, distro)}"
        ) from error
    except AttributeError as error:
        raise MessageError(
            f"the package {package} has no message {_name(input_type)}; correct input_type"
        ) from error
    lacking = missing_fields(message, reader.fields)
    if lacking:
        raise MessageError(
            f"{input_type} is not the {_name(input_type)} that is known: it has no "
            f"{', '.join(lacking)}; choose one of {', '.join(INPUT_TYPES)}, or convert to the first"
        )
    return message


def _refusal(input_type: str) -> str:
    why = _NOT_LIFTABLE.get(_name(input_type))
    if why:
        return f"{input_type} {why}"
    return (
        f"input_type is {input_type!r}; choose one of {', '.join(INPUT_TYPES)}, or a package that "
        "has one of these messages with the same fields"
    )


def _name(input_type: str) -> str:
    return input_type.rsplit("/", 1)[-1]


def _full(input_type: str) -> str:
    """``package/msg/Name``, also of ``package/Name``."""
    return f"{input_type.split('/')[0]}/msg/{_name(input_type)}"
