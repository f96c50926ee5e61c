"""What is known around a frame of detections: gravity, the ground, depth, where results belong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.camera import LEVEL_UP
from lfm_ros.core.errors import FrameError
from lfm_ros.ros.complaints import Complaints
from lfm_ros.ros.depth_cache import DepthCache
from lfm_ros.ros.diagnostics import Statistics
from lfm_ros.ros.frames import Frames, Rigid
from lfm_ros.ros.parameters import LifterParameters

# How long a frame waits for the depth image of its own stamp, if they came in pairs so far.
_PATIENCE_SECONDS = 0.05
#: Parameters that name a frame of tf2.
FRAME_PARAMETERS = ("gravity_frame", "ground_frame", "target_frame")


@dataclass(frozen=True)
class Surroundings:
    """Around one frame of detections.

    Attributes:
        frame_id: What the results are expressed in.
        up: Against gravity in the camera's frame, or None.
        ground: The ground n . x + d = 0 in the camera's frame, (4,), or None.
        depth: Depth image (H, W), or None.
        to_target: From the camera's frame to ``frame_id``; None where that is the camera's.
        sizes: Metres of each rig in use, (S,), NaN where not known; or None.
    """

    frame_id: str
    up: Sequence[float] | NDArray[np.float64] | None = None
    ground: NDArray[np.float64] | None = None
    depth: NDArray[np.generic] | None = None
    to_target: Rigid | None = None
    sizes: NDArray[np.float64] | None = None


class Scout:
    """Finds the surroundings of each frame; ``at`` is called in the worker's thread.

    Args:
        frames: Where parameters name frames, else None.
        statistics: Counts what is missing.
        complaints: Says what is missing.
        sizes: Goes into every ``Surroundings``.
    """

    def __init__(
        self,
        frames: Frames | None,
        statistics: Statistics,
        complaints: Complaints,
        sizes: NDArray[np.float64] | None = None,
    ) -> None:
        self.depth = DepthCache()
        self._frames, self._sizes = frames, sizes
        self._statistics, self._complaints = statistics, complaints

    def clear(self) -> None:
        """Forget depth images and transforms."""
        self.depth.clear()
        if self._frames is not None:
            self._frames.clear()

    def close(self) -> None:
        """Unsubscribe from transforms."""
        if self._frames is not None:
            self._frames.close()

    def at(self, stamp: Any, camera_frame: str, settings: LifterParameters) -> Surroundings:
        """The surroundings of a frame.

        What is missing of gravity, ground and depth is done without, and said.

        Args:
            stamp: ``builtin_interfaces/msg/Time``.
            camera_frame: The camera's optical frame.
            settings: The present parameters.

        Raises:
            FrameError: The results cannot be brought into ``target_frame``.
        """
        up: Any = LEVEL_UP if settings.gravity == "camera_upright" else None
        if settings.gravity_frame:
            found = self._try(settings.gravity_frame, stamp, camera_frame, settings)
            up = up if found is None else found.rotation[:, 2]
        ground = None
        if settings.ground_frame:
            found = self._try(settings.ground_frame, stamp, camera_frame, settings)
            ground = None if found is None else _floor(found)
        depth = self._depth_at(stamp) if settings.use_depth else None
        target = settings.target_frame
        if not target or target == camera_frame:
            return Surroundings(camera_frame, up, ground, depth, sizes=self._sizes)
        to_target = self._between(target, camera_frame, stamp, settings)
        return Surroundings(target, up, ground, depth, to_target, self._sizes)

    def _between(self, target: str, source: str, stamp: Any, settings: LifterParameters) -> Rigid:
        assert self._frames is not None, "the node makes it where a parameter names a frame"
        if not source:
            raise FrameError("the detections have no frame_id, so tf2 cannot say where they are")
        return self._frames.between(target, source, stamp, settings.tf_timeout)

    def _try(
        self, frame: str, stamp: Any, camera_frame: str, settings: LifterParameters
    ) -> Rigid | None:
        """From a frame to the camera's; None, said once in a while, if tf2 does not know."""
        try:
            return self._between(camera_frame, frame, stamp, settings)
        except FrameError as error:
            self._statistics.noted("without_transform")
            self._complaints.warn(f"lifted without knowing {frame!r}: {error}")
            return None

    def _depth_at(self, stamp: Any) -> NDArray[np.generic] | None:
        depth = self.depth.at(stamp, _PATIENCE_SECONDS)
        if depth is None:
            self._statistics.noted("without_depth")
            self._complaints.warn(
                "no depth image within 50 ms of the keypoints, so another cue tells the size; "
                "remap depth to the aligned depth image, or turn use_depth off"
            )
        return depth


def _floor(to_camera: Rigid) -> NDArray[np.float64]:
    """The plane z = 0 of a frame, in the camera's frame."""
    normal = to_camera.rotation[:, 2]
    return np.append(normal, -normal @ to_camera.shift)
