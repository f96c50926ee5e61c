"""``HandLandmarkArray`` of depthai_ros_msgs: hands found on an OAK camera, 21 keypoints each."""

from __future__ import annotations

from typing import Any

import numpy as np

from lfm_ros.ros.adapters.instance import Instance, table
from lfm_ros.ros.adapters.reader import Reader

FIELDS = {
    "header": "std_msgs/Header",
    "landmarks[].label": "text",
    "landmarks[].lm_score": "number",
    "landmarks[].landmark[].x": "number",
    "landmarks[].landmark[].y": "number",
}


class HandLandmarks(Reader):
    """Reads ``HandLandmarkArray``."""

    fields = FIELDS

    def instances(self, message: Any) -> list[Instance]:
        """One instance a hand, of class ``left`` or ``right`` as labelled, and ``hand``."""
        return [_instance(hand) for hand in message.landmarks]


def _instance(hand: Any) -> Instance:
    points = table([(place.x, place.y) for place in hand.landmark], 2)
    return Instance(
        labels=(hand.label.lower(), "hand"),
        points=points,
        confidence=np.full(len(points), hand.lm_score),
        places=np.arange(len(points)),
        score=hand.lm_score,
    )
