"""The own frame of each instance, by its rig's keypoints or by its whole shape."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.root_frame import root_frames
from lfm_ros.core.skeleton import Skeleton
from lfm_ros.tracked import Tracked

Array = NDArray[np.float64]


def instance_frames(
    tracked: Tracked, rigs: Sequence[Skeleton], rows: NDArray[np.intp] | None = None
) -> tuple[Array, Array]:
    """Origins (R, 3) and rotations (R, 3, 3) of instances, in the frame of their points.

    What the node sends as TF: of a rig with a root frame that one, for people between the hips with
    x forward, y left and z up; of others the middle of their points, turned since they were first
    seen as the points have. Unlike in TF, axes are not smoothed.

    Args:
        tracked: Who is there.
        rigs: Those that ``Tracked.skeleton`` points into.
        rows: (R,), of whom; None: of all. Those that are not valid have no meaning.
    """
    rows = np.arange(len(tracked)) if rows is None else rows
    origins = tracked.middle[rows].astype(np.float64)
    rotations = np.empty((len(rows), 3, 3))
    skeleton = tracked.skeleton[rows]
    # One call a rig and not one an instance: ten instances take no longer than one.
    for index in set(skeleton.tolist()):
        rig, ours = rigs[index], skeleton == index
        by_shape = partial(tracked.orientation_of, rows[ours])
        if rig.root is None:
            rotations[ours] = by_shape()
        else:
            points = tracked.points[rows[ours], : len(rig)]
            origins[ours], rotations[ours] = root_frames(points, rig.root, by_shape)
    return origins, rotations
