"""``AprilTagDetectionArray`` of apriltag_msgs: the four corners of each tag."""

from __future__ import annotations

from typing import Any

import numpy as np

from lfm_ros.core.skeleton import RootFrame, Skeleton
from lfm_ros.ros.adapters.identities import identity
from lfm_ros.ros.adapters.instance import Instance, table
from lfm_ros.ros.adapters.reader import Reader
from lfm_ros.ros.parameters import LifterParameters

FIELDS = {
    "header": "std_msgs/Header",
    "detections[].family": "text",
    "detections[].id": "whole",
    "detections[].corners[].x": "number",
    "detections[].corners[].y": "number",
}
#: As the AprilTag library gives them, seen on the upright tag.
CORNERS = ("bottom_left", "bottom_right", "top_right", "top_left")


def square(edge: float) -> Skeleton:
    """The rig of a tag.

    Args:
        edge: Length in metres of the square through the detected corners.

    Returns:
        A square whose root frame lies in its middle, x out of the tag, y to the right and z to the
        top as one reads it.
    """
    return Skeleton(
        names=CORNERS,
        edges=((0, 1), (1, 2), (2, 3), (3, 0)),
        nominal_size=4 * edge,
        root=RootFrame(origin=(0, 1, 2, 3), z_from=(0, 1), z_to=(2, 3), y_from=(0, 3), y_to=(1, 2)),
        name="apriltag",
    )


class AprilTags(Reader):
    """Reads ``AprilTagDetectionArray``."""

    fields = FIELDS

    def __init__(self, settings: LifterParameters) -> None:
        self.rig = square(settings.tag_size)

    def instances(self, message: Any) -> list[Instance]:
        """One instance a tag, of class ``family:id`` and ``family``; its id is the identity."""
        return [_instance(tag) for tag in message.detections]


def _instance(tag: Any) -> Instance:
    points = table([(corner.x, corner.y) for corner in tag.corners], 2)
    return Instance(
        labels=(f"{tag.family}:{tag.id}", tag.family),
        points=points,
        confidence=np.ones(len(points)),
        places=np.arange(len(points)),
        names=CORNERS,
        instance_id=identity(tag.id),
    )
