"""``DetectionArray`` of yolo_msgs: the poses of YOLO, with the tracker's ids behind its tracker.

The detector leaves keypoints out that it is not sure of, so a keypoint's place is its ``id``,
never its position in the list. Ids count from 1 in yolo_ros.
"""

from __future__ import annotations

from typing import Any

from lfm_ros.core.errors import MessageError
from lfm_ros.ros.adapters.identities import identity
from lfm_ros.ros.adapters.instance import Instance, table
from lfm_ros.ros.adapters.reader import Reader
from lfm_ros.ros.parameters import LifterParameters

FIELDS = {
    "header": "std_msgs/Header",
    "detections[].class_id": "whole",
    "detections[].class_name": "text",
    "detections[].score": "number",
    "detections[].id": "text",
    "detections[].keypoints.data[].id": "whole",
    "detections[].keypoints.data[].point.x": "number",
    "detections[].keypoints.data[].point.y": "number",
    "detections[].keypoints.data[].score": "number",
}


class YoloDetections(Reader):
    """Reads ``DetectionArray``."""

    fields = FIELDS

    def __init__(self, settings: LifterParameters) -> None:
        self._id_base = settings.keypoint_id_base

    def instances(self, message: Any) -> list[Instance]:
        """One instance a detection.

        Raises:
            MessageError: A keypoint has a lower id than the first can have.
        """
        return [self._instance(detection) for detection in message.detections]

    def _instance(self, detection: Any) -> Instance:
        rows = [(k.id, k.point.x, k.point.y, k.score) for k in detection.keypoints.data]
        numbers = table(rows, 4)
        places = numbers[:, 0].astype("int64") - self._id_base
        if (places < 0).any():
            raise MessageError(
                f"a keypoint has the id {int(places.min()) + self._id_base}, but ids count from "
                f"{self._id_base}; set keypoint_id_base to what the detector counts from"
            )
        return Instance(
            labels=(detection.class_name, str(detection.class_id)),
            points=numbers[:, 1:3],
            confidence=numbers[:, 3],
            places=places,
            score=detection.score,
            instance_id=identity(detection.id),
        )
