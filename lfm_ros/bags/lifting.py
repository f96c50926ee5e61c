"""The frames of a recording, lifted one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lfm_ros.bags.detections import BagFrame, DetectionBag
from lfm_ros.core.camera import Intrinsics
from lfm_ros.lifted import nothing
from lfm_ros.lifter import Lifter
from lfm_ros.tracked import Tracked
from lfm_ros.tracker import Tracker


@dataclass(frozen=True)
class LiftedMoment:
    """A frame of a recording and what was made of it.

    Attributes:
        frame: As it was recorded.
        keypoints: (B, K, 2) pixels.
        confidence: (B, K); 0 where missing or below the threshold.
        tracked: Rows as in the frame.
    """

    frame: BagFrame
    keypoints: NDArray[np.float32]
    confidence: NDArray[np.float32]
    tracked: Tracked


def lift_recording(
    bag: DetectionBag,
    lifter: Lifter,
    *,
    camera: Intrinsics,
    override: bool = False,
    up: tuple[float, float, float] | None = None,
    min_confidence: float = 0.1,
    smoothing: str = "none",
) -> Iterator[LiftedMoment]:
    """Lift every frame, and find out who is who.

    Args:
        bag: The recording.
        lifter: The network.
        camera: Of the frames for which the recording has none.
        override: Whether ``camera`` goes before those of the recording.
        up: Against gravity in the camera's frame, or None.
        min_confidence: Keypoints below it are missing.
        smoothing: As ``Tracker`` has it.

    Raises:
        InputError: Detections and camera do not fit together.
        EngineError: The network could not be run.
    """
    # Nobody is shown who was not detected in that frame.
    tracker = Tracker(smoothing, prediction_time=0.0)
    for frame in bag.frames():
        seen = camera if override or frame.camera is None else frame.camera
        detections = frame.detections.in_pixels(seen.size)
        sure = np.where(detections.confidence >= min_confidence, detections.confidence, 0)
        confidence = sure.astype(np.float32)
        out = nothing(*confidence.shape, {})
        if len(detections):
            rigs = [bag.rigs[index] for index in detections.skeleton]
            out = lifter.lift(detections.keypoints, confidence, seen, rigs, up=up)
        tracked = tracker.update(out, frame.stamp_ns, detections.instance_id, detections.skeleton)
        yield LiftedMoment(frame, detections.keypoints, confidence, tracked)
