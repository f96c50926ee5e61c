"""Recordings of the built-in scene, written through rosbags."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore
from transforms3d.quaternions import mat2quat

from lfm_ros.core.camera import Intrinsics
from lfm_ros.core.rigid import Rigid
from lfm_ros.ros.clouds import KEYPOINT_DTYPE
from lfm_ros.scene import Scene

TYPES = get_typestore(Stores.ROS2_JAZZY)
T = {name.replace("/msg/", "/"): kind for name, kind in TYPES.types.items()}
FRAMES, PERIOD_NS, BEGIN_NS = 8, 33_000_000, 1_700_000_000_000_000_000
SCENE = Scene(noise=False)
FRAME_ID = "camera_optical_frame"


def header(stamp_ns: int, frame_id: str = FRAME_ID) -> Any:
    stamp = T["builtin_interfaces/Time"](*divmod(stamp_ns, 1_000_000_000))
    return T["std_msgs/Header"](stamp, frame_id)


def camera_info(stamp_ns: int, rectified: Intrinsics = SCENE.camera) -> Any:
    camera = SCENE.camera
    matrix = np.asarray(camera.matrix, np.float64)
    return T["sensor_msgs/CameraInfo"](
        header=header(stamp_ns),
        height=camera.size[1],
        width=camera.size[0],
        distortion_model="plumb_bob",
        d=np.zeros(5),
        k=matrix.ravel(),
        r=np.eye(3).ravel(),
        p=np.hstack([np.array(rectified.matrix, np.float64), np.zeros((3, 1))]).ravel(),
        binning_x=0,
        binning_y=0,
        roi=T["sensor_msgs/RegionOfInterest"](0, 0, 0, 0, False),
    )


def cloud(stamp_ns: int, frame: Any) -> Any:
    cells = np.zeros(frame.confidence.shape, KEYPOINT_DTYPE)
    cells["u"], cells["v"] = frame.keypoints[..., 0], frame.keypoints[..., 1]
    cells["confidence"] = frame.confidence
    cells["instance_id"], cells["skeleton"] = frame.instance_id[:, None], frame.skeleton[:, None]
    codes = {"float32": 7, "int32": 5}
    fields = [
        T["sensor_msgs/PointField"](name, offset, codes[kind.name], 1)
        for name, (kind, offset) in KEYPOINT_DTYPE.fields.items()
    ]
    data = np.frombuffer(cells.tobytes(), np.uint8)
    height, width = cells.shape
    return T["sensor_msgs/PointCloud2"](
        header(stamp_ns), height, width, fields, False, 20, 20 * width, data, True
    )


def record(
    path: Path, storage: StoragePlugin, topics: dict[str, tuple[Any, str, list[Any]]]
) -> Path:
    """Write a recording of messages, one a frame and topic."""
    later = {
        topic: (types, kind, [(stamp(n) + 5_000_000, one) for n, one in enumerate(messages)])
        for topic, (types, kind, messages) in topics.items()
    }
    return record_at(path, storage, later)


def record_at(
    path: Path, storage: StoragePlugin, topics: dict[str, tuple[Any, str, list[tuple[int, Any]]]]
) -> Path:
    """Write a recording of messages, each with the time when it was recorded."""
    with Writer(path, version=9, storage_plugin=storage) as writer:
        connections = {
            topic: writer.add_connection(topic, kind, typestore=types)
            for topic, (types, kind, _) in topics.items()
        }
        everything = [
            (recorded, topic, types.serialize_cdr(message, kind))
            for topic, (types, kind, messages) in topics.items()
            for recorded, message in messages
        ]
        for recorded, topic, data in sorted(everything, key=lambda one: one[0]):
            writer.write(connections[topic], recorded, data)
    return path


def transform(stamp_ns: int, parent: str, child: str, to_parent: Rigid) -> Any:
    """``tf2_msgs/msg/TFMessage`` with one transform."""
    w, x, y, z = map(float, mat2quat(to_parent.rotation))
    placed = T["geometry_msgs/Transform"](
        T["geometry_msgs/Vector3"](*map(float, to_parent.shift)),
        T["geometry_msgs/Quaternion"](x, y, z, w),
    )
    head = header(stamp_ns, parent)
    return T["tf2_msgs/TFMessage"]([T["geometry_msgs/TransformStamped"](head, child, placed)])


def image(stamp_ns: int, pixels: np.ndarray, encoding: str) -> Any:
    """``sensor_msgs/msg/Image``."""
    height, width = pixels.shape[:2]
    data = np.frombuffer(pixels.tobytes(), np.uint8)
    step = data.size // height
    return T["sensor_msgs/Image"](
        header(stamp_ns), height, width, encoding, pixels.dtype.byteorder == ">", step, data
    )


def stamp(number: int) -> int:
    return BEGIN_NS + number * PERIOD_NS


def scene_frame(number: int) -> Any:
    return SCENE.frame(number * PERIOD_NS * 1e-9)


def seen_depth(frame: Any) -> np.ndarray:
    """What a depth camera sees of a frame, metres (H, W): limbs before a wall, 9 m away."""
    width, height = SCENE.camera.size
    seen = np.full((height, width), 9.0)
    share = np.linspace(0, 1, 40)[:, None, None]
    for row, index in enumerate(frame.skeleton):
        rig = SCENE.skeletons[index]
        ends = frame.truth[row][np.array(rig.edges).T]
        limbs = ((1 - share) * ends[0] + share * ends[1]).reshape(-1, 3)
        pixels = np.rint(SCENE.camera.project(limbs)).astype(int)
        for (u, v), z in zip(pixels, limbs[:, 2], strict=True):
            patch = seen[max(v - 4, 0) : max(v + 5, 0), max(u - 4, 0) : max(u + 5, 0)]
            np.minimum(patch, z - rig.surface_depth, out=patch)
    return seen
