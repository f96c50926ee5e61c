"""One frame on its way through the node: detections in, 3D points out."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.camera import Intrinsics
from lfm_ros.core.skeleton import Skeleton
from lfm_ros.lifter import Lifter
from lfm_ros.ros.adapters import Keypoints2D
from lfm_ros.ros.lift_detections import lift_detections
from lfm_ros.ros.parameters import LifterParameters
from lfm_ros.ros.surroundings import Surroundings
from lfm_ros.ros.tracking import Tracking
from lfm_ros.tracked import Tracked

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class LiftedFrame:
    """What the outputs are made of, B instances of at most K keypoints.

    Attributes:
        stamp: ``builtin_interfaces/msg/Time`` of the detections.
        frame_id: Of the detections, or the one that replaces theirs.
        tracked: Who is there, and where in that frame.
        rigs: Those that ``Tracked.skeleton`` points into.
        detected: Confidence of the detections, in the rows and columns of ``Lifted``.
        network_seconds: What the network took.
        tracking_seconds: What the tracker took.
    """

    stamp: Any
    frame_id: str
    tracked: Tracked
    rigs: Sequence[Skeleton]
    detected: Floats
    network_seconds: float = 0.0
    tracking_seconds: float = 0.0

    @property
    def widths(self) -> NDArray[np.int64]:
        """Number of keypoints of each instance's rig, shape (B,)."""
        return np.array([len(self.rigs[i]) for i in self.tracked.skeleton.tolist()], np.int64)

    @property
    def confidence(self) -> Floats:
        """Of the detections, shape (B, K); 0 in instances that are predicted."""
        return self.tracked.beside(self.detected)


def lift_frame(
    lifter: Lifter,
    tracking: Tracking,
    rigs: Sequence[Skeleton],
    detections: Keypoints2D,
    camera: Intrinsics,
    around: Surroundings,
    settings: LifterParameters,
) -> LiftedFrame:
    """Lift every instance of a frame in one batch, find out who they are, bring them to the target.

    Raises:
        InputError: The detections and the camera do not fit together.
        EngineError: The network could not be run.
    """
    out, confidence = lift_detections(
        lifter, rigs, detections, camera, around, settings.min_confidence
    )
    began = time.perf_counter()
    tracked = tracking.follow(out, detections, settings)
    tracking_seconds = time.perf_counter() - began
    if around.to_target is not None:
        # Behind the tracker, which reckons with a root that is less steady along the camera's ray.
        tracked = tracked.moved(around.to_target)
    return LiftedFrame(
        detections.stamp,
        around.frame_id,
        tracked,
        rigs,
        confidence,
        network_seconds=out.seconds["engine"],
        tracking_seconds=tracking_seconds,
    )
