"""The instances of a moment as ``keypoints_3d`` has them, in the node and of recordings."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.placement import SCALE_SOURCES
from lfm_ros.ros.clouds import Points
from lfm_ros.tracked import Tracked


def tracked_points(
    tracked: Tracked, confidence: NDArray[np.floating], slots: NDArray[np.int16]
) -> Points:
    """What goes into the cloud; NaN where an instance is not valid or a keypoint not known.

    Args:
        tracked: B instances of at most K keypoints.
        confidence: Of the detections, (B, K); 0 in instances that are predicted.
        slots: What stands for each in the name of its TF frame, (B,); -1 for none.
    """
    unknown = ~(tracked.known & tracked.valid[:, None])
    xyz, sigma = tracked.points, tracked.sigma
    if unknown.any():
        xyz, sigma = xyz.copy(), sigma.copy()
        xyz[unknown] = sigma[unknown] = np.nan
    sources = [SCALE_SOURCES.index(source) for source in tracked.scale_source]
    return Points(
        xyz=xyz,
        sigma=sigma,
        place_sigma=tracked.place_sigma,
        confidence=confidence,
        observed=tracked.observed,
        scale_source=np.array(sources, np.uint8),
        slot=slots,
        instance_id=tracked.instance_id,
        skeleton=tracked.skeleton,
    )
