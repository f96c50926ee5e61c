"""A walking person: 22 keypoints, proportions of an adult 1.75 m tall.

Segment lengths: D. A. Winter, Biomechanics and Motor Control of Human Movement, 4th ed. (2009),
figure 4.1 (after Drillis and Contini). Joint angles have the shape of the usual sagittal gait
curves, drawn from a few bumps that were fitted so that the standing foot neither slips nor floats.
"""

from __future__ import annotations

import numpy as np

from lfm_ros.scene.kinematics import Array, Tree, mirrored
from lfm_ros.scene.motion import bump, wave
from lfm_ros.scene.rig import Rig, limits_of

# One gait cycle (two steps) and the ground that it covers: a comfortable walk.
CYCLE_SECONDS = 1.1
SPEED = 1.2

_SIDE = [
    ("left_shoulder", "chest", (0.0, 0.19, 0.225)),
    ("left_elbow", "left_shoulder", (0.0, 0.0, -0.326)),
    ("left_wrist", "left_elbow", (0.0, 0.0, -0.256)),
    ("left_hand", "left_wrist", (0.0, 0.0, -0.09)),
    ("left_hip", "pelvis", (0.0, 0.086, 0.0)),
    ("left_knee", "left_hip", (0.0, 0.0, -0.429)),
    ("left_ankle", "left_knee", (0.0, 0.0, -0.430)),
    ("left_heel", "left_ankle", (-0.055, 0.0, -0.068)),
    ("left_toe", "left_ankle", (0.2, 0.02, -0.068)),
]
TREE = Tree.build(
    [
        ("pelvis", None, (0.0, 0.0, 0.0)),
        ("waist", "pelvis", (0.0, 0.0, 0.22)),
        ("chest", "waist", (0.0, 0.0, 0.04)),
        ("neck", "chest", (0.0, 0.0, 0.25)),
        ("nose", "neck", (0.12, 0.0, 0.15)),
        ("crown", "neck", (0.02, 0.0, 0.315)),
        *mirrored(_SIDE),
    ]
)


def _leg(phase: Array, side: str) -> dict[str, tuple[Array | float, ...]]:
    """One leg; phase 0 is its heel strike. Flexing the hip and the ankle is negative pitch."""
    hip = 12.0 + 17.0 * wave(phase + 0.05)
    knee = 9.0 + 5.0 * bump(phase, 0.13, 0.06) + 55.0 * bump(phase, 0.68, 0.12)
    ankle = (
        20.0 * bump(phase, 0.5, 0.2) - 10.0 * bump(phase, 0.06, 0.04) - 8.0 * bump(phase, 0.6, 0.05)
    )
    outward = 1.0 if side == "left" else -1.0
    return {
        f"{side}_hip": (2.0 * outward, -hip, 5.0 * outward),
        f"{side}_knee": (0.0, knee, 0.0),
        f"{side}_ankle": (0.0, -ankle, 0.0),
    }


def _arm(phase: Array, side: str) -> dict[str, tuple[Array | float, ...]]:
    """One arm; it swings forward with the other leg, so it is back when its own heel strikes."""
    outward = 1.0 if side == "left" else -1.0
    swing = 4.0 - 21.0 * wave(phase)
    return {
        f"{side}_shoulder": (7.0 * outward, -swing, 0.0),
        f"{side}_elbow": (0.0, -(22.0 - 14.0 * wave(phase)), 0.0),
        f"{side}_wrist": (0.0, -8.0, 0.0),
    }


def walk(seconds: Array) -> Array:
    """Angles (N, J, 3) of a steady walk at times (N,)."""
    left = np.asarray(seconds, np.float64) / CYCLE_SECONDS
    right = left + 0.5
    turn = 5.0 * wave(left + 0.02)
    sway = 3.0 * wave(left - 0.15)
    return TREE.angles(
        len(left),
        {
            "pelvis": (sway, 2.0, -turn),
            "waist": (-1.5 * sway, 2.0, 2.2 * turn),
            "neck": (0.5 * sway, 2.0 - 2.0 * wave(2 * left), -1.2 * turn),
            **_leg(left, "left"),
            **_leg(right, "right"),
            **_arm(left, "left"),
            **_arm(right, "right"),
        },
    )


def _side_limits(side: str) -> dict[str, tuple[tuple[float, float], ...]]:
    def outward(low: float, high: float) -> tuple[float, float]:
        return (low, high) if side == "left" else (-high, -low)

    return {
        f"{side}_shoulder": (outward(-15, 110), (-150, 40), outward(-60, 60)),
        f"{side}_elbow": ((0, 0), (-140, 0), outward(-60, 20)),
        f"{side}_wrist": ((-20, 20), (-50, 50), (0, 0)),
        f"{side}_hip": (outward(-10, 40), (-105, 20), outward(-15, 35)),
        f"{side}_knee": ((0, 0), (0, 125), (0, 0)),
        f"{side}_ankle": ((-8, 8), (-20, 35), outward(-8, 12)),
    }


PERSON = Rig(
    "scene_person",
    TREE,
    walk,
    limits_of(
        TREE,
        {
            "pelvis": ((-12, 12), (-15, 35), (0, 0)),
            "waist": ((-20, 20), (-15, 45), (-35, 35)),
            "neck": ((-25, 25), (-35, 40), (-60, 60)),
            **_side_limits("left"),
            **_side_limits("right"),
        },
    ),
    size_spread=0.08,
)
