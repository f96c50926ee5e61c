"""The camera of each frame of detections: as camera_info tells it, or assumed."""

from __future__ import annotations

import traceback
from functools import lru_cache
from typing import Any

import numpy as np

from lfm_ros.core.camera import Intrinsics
from lfm_ros.core.errors import MessageError
from lfm_ros.ros.adapters import Keypoints2D
from lfm_ros.ros.camera_cache import CameraCache
from lfm_ros.ros.complaints import Complaints
from lfm_ros.ros.parameters import LifterParameters
from lfm_ros.ros.seen_camera import SeenCamera
from lfm_ros.ros.statistics import Statistics

# How long a frame waits for the CameraInfo of its own stamp, if cameras came in pairs so far.
_PATIENCE_SECONDS = 0.05
_NONE = (
    "no calibrated camera_info for the keypoints: {}; publish camera_info beside them, with "
    "the same stamps"
)
#: Why a frame is dropped for which there are no ``intrinsics``.
REQUIRED = _NONE.format("dropped, as require_camera_info asks")


class FrameCameras:
    """Finds the camera of each frame, and says what it has to do without.

    ``take`` is called in the executor's thread, all else in the worker's.

    Args:
        rectified: Whether the keypoints are of the rectified image.
        names_optical_frame: Whether the header of detections names the frame of their pixels.
        statistics: Counts what cannot be used, or is missing.
        complaints: Says it.

    Attributes:
        told: Where the last frame had its camera from, in words; empty before the first.
    """

    def __init__(
        self,
        rectified: bool,
        names_optical_frame: bool,
        statistics: Statistics,
        complaints: Complaints,
    ) -> None:
        self._cache = CameraCache(rectified)
        self._names_optical_frame = names_optical_frame
        self._statistics, self._complaints = statistics, complaints
        self.told = ""

    def take(self, info: Any) -> None:
        """A ``sensor_msgs/msg/CameraInfo`` came in, serialised or not. Raises nothing."""
        try:
            problem = self._cache.update(info).problem
        except MessageError as error:
            problem = str(error)
        except Exception:
            self._complaints.warn(f"camera_info could not be read: {traceback.format_exc()}")
            return
        if problem:
            self._statistics.noted("camera_info")
            self._complaints.warn_once(f"camera_info is ignored: {problem}")

    def at(self, stamp: Any) -> SeenCamera | None:
        """What camera_info says of a ``builtin_interfaces/msg/Time``; None if it never came."""
        return self._cache.at(stamp, _PATIENCE_SECONDS)

    def intrinsics(self, seen: SeenCamera | None, settings: LifterParameters) -> Intrinsics | None:
        """The camera that was seen, else an assumed one, or None where none may be assumed."""
        if seen is not None and seen.intrinsics is not None:
            self.told = "camera_info"
            return seen.intrinsics
        if settings.require_camera_info:
            self.told = "waiting for camera_info"
            return None
        self.told = f"assumed, {settings.assumed_fov_deg:g} degrees wide"
        self._complaints.warn_once(_NONE.format(f"the camera is {self.told}"))
        width, height = settings.assumed_image_size
        if seen is not None and all(seen.size):
            width, height = seen.size
        return _assumed(settings.assumed_fov_deg, width, height)

    def frame_id(
        self, detections: Keypoints2D, seen: SeenCamera | None, settings: LifterParameters
    ) -> str:
        """The camera's optical frame; empty where nothing names it."""
        frame_id = settings.frame_id or detections.frame_id
        if frame_id:
            return frame_id
        from_camera = seen.frame_id if seen is not None else ""
        if from_camera and not self._names_optical_frame:
            return from_camera
        self._statistics.noted("empty_frame_id")
        way_out = (
            f"that of camera_info is used, {from_camera!r}" if from_camera else "no TF is sent"
        )
        self._complaints.warn_once(
            f"keypoints have an empty frame_id, so {way_out}; let the detector fill it in, or set "
            "the parameter frame_id"
        )
        return from_camera


@lru_cache(maxsize=16)
def _assumed(fov_deg: float, width: int, height: int) -> Intrinsics:
    return Intrinsics.from_field_of_view(float(np.deg2rad(fov_deg)), (width, height))
