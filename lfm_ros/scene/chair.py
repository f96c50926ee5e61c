"""A rigid chair with arm rests: 14 keypoints. It has no joints, only proportions."""

from __future__ import annotations

import numpy as np

from lfm_ros.scene.kinematics import Array, Tree, mirrored
from lfm_ros.scene.rig import Rig, limits_of

_SIDE = [
    ("left_seat_front", "seat", (0.22, 0.24, 0.0)),
    ("left_seat_rear", "seat", (-0.21, 0.21, 0.0)),
    ("left_foot_front", "left_seat_front", (0.02, 0.02, -0.45)),
    ("left_foot_rear", "left_seat_rear", (-0.06, 0.02, -0.45)),
    ("left_arm_front", "left_seat_front", (-0.04, 0.04, 0.22)),
    ("left_arm_rear", "left_seat_rear", (-0.05, 0.04, 0.22)),
    ("left_back_top", "left_seat_rear", (-0.12, 0.0, 0.47)),
]
TREE = Tree.build([("seat", None, (0.0, 0.0, 0.0)), *mirrored(_SIDE)])


def stand(seconds: Array) -> Array:
    """Angles (N, J, 3) of zero: the chair is one rigid body."""
    return np.zeros((len(seconds), len(TREE), 3))


CHAIR = Rig(
    "scene_chair",
    TREE,
    stand,
    limits_of(TREE, {}),
    size_spread=0.1,
    build_spread=0.12,
    bone_spread=0.08,
)
