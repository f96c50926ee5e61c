"""What is known around a frame of detections: gravity, the ground, depth, where results belong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.camera import pitched_up
from lfm_ros.core.errors import FrameError
from lfm_ros.core.rigid import Rigid
from lfm_ros.ros.parameters import LifterParameters

#: Parameters that name a frame of tf2.
FRAME_PARAMETERS = ("gravity_frame", "ground_frame", "target_frame")

#: From the second of two frames, by their names, to the first; raises ``FrameError``.
Between = Callable[[str, str], Rigid]
#: Told what is missing: a word to count it by, and a sentence.
Missing = Callable[[str, str], None]


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


def surroundings(
    settings: LifterParameters,
    camera_frame: str,
    between: Between,
    missing: Missing,
    *,
    depth: NDArray[np.generic] | None = None,
    sizes: NDArray[np.float64] | None = None,
) -> Surroundings:
    """The surroundings of a frame, in whose moment ``between`` answers.

    What is missing of gravity and ground is done without, and said.

    Args:
        settings: The present parameters, or those of a recording.
        camera_frame: The camera's optical frame.
        between: Knows how frames lie to each other.
        missing: Told what is not known.
        depth: Goes into the result.
        sizes: Goes into the result.

    Raises:
        FrameError: The results cannot be brought into ``target_frame``.
    """

    def into(target: str, source: str) -> Rigid:
        if not camera_frame:
            raise FrameError("the detections have no frame_id, so tf2 cannot say where they are")
        return between(target, source)

    def to_camera(frame: str) -> Rigid | None:
        try:
            return into(camera_frame, frame) if frame else None
        except FrameError as error:
            missing("without_transform", f"lifted without knowing {frame!r}: {error}")
            return None

    level, floor = to_camera(settings.gravity_frame), to_camera(settings.ground_frame)
    upright = settings.gravity == "camera_upright"
    up: Any = pitched_up(settings.camera_pitch_deg) if upright else None
    if level is not None:
        up = level.rotation[:, 2]
    height = settings.camera_height
    if height and floor is None and up is None:
        missing("without_ground", "camera_height tells nothing without gravity; set gravity, too")
    below = np.array([*up, height]) if height and up is not None else None
    target = settings.target_frame or camera_frame
    return Surroundings(
        target,
        up,
        below if floor is None else floor.floor(),
        depth,
        None if target == camera_frame else into(target, camera_frame),
        sizes,
    )
