"""The frames of a recording, lifted one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from lfm_ros.bags.detections import BagFrame, DetectionBag
from lfm_ros.core.camera import Intrinsics
from lfm_ros.core.errors import FrameError
from lfm_ros.lifter import Lifter
from lfm_ros.ros.lift_detections import lift_detections
from lfm_ros.ros.surroundings import Surroundings, surroundings
from lfm_ros.tracked import Tracked
from lfm_ros.tracker import Tracker


@dataclass(frozen=True)
class LiftedMoment:
    """A frame of a recording and what was made of it.

    Attributes:
        frame: As it was recorded.
        frame_id: What ``tracked`` is expressed in.
        keypoints: (B, K, 2) pixels.
        confidence: (B, K); 0 where missing or below the threshold.
        tracked: Rows as in the frame.
    """

    frame: BagFrame
    frame_id: str
    keypoints: NDArray[np.float32]
    confidence: NDArray[np.float32]
    tracked: Tracked


def lift_recording(
    bag: DetectionBag,
    lifter: Lifter,
    *,
    camera: Intrinsics,
    override: bool = False,
    smoothing: str = "none",
) -> Iterator[LiftedMoment]:
    """Lift every frame, and find out who is who.

    Frames that cannot be brought into the wished target frame are left out and said.

    Args:
        bag: The recording.
        lifter: The network.
        camera: Of the frames for which the recording has none.
        override: Whether ``camera`` goes before those of the recording.
        smoothing: As ``Tracker`` has it.

    Raises:
        InputError: Detections and camera do not fit together.
        FrameError: The whole recording lacks a frame that is wished for.
        EngineError: The network could not be run.
    """
    # Nobody is shown who was not detected in that frame.
    tracker = Tracker(smoothing, prediction_time=0.0)
    for frame, around in _frames_with_surroundings(bag):
        seen = camera if override or frame.camera is None else frame.camera
        detections = frame.detections.in_pixels(seen.size)
        out, confidence = lift_detections(
            lifter, bag.rigs, detections, seen, around, bag.wishes.min_confidence
        )
        tracked = tracker.update(out, frame.stamp_ns, detections.instance_id, detections.skeleton)
        if around.to_target is not None:
            tracked = tracked.moved(around.to_target)
        yield LiftedMoment(frame, around.frame_id, detections.keypoints, confidence, tracked)


def _frames_with_surroundings(bag: DetectionBag) -> Iterator[tuple[BagFrame, Surroundings]]:
    transforms = bag.transforms()
    for frame in bag.frames():
        try:
            around = surroundings(
                bag.wishes,
                frame.frame_id,
                partial(transforms.between, stamp_ns=frame.stamp_ns),
                lambda _, why: bag.complain(why),
                depth=frame.depth,
                sizes=bag.sizes,
            )
        except FrameError as error:
            bag.complain(f"frame not lifted: {error}")
            continue
        yield frame, around
