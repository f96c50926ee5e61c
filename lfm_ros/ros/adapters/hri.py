"""``Skeleton2D`` of hri_msgs (REP 155): one body a message, one topic a body.

The topic's name has the body's id, so that is added by who subscribes.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lfm_ros.ros.adapters.instance import Instance, table
from lfm_ros.ros.adapters.reader import Reader

FIELDS = {
    "header": "std_msgs/Header",
    "skeleton[].x": "number",
    "skeleton[].y": "number",
    "skeleton[].c": "number",
}
#: In the order of the message's constants, which has the left eye before the right one.
NAMES = (
    *("nose", "neck", "right_shoulder", "right_elbow", "right_wrist", "left_shoulder"),
    *("left_elbow", "left_wrist", "right_hip", "right_knee", "right_ankle", "left_hip"),
    *("left_knee", "left_ankle", "left_eye", "right_eye", "left_ear", "right_ear"),
)
TOPICS = ("/humans/bodies/*/skeleton2d",)


class HriSkeleton(Reader):
    """Reads ``Skeleton2D``."""

    fields = FIELDS
    topics = TOPICS
    normalized = True

    def instances(self, message: Any) -> list[Instance]:
        """The one body."""
        numbers = table([(p.x, p.y, p.c) for p in message.skeleton], 3)
        return [
            Instance(
                labels=("person",),
                points=numbers[:, :2],
                confidence=numbers[:, 2],
                places=np.arange(len(numbers)),
                names=NAMES,
            )
        ]
