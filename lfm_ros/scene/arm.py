"""A six-axis robot arm with a two-finger gripper, on a foot plate: 13 keypoints."""

from __future__ import annotations

import numpy as np

from lfm_ros.scene.kinematics import Array, Tree, mirrored
from lfm_ros.scene.motion import ease
from lfm_ros.scene.rig import Rig, limits_of

_CYCLE_SECONDS = 8.0
# Degrees of the six axes and of the jaws: reach, pick, lift, swing round, place, fold.
_WORK = (
    (-70, 50, 70, 0, 40, 0, 18),
    (-70, 72, 62, 10, 40, 40, -6),
    (-45, 15, 65, 40, 55, 60, -6),
    (55, 30, 80, -30, 50, 10, -6),
    (75, 65, 60, -10, 45, -50, 18),
    (10, -25, 110, 0, 20, -20, 8),
)

TREE = Tree.build(
    [
        ("foot", None, (0.0, 0.0, 0.0)),
        ("foot_left", "foot", (0.0, 0.14, 0.0)),
        ("turret", "foot", (0.0, 0.0, 0.2)),
        ("shoulder", "turret", (0.05, 0.11, 0.06)),
        ("elbow", "shoulder", (0.0, 0.0, 0.4)),
        ("forearm", "elbow", (0.03, -0.1, 0.07)),
        ("wrist", "forearm", (0.0, 0.0, 0.3)),
        ("flange", "wrist", (0.0, 0.05, 0.08)),
        ("palm", "flange", (0.0, 0.0, 0.07)),
        *mirrored(
            [
                ("left_jaw", "palm", (0.0, 0.045, 0.025)),
                ("left_fingertip", "left_jaw", (0.0, 0.0, 0.08)),
            ]
        ),
    ]
)


def work(seconds: Array) -> Array:
    """Angles (N, J, 3) of an arm that picks things up on one side and puts them on the other."""
    t = np.asarray(seconds, np.float64)
    turret, shoulder, elbow, forearm, wrist, flange, jaw = ease(t / _CYCLE_SECONDS, _WORK).T
    return TREE.angles(
        len(t),
        {
            "turret": (0.0, 0.0, turret),
            "shoulder": (0.0, shoulder, 0.0),
            "elbow": (0.0, elbow, 0.0),
            "forearm": (0.0, 0.0, forearm),
            "wrist": (0.0, wrist, 0.0),
            "flange": (0.0, 0.0, flange),
            "left_jaw": (-jaw, 0.0, 0.0),
            "right_jaw": (jaw, 0.0, 0.0),
        },
    )


ARM = Rig(
    "scene_arm",
    TREE,
    work,
    limits_of(
        TREE,
        {
            "turret": ((0, 0), (0, 0), (-175, 175)),
            "shoulder": ((0, 0), (-90, 100), (0, 0)),
            "elbow": ((0, 0), (-30, 150), (0, 0)),
            "forearm": ((0, 0), (0, 0), (-170, 170)),
            "wrist": ((0, 0), (-115, 115), (0, 0)),
            "flange": ((0, 0), (0, 0), (-180, 180)),
            "left_jaw": ((-25, 10), (0, 0), (0, 0)),
            "right_jaw": ((-10, 25), (0, 0), (0, 0)),
        },
    ),
    grounded=False,
    size_spread=0.3,
    build_spread=0.1,
    bone_spread=0.15,
)
