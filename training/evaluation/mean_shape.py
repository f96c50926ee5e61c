"""What a rigid pipeline does: the mean shape of a kind, placed by perspective-n-point."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lfm_ros import Intrinsics, Skeleton
from lfm_ros.core.normalize import virtual_view
from lfm_ros.core.pose import fit_pose
from training.data.poses import PoseSet
from training.gpa import mean_shape

#: Training set of people in metres: of those there are, the one with the most bodies.
SOURCE = "human/precog_kinect20"
# What a keypoint is called elsewhere -> what it is called there.
_NAMES = {
    "head": "Head",
    "neck": "ShoulderCenter",
    **{
        f"{side.lower()}_{joint.lower()}": joint + side
        for side in ("Left", "Right")
        for joint in ("Shoulder", "Elbow", "Wrist", "Hip")
    },
}
_FRAMES = 2000

Array = NDArray[np.float64]


def mean_person(source: PoseSet, rig: Skeleton) -> Array | None:
    """Mean shape (K, 3) in metres of the people of ``SOURCE`` in another rig.

    None where the rig has a keypoint that they have not.
    """
    wanted = [_NAMES.get(name, "") for name in rig.names]
    if not set(wanted) <= set(source.skeleton.names):
        return None
    joints = [source.skeleton.names.index(name) for name in wanted]
    whole = np.flatnonzero(source.valid[:, joints].all(-1))
    rows = whole[np.linspace(0, len(whole) - 1, min(_FRAMES, len(whole))).astype(int)]
    return mean_shape(source.xyz[rows][:, joints].astype(np.float64))


def placed(
    shape: Array, pixels: Array, confidence: Array, cameras: Sequence[Intrinsics]
) -> tuple[Array, NDArray[np.bool_]]:
    """Points (B, K, 3) of a shape (K, 3) in the camera frame, in the shape's unit, and whether
    (B,) there were the four keypoints that it takes.

    Args:
        shape: Shape (K, 3).
        pixels: Shape (B, K, 2).
        confidence: Shape (B, K), 0 where missing.
        cameras: B cameras.
    """
    view = virtual_view(pixels, confidence > 0, cameras)
    enough = view.observed.sum(-1) >= 4
    structure = np.broadcast_to(shape, (len(pixels), *shape.shape))
    pose = fit_pose(structure, view.keypoints, confidence * view.observed, view.radius)
    depth = np.zeros((len(pixels), 1, 3))
    depth[:, 0, 2] = 1 / np.maximum(view.radius, 1e-9)
    scale = np.maximum(pose.scale, 1e-9)[:, None, None]
    return view.to_camera((pose.apply(structure) + depth) / scale), enough
