"""What a detector said of a frame, lifted with all that is known around it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.camera import Intrinsics
from lfm_ros.core.skeleton import Skeleton
from lfm_ros.lifted import Lifted, nothing
from lfm_ros.lifter import Lifter
from lfm_ros.ros.adapters import Keypoints2D
from lfm_ros.ros.surroundings import Surroundings


def lift_detections(
    lifter: Lifter,
    rigs: Sequence[Skeleton],
    detections: Keypoints2D,
    camera: Intrinsics,
    around: Surroundings,
    min_confidence: float,
) -> tuple[Lifted, NDArray[np.float32]]:
    """Lift every instance of a frame in one batch.

    Args:
        lifter: The network.
        rigs: Those that ``Keypoints2D.skeleton`` points into.
        detections: In pixels.
        camera: That saw them.
        around: What else is known of the moment.
        min_confidence: Keypoints below count as missing.

    Returns:
        The instances, and the confidence (B, K) of their keypoints, 0 where they count as missing.

    Raises:
        InputError: The detections and the camera do not fit together.
        EngineError: The network could not be run.
    """
    confidence = detections.confidence * (detections.confidence >= min_confidence)
    if not len(detections):
        return nothing(*confidence.shape, {"engine": 0.0}), confidence
    lifted = lifter.lift(
        detections.keypoints,
        confidence,
        camera,
        [rigs[index] for index in detections.skeleton.tolist()],
        up=around.up,
        known_size=None if around.sizes is None else around.sizes[detections.skeleton],
        depth=around.depth,
        ground=around.ground,
    )
    return lifted, confidence
