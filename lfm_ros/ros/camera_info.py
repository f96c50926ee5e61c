"""Intrinsics as ``sensor_msgs/msg/CameraInfo``; ``Intrinsics.from_camera_info`` reads it back."""

from __future__ import annotations

import numpy as np
from sensor_msgs.msg import CameraInfo
from std_msgs.msg import Header

from lfm_ros.core.camera import Intrinsics


def camera_info(header: Header, camera: Intrinsics) -> CameraInfo:
    """The CameraInfo of a camera that is not rectified and not part of a stereo pair.

    Args:
        header: Its frame is the camera's optical frame.
        camera: What it says; P holds K, as for any monocular camera.
    """
    matrix = np.asarray(camera.matrix, np.float64)
    made = CameraInfo(header=header, distortion_model=camera.model)
    made.width, made.height = camera.size
    made.d = [float(value) for value in camera.distortion]
    made.k = matrix.ravel().tolist()
    made.r = np.eye(3).ravel().tolist()
    made.p = np.hstack([matrix, np.zeros((3, 1))]).ravel().tolist()
    return made
