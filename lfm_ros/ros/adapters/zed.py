"""``ObjectsStamped`` of zed_msgs: the bodies that a ZED camera tracks, their 2D skeletons alone.

The header names the left camera's own frame (x forward); pixels belong to its optical frame,
which only camera_info names.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lfm_ros.core.errors import MessageError
from lfm_ros.ros.adapters.identities import identity
from lfm_ros.ros.adapters.instance import Instance, table
from lfm_ros.ros.adapters.keypoints2d import UNKNOWN
from lfm_ros.ros.adapters.reader import Reader

FIELDS = {
    "header": "std_msgs/Header",
    "objects[].label_id": "whole",
    "objects[].confidence": "number",
    "objects[].tracking_available": "flag",
    "objects[].skeleton_available": "flag",
    "objects[].body_format": "whole",
    "objects[].skeleton_2d.keypoints[].kp[]": "number",
}
_HEAD = ("nose", "left_eye", "right_eye", "left_ear", "right_ear")
_LIMBS = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle", "big_toe", "small_toe", "heel")
_HAND = ("hand_thumb_4", "hand_index_1", "hand_middle_4", "hand_pinky_1")
_ARM_34 = ("clavicle", "shoulder", "elbow", "wrist", "hand", "handtip", "thumb")
_LEG_34 = ("hip", "knee", "ankle", "foot")


def _both(parts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{side}_{part}" for part in parts for side in ("left", "right"))


def _side(side: str, parts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{side}_{part}" for part in parts)


#: Names of the keypoints by the value of ``body_format``.
NAMES = {
    0: (
        *("nose", "neck"),
        *_side("right", ("shoulder", "elbow", "wrist")),
        *_side("left", ("shoulder", "elbow", "wrist")),
        *_side("right", ("hip", "knee", "ankle")),
        *_side("left", ("hip", "knee", "ankle")),
        *("right_eye", "left_eye", "right_ear", "left_ear"),
    ),
    1: (
        *("pelvis", "naval_spine", "chest_spine", "neck"),
        *_side("left", _ARM_34),
        *_side("right", _ARM_34),
        *_side("left", _LEG_34),
        *_side("right", _LEG_34),
        *("head", "nose", "left_eye", "left_ear", "right_eye", "right_ear"),
        *_both(("heel",)),
    ),
    2: (
        *("pelvis", "spine_1", "spine_2", "spine_3", "neck"),
        *_HEAD,
        *_both(("clavicle", *_LIMBS)),
        *_both(_HAND),
    ),
}


class ZedBodies(Reader):
    """Reads ``ObjectsStamped``."""

    fields = FIELDS
    names_optical_frame = False

    def instances(self, message: Any) -> list[Instance]:
        """One instance a body; objects without a skeleton have no keypoints.

        Raises:
            MessageError: A body has another format than 18, 34 or 38 keypoints.
        """
        return [_instance(thing) for thing in message.objects]


def _instance(thing: Any) -> Instance:
    names = NAMES.get(thing.body_format) if thing.skeleton_available else ()
    if names is None:
        raise MessageError(
            f"body_format is {thing.body_format}; only 0, 1 and 2 are known (18, 34 or 38 "
            "keypoints): choose one of them in the ZED node (body_tracking.body_format)"
        )
    points = table([point.kp for point in thing.skeleton_2d.keypoints[: len(names)]], 2)
    # The SDK counts in percent, and says (0, 0) or less of what it does not see.
    score = thing.confidence / 100 if thing.confidence > 1 else thing.confidence
    seen = (points > 0).any(-1)
    return Instance(
        labels=("person",),
        points=points,
        confidence=np.where(seen, score, 0.0),
        places=np.arange(len(points)),
        names=names,
        score=score,
        instance_id=identity(thing.label_id) if thing.tracking_available else UNKNOWN,
    )
