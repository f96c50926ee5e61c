"""One frame on its way through the node: detections in, 3D points out."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from std_msgs.msg import Header

from lfm_ros.core.camera import Intrinsics
from lfm_ros.core.orientation import turned_since
from lfm_ros.core.placement import SCALE_SOURCES
from lfm_ros.core.rigid import Rigid
from lfm_ros.core.skeleton import Skeleton
from lfm_ros.lifted import Lifted, nothing
from lfm_ros.lifter import Lifter
from lfm_ros.live_tracks import fitted
from lfm_ros.ros.adapters import Keypoints2D
from lfm_ros.ros.parameters import LifterParameters
from lfm_ros.ros.surroundings import Surroundings
from lfm_ros.ros.tracking import Tracking
from lfm_ros.tracked import Tracked

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class LiftedFrame:
    """What the outputs are made of, B instances of at most K keypoints.

    Attributes:
        header: Of the detections, or with the frame that replaces theirs.
        instance_id: Shape (B,), int32; -1 where nobody knows, and the row is not valid.
        skeleton: Index into the rigs in use, shape (B,), int32.
        widths: Number of keypoints of each row's rig, shape (B,).
        confidence: Of the detections, shape (B, K); 0 in instances that are predicted.
        points: Metres in the header's frame, shape (B, K, 3); zeros where not valid.
        sigma: Metres, shape (B, K).
        observed: False where the network filled a keypoint in or the tracker predicted the
            instance, shape (B, K).
        known: False where nothing can be said of a keypoint, shape (B, K).
        valid: Whether the instance could be lifted or predicted, shape (B,).
        translation: Metres, shape (B, 3).
        first_shape: As in ``Tracked``, shape (B, K, 3).
        first_rotation: As in ``Tracked``, shape (B, 3, 3).
        scale_source: Index into ``SCALE_SOURCES``, shape (B,), uint8.
        network_seconds: What the network took.
        tracking_seconds: What the tracker took.
        predicted: How many of the instances were not seen in this frame.
        restarted: Time jumped, so the tracker forgot everybody before this frame.
    """

    header: Header
    instance_id: NDArray[np.int32]
    skeleton: NDArray[np.int32]
    widths: NDArray[np.int64]
    confidence: Floats
    points: Floats
    sigma: Floats
    place_sigma: Floats
    observed: NDArray[np.bool_]
    known: NDArray[np.bool_]
    valid: NDArray[np.bool_]
    translation: Floats
    first_shape: Floats
    first_rotation: Floats
    scale_source: NDArray[np.uint8]
    network_seconds: float = 0.0
    tracking_seconds: float = 0.0
    predicted: int = 0
    restarted: bool = False

    def __len__(self) -> int:
        return len(self.instance_id)

    def moved(self, to_target: Rigid) -> LiftedFrame:
        """The same in another frame; ``header`` has to name that one already."""
        turn, shift = to_target.rotation, to_target.shift
        rows = self.valid
        points, translation = self.points.copy(), self.translation.copy()
        points[rows] = points[rows] @ turn.T + shift
        translation[rows] = translation[rows] @ turn.T + shift
        return replace(self, points=points, translation=translation)

    def orientation(self, rows: NDArray[np.int64]) -> Floats:
        """Rotations (R, 3, 3) of some instances to the header's frame; see ``Tracked``."""
        around = self.points[rows] - self.translation[rows, None]
        turn = turned_since(self.first_shape[rows], around, self.known[rows])
        return turn @ self.first_rotation[rows]


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
    confidence = detections.confidence * (detections.confidence >= settings.min_confidence)
    if len(detections):
        out = lifter.lift(
            detections.keypoints,
            confidence,
            camera,
            [rigs[index] for index in detections.skeleton.tolist()],
            up=around.up,
            known_size=None if around.sizes is None else around.sizes[detections.skeleton],
            depth=around.depth,
            ground=around.ground,
        )
    else:
        out = nothing(*confidence.shape, {"engine": 0.0})
    began = time.perf_counter()
    tracked = tracking.follow(out, detections, settings)
    out.seconds["track"] = time.perf_counter() - began
    header = Header(stamp=detections.stamp, frame_id=around.frame_id)
    frame = _frame(header, tracked, rigs, confidence, out)
    # Behind the tracker, which reckons with a root that is less steady along the camera's ray.
    return frame if around.to_target is None else frame.moved(around.to_target)


def _frame(
    header: Header, tracked: Tracked, rigs: Sequence[Skeleton], confidence: Floats, out: Lifted
) -> LiftedFrame:
    return LiftedFrame(
        header,
        tracked.instance_id,
        tracked.skeleton,
        np.array([len(rigs[index]) for index in tracked.skeleton.tolist()], np.int64),
        _confidence(tracked, confidence),
        tracked.points,
        tracked.sigma,
        tracked.place_sigma,
        tracked.observed,
        tracked.known,
        tracked.valid,
        tracked.translation,
        tracked.first_shape,
        tracked.first_rotation,
        np.array([SCALE_SOURCES.index(source) for source in tracked.scale_source], np.uint8),
        network_seconds=out.seconds["engine"],
        tracking_seconds=out.seconds["track"],
        predicted=int(tracked.predicted.sum()),
        restarted=tracked.restarted,
    )


def _confidence(tracked: Tracked, confidence: Floats) -> Floats:
    """The confidence of the detections, in the rows and columns of what is tracked."""
    shape = tracked.known.shape
    if shape == confidence.shape and not tracked.predicted.any():
        return confidence
    made = np.zeros(shape, confidence.dtype)
    seen = np.flatnonzero(tracked.row >= 0)
    made[seen] = fitted(confidence[tracked.row[seen]], 1, shape[1])
    return made
