"""Messages of detectors as their packages have them, filled as their nodes fill them."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from apriltag_msgs.msg import AprilTagDetection, AprilTagDetectionArray
from apriltag_msgs.msg import Point as Corner
from builtin_interfaces.msg import Time
from depthai_ros_msgs.msg import HandLandmark, HandLandmarkArray
from geometry_msgs.msg import Pose2D
from hri_msgs.msg import NormalizedPointOfInterest2D, Skeleton2D
from sensor_msgs.msg import PointCloud2
from std_msgs.msg import Header
from yolo_msgs.msg import Detection, DetectionArray, KeyPoint2D, KeyPoint2DArray, Point2D
from zed_msgs.msg import Keypoint2Df, Object, ObjectsStamped

from lfm_ros.ros.clouds import Keypoints, encode_keypoints

SOURCES = Path(__file__).resolve().parents[1] / "tools" / "detector_msgs"
FRAME_ID = "camera_optical_frame"


def header(stamp: Time | None = None) -> Header:
    return Header(stamp=stamp or Time(sec=7, nanosec=500), frame_id=FRAME_ID)


def pixels(count: int, seed: int = 0) -> np.ndarray:
    """Keypoints all over an image of 1280 x 720, shape (count, 2)."""
    return np.random.default_rng(seed).uniform((340, 160), (940, 560), (count, 2))


def yolo_detection(uv: np.ndarray, ids: list[int] | None = None, **fields: Any) -> Detection:
    """As yolo_ros fills it: ids count from 1, keypoints that it is not sure of are not there."""
    numbers = ids or list(range(1, len(uv) + 1))
    data = [
        KeyPoint2D(id=i, point=Point2D(x=float(u), y=float(v)), score=0.5 + 0.01 * i)
        for i, (u, v) in zip(numbers, uv, strict=True)
    ]
    told = {"class_id": 0, "class_name": "person", "score": 0.8, "id": "3", **fields}
    return Detection(keypoints=KeyPoint2DArray(data=data), **told)


def yolo(*detections: Detection, stamp: Time | None = None) -> DetectionArray:
    shown = detections or (yolo_detection(pixels(17)), yolo_detection(pixels(17, 1), id="4"))
    return DetectionArray(header=header(stamp), detections=list(shown))


def hri(shares: np.ndarray | None = None, stamp: Time | None = None) -> Skeleton2D:
    """As the packages of ros4hri fill it: shares of the image, every keypoint there."""
    places = pixels(18) / (1280, 720) if shares is None else shares
    points = [NormalizedPointOfInterest2D(x=float(x), y=float(y), c=0.7) for x, y in places]
    return Skeleton2D(header=header(stamp), skeleton=points)


def zed(body_format: int = 2, count: int = 38, **fields: Any) -> ObjectsStamped:
    """As the ZED node fills it: 70 places, zeros behind the keypoints of the format."""
    body = Object(label="Body_5", label_id=5, confidence=87.0, tracking_available=True)
    body.skeleton_available, body.body_format = True, body_format
    for place, uv in enumerate(pixels(count)):
        body.skeleton_2d.keypoints[place] = Keypoint2Df(kp=uv.astype(np.float32))
    for name, value in fields.items():
        setattr(body, name, value)
    message = ObjectsStamped(header=header(), objects=[body])
    message.header.frame_id = "zed_left_camera_frame"
    return message


def hands(count: int = 21) -> HandLandmarkArray:
    places = [Pose2D(x=float(x), y=float(y)) for x, y in pixels(count)]
    hand = HandLandmark(label="left", lm_score=0.9, landmark=places)
    return HandLandmarkArray(header=header(), landmarks=[hand])


def apriltags() -> AprilTagDetectionArray:
    corners = [(400.0, 500.0), (480.0, 505.0), (478.0, 420.0), (402.0, 424.0)]
    tag = AprilTagDetection(family="tag36h11", id=12, decision_margin=80.0)
    tag.corners = [Corner(x=x, y=y) for x, y in corners]
    return AprilTagDetectionArray(header=header(), detections=[tag])


def cloud() -> PointCloud2:
    uv = np.stack([pixels(17), pixels(17, 1)]).astype(np.float32)
    sure = np.full((2, 17), 0.8, np.float32)
    ids, rigs = np.array([3, 4], np.int32), np.zeros(2, np.int32)
    return encode_keypoints(header(), Keypoints(uv, sure, ids, rigs))


def lose_in_cloud(message: PointCloud2) -> None:
    message.data[2 * message.point_step : 2 * message.point_step + 8] = array("B", bytes(8))


def lose_in_yolo(message: DetectionArray) -> None:
    message.detections[0].keypoints.data[2].point = Point2D()


def lose_in_hri(message: Skeleton2D) -> None:
    message.skeleton[2].x = message.skeleton[2].y = 0.0


def lose_in_zed(message: ObjectsStamped) -> None:
    message.objects[0].skeleton_2d.keypoints[5].kp[:] = 0  # The nose; coco17 has no spine.


def lose_in_hands(message: HandLandmarkArray) -> None:
    message.landmarks[0].landmark[2] = Pose2D()


def lose_in_apriltags(message: AprilTagDetectionArray) -> None:
    message.detections[0].corners[2] = Corner()


class Example(NamedTuple):
    """A usual message.

    Attributes:
        make: Makes it.
        rig: To read it with.
        lose: Puts a keypoint of its first instance at (0, 0), and leaves it the score it had.
    """

    make: Callable[[], Any]
    rig: str
    lose: Callable[[Any], None]


#: By input type.
EXAMPLES = {
    "sensor_msgs/msg/PointCloud2": Example(cloud, "coco17", lose_in_cloud),
    "yolo_msgs/msg/DetectionArray": Example(yolo, "coco17", lose_in_yolo),
    "hri_msgs/msg/Skeleton2D": Example(hri, "coco17", lose_in_hri),
    "zed_msgs/msg/ObjectsStamped": Example(zed, "coco17", lose_in_zed),
    "depthai_ros_msgs/msg/HandLandmarkArray": Example(hands, "hand21", lose_in_hands),
    "apriltag_msgs/msg/AprilTagDetectionArray": Example(apriltags, "coco17", lose_in_apriltags),
}
