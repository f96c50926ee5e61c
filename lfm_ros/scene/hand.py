"""A right hand with the end of its forearm: 26 keypoints.

The frame of the open hand: x towards the fingertips, y towards the thumb, z out of the back of the
hand. Bone lengths of an average adult, our own estimates; fingertips have 4 mm of soft tissue more.
"""

from __future__ import annotations

import numpy as np

from lfm_ros.scene.kinematics import Array, Node, Tree
from lfm_ros.scene.motion import ease, wave
from lfm_ros.scene.rig import Rig, limits_of

FINGERS = ("index", "middle", "ring", "little")
_BONES = {  # millimetres: metacarpal, then the phalanges from the knuckle to the tip
    "index": (68.1, 39.8, 22.4, 19.8),
    "middle": (64.6, 44.6, 26.3, 21.4),
    "ring": (58.0, 41.4, 25.7, 21.3),
    "little": (53.7, 32.7, 18.1, 20.0),
}
_BASES = {
    "index": (0.026, 0.017, 0.001),
    "middle": (0.028, 0.004, 0.003),
    "ring": (0.027, -0.009, 0.001),
    "little": (0.024, -0.021, -0.003),
}
_SPREAD_DEGREES = {"index": 7.0, "middle": 0.0, "ring": -7.0, "little": -15.0}
_JOINTS = ("knuckle", "middle_joint", "end_joint", "tip")
_CYCLE_SECONDS = 9.0
# Curl in degrees of the index, the other fingers and the thumb: open, count, grasp, point, fist.
_GESTURES = ((4, 4, 0), (8, 70, 25), (42, 46, 38), (2, 88, 50), (80, 88, 55), (20, 24, 10))


def _finger(name: str) -> list[Node]:
    angle = np.deg2rad(_SPREAD_DEGREES[name])
    along = np.array([np.cos(angle), np.sin(angle), 0.0])
    nodes: list[Node] = [(f"{name}_base", "wrist", _BASES[name])]
    for joint, length in zip(_JOINTS, _BONES[name], strict=True):
        nodes.append((f"{name}_{joint}", nodes[-1][0], tuple(along * length / 1000)))
    return nodes


TREE = Tree.build(
    [
        ("forearm", None, (0.0, 0.0, 0.0)),
        ("wrist", "forearm", (0.11, 0.0, 0.0)),
        ("thumb_base", "wrist", (0.014, 0.024, -0.008)),
        ("thumb_knuckle", "thumb_base", (0.0335, 0.0285, -0.0141)),
        ("thumb_end_joint", "thumb_knuckle", (0.0263, 0.0156, -0.0077)),
        ("thumb_tip", "thumb_end_joint", (0.0223, 0.0110, -0.0062)),
        *(node for finger in FINGERS for node in _finger(finger)),
    ]
)


def _curl(name: str, degrees: Array, spread: Array | float) -> dict[str, tuple[Array | float, ...]]:
    """Bend one finger; its last joint follows the middle one, as tendons make it."""
    return {
        f"{name}_knuckle": (0.0, 0.85 * degrees, spread),
        f"{name}_middle_joint": (0.0, 1.05 * degrees, 0.0),
        f"{name}_end_joint": (0.0, 0.65 * degrees, 0.0),
    }


def gesture(seconds: Array) -> Array:
    """Angles (N, J, 3) of a hand that opens, counts, grasps, points and makes a fist."""
    t = np.asarray(seconds, np.float64)
    index, others, thumb = ease(t / _CYCLE_SECONDS, _GESTURES).T
    lag = ease(t / _CYCLE_SECONDS - 0.015, _GESTURES)[:, 1]
    fan = 4.0 * wave(t / 3.1) * (1.0 - others / 90.0)
    return TREE.angles(
        len(t),
        {
            "wrist": (0.0, 12.0 * wave(t / 4.3), 8.0 * wave(t / 5.9)),
            "thumb_base": (0.5 * thumb, 0.25 * thumb, -0.45 * thumb),
            "thumb_knuckle": (0.0, 0.2 * thumb, -0.6 * thumb),
            "thumb_end_joint": (0.0, 0.2 * thumb, -0.9 * thumb),
            **_curl("index", index, fan),
            **_curl("middle", others, 0.0),
            **_curl("ring", lag, -0.7 * fan),
            **_curl("little", lag, -1.5 * fan),
        },
    )


def _finger_limits(name: str) -> dict[str, tuple[tuple[float, float], ...]]:
    return {
        f"{name}_knuckle": ((0, 0), (-15, 85), (-12, 12)),
        f"{name}_middle_joint": ((0, 0), (0, 105), (0, 0)),
        f"{name}_end_joint": ((0, 0), (-5, 70), (0, 0)),
    }


HAND = Rig(
    "scene_hand",
    TREE,
    gesture,
    limits_of(
        TREE,
        {
            "wrist": ((0, 0), (-60, 60), (-25, 20)),
            "thumb_base": ((-5, 35), (-15, 35), (-35, 15)),
            "thumb_knuckle": ((0, 0), (0, 15), (-50, 5)),
            "thumb_end_joint": ((0, 0), (0, 15), (-70, 10)),
            **{k: v for f in FINGERS for k, v in _finger_limits(f).items()},
        },
    ),
    upright=False,
    grounded=False,
    size_spread=0.1,
    bone_spread=0.05,
)
