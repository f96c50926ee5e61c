"""One frame on its way through the node: detections in, 3D points out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from std_msgs.msg import Header

from lfm_ros.core.camera import Intrinsics
from lfm_ros.core.placement import SCALE_SOURCES
from lfm_ros.core.skeleton import Skeleton
from lfm_ros.lifter import Lifter
from lfm_ros.ros.adapters import Keypoints2D
from lfm_ros.ros.frames import Rigid
from lfm_ros.ros.parameters import LifterParameters
from lfm_ros.ros.surroundings import Surroundings

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class LiftedFrame:
    """What the outputs are made of, B instances of at most K keypoints.

    Attributes:
        header: Of the detections, or with the frame that replaces theirs.
        instance_id: Shape (B,), int32.
        skeleton: Index into the rigs in use, shape (B,), int32.
        widths: Number of keypoints of each row's rig, shape (B,).
        confidence: Of the detections, shape (B, K).
        points: Metres in the header's frame, shape (B, K, 3); zeros where not valid.
        sigma: Metres, shape (B, K).
        observed: False where the network filled a keypoint in, shape (B, K).
        known: False where nothing can be said of a keypoint, shape (B, K).
        valid: Whether the instance could be lifted, shape (B,).
        rotation: Canonical to the header's frame, shape (B, 3, 3).
        translation: Metres, shape (B, 3).
        scale_source: Index into ``SCALE_SOURCES``, shape (B,), uint8.
        network_seconds: What the network took.
    """

    header: Header
    instance_id: NDArray[np.int32]
    skeleton: NDArray[np.int32]
    widths: NDArray[np.int64]
    confidence: Floats
    points: Floats
    sigma: Floats
    observed: NDArray[np.bool_]
    known: NDArray[np.bool_]
    valid: NDArray[np.bool_]
    rotation: Floats
    translation: Floats
    scale_source: NDArray[np.uint8]
    network_seconds: float = 0.0

    def __len__(self) -> int:
        return len(self.instance_id)

    def moved(self, to_target: Rigid) -> LiftedFrame:
        """The same in another frame; ``header`` has to name that one already."""
        turn, shift = to_target.rotation, to_target.shift
        rows = self.valid
        points, rotation = self.points.copy(), self.rotation.copy()
        translation = self.translation.copy()
        points[rows] = points[rows] @ turn.T + shift
        rotation[rows] = turn @ rotation[rows]
        translation[rows] = translation[rows] @ turn.T + shift
        return replace(self, points=points, rotation=rotation, translation=translation)


def lift_frame(
    lifter: Lifter,
    rigs: Sequence[Skeleton],
    detections: Keypoints2D,
    camera: Intrinsics,
    around: Surroundings,
    settings: LifterParameters,
) -> LiftedFrame:
    """Lift every instance of a frame in one batch, and bring it to where it belongs.

    Raises:
        InputError: The detections and the camera do not fit together.
        EngineError: The network could not be run.
    """
    header = Header(stamp=detections.stamp, frame_id=around.frame_id)
    widths = np.array([len(rig) for rig in rigs], np.int64)[detections.skeleton]
    confidence = np.where(
        detections.confidence >= settings.min_confidence, detections.confidence, np.float32(0)
    )
    if len(detections) == 0:
        return _without_instances(header, detections, widths)
    out = lifter.lift(
        detections.keypoints,
        confidence,
        camera,
        [rigs[index] for index in detections.skeleton],
        up=around.up,
        depth=around.depth,
        ground=around.ground,
    )
    frame = LiftedFrame(
        header,
        detections.instance_id,
        detections.skeleton,
        widths,
        confidence,
        out.points,
        out.sigma,
        out.observed,
        out.known,
        out.valid,
        out.rotation,
        out.translation,
        np.array([SCALE_SOURCES.index(source) for source in out.scale_source], np.uint8),
        out.seconds["engine"],
    )
    return frame if around.to_target is None else frame.moved(around.to_target)


def _without_instances(
    header: Header, detections: Keypoints2D, widths: NDArray[np.int64]
) -> LiftedFrame:
    width = detections.confidence.shape[1]
    return LiftedFrame(
        header=header,
        instance_id=detections.instance_id,
        skeleton=detections.skeleton,
        widths=widths,
        confidence=detections.confidence,
        points=np.zeros((0, width, 3), np.float32),
        sigma=np.zeros((0, width), np.float32),
        observed=np.zeros((0, width), bool),
        known=np.zeros((0, width), bool),
        valid=np.zeros(0, bool),
        rotation=np.zeros((0, 3, 3), np.float32),
        translation=np.zeros((0, 3), np.float32),
        scale_source=np.zeros(0, np.uint8),
    )
