"""A trotting four-legged animal about the size of a large dog: 23 keypoints.

In a trot the diagonal legs move together. Fore legs have shoulder, elbow, carpus and paw; hind legs
have hip, stifle (called knee), hock and paw. The rest pose stands with naturally bent legs.
"""

from __future__ import annotations

import numpy as np

from lfm_ros.scene.kinematics import Array, Tree, mirrored
from lfm_ros.scene.motion import bump, wave
from lfm_ros.scene.rig import Rig, limits_of

CYCLE_SECONDS = 0.55
SPEED = 1.3

_SIDE = [
    ("left_shoulder", "withers", (0.06, 0.08, -0.16)),
    ("left_elbow", "left_shoulder", (-0.09, 0.01, -0.14)),
    ("left_carpus", "left_elbow", (0.01, 0.0, -0.18)),
    ("left_fore_paw", "left_carpus", (0.03, 0.0, -0.12)),
    ("left_hip", "croup", (-0.05, 0.075, -0.08)),
    ("left_knee", "left_hip", (0.09, 0.02, -0.19)),
    ("left_hock", "left_knee", (-0.14, -0.01, -0.15)),
    ("left_hind_paw", "left_hock", (0.04, 0.0, -0.16)),
]
TREE = Tree.build(
    [
        ("mid_back", None, (0.0, 0.0, 0.0)),
        ("withers", "mid_back", (0.28, 0.0, 0.03)),
        ("poll", "withers", (0.23, 0.0, 0.18)),
        ("nose", "poll", (0.2, 0.0, -0.09)),
        ("croup", "mid_back", (-0.28, 0.0, 0.01)),
        ("tail_mid", "croup", (-0.2, 0.0, 0.02)),
        ("tail_tip", "tail_mid", (-0.19, 0.0, 0.06)),
        *mirrored(_SIDE),
    ]
)


def _fore_leg(phase: Array, side: str) -> dict[str, tuple[Array | float, ...]]:
    """One fore leg; phase 0 is its touch-down. Forward is negative pitch."""
    lift = bump(phase, 0.8, 0.12)
    return {
        f"{side}_shoulder": (0.0, -22.0 * wave(phase - 0.03) - 13.0 * lift, 0.0),
        f"{side}_elbow": (0.0, -55.0 * lift + 7.0 * wave(phase), 0.0),
        f"{side}_carpus": (0.0, 42.0 * lift + 5.0 * wave(phase), 0.0),
    }


def _hind_leg(phase: Array, side: str) -> dict[str, tuple[Array | float, ...]]:
    lift = bump(phase, 0.8, 0.12)
    return {
        f"{side}_hip": (0.0, -15.0 * wave(phase - 0.04) - 22.0 * lift, 0.0),
        f"{side}_knee": (0.0, 20.0 * lift - 6.0 * wave(phase), 0.0),
        f"{side}_hock": (0.0, -46.0 * lift + 14.0 * wave(phase - 0.06), 0.0),
    }


def trot(seconds: Array) -> Array:
    """Angles (N, J, 3) of a steady trot at times (N,)."""
    first = np.asarray(seconds, np.float64) / CYCLE_SECONDS
    second = first + 0.5
    return TREE.angles(
        len(first),
        {
            "mid_back": (1.5 * wave(first), 1.5 * wave(2 * first + 0.1), 0.0),
            "withers": (0.0, 4.0 * wave(2 * first + 0.3), 6.0 * wave(first / 5)),
            "poll": (0.0, 8.0 - 4.0 * wave(2 * first + 0.3), 8.0 * wave(first / 7)),
            "croup": (0.0, 0.0, 12.0 * wave(first)),
            "tail_mid": (0.0, 6.0 * wave(2 * first), 16.0 * wave(first + 0.1)),
            **_fore_leg(first, "left"),
            **_hind_leg(first, "right"),
            **_fore_leg(second, "right"),
            **_hind_leg(second, "left"),
        },
    )


def _side_limits(side: str) -> dict[str, tuple[tuple[float, float], ...]]:
    return {
        f"{side}_shoulder": ((-10, 10), (-50, 40), (-5, 5)),
        f"{side}_elbow": ((0, 0), (-65, 20), (0, 0)),
        f"{side}_carpus": ((0, 0), (-5, 90), (-8, 8)),
        f"{side}_hip": ((-15, 15), (-55, 35), (-8, 8)),
        f"{side}_knee": ((0, 0), (-25, 60), (0, 0)),
        f"{side}_hock": ((0, 0), (-60, 30), (0, 0)),
    }


# The croup turns the hind legs with the tail: the bend of the spine.
QUADRUPED = Rig(
    "scene_quadruped",
    TREE,
    trot,
    limits_of(
        TREE,
        {
            "mid_back": ((-8, 8), (-15, 15), (0, 0)),
            "withers": ((-10, 10), (-25, 45), (-40, 40)),
            "poll": ((-20, 20), (-35, 40), (-40, 40)),
            "croup": ((-8, 8), (-15, 20), (-20, 20)),
            "tail_mid": ((0, 0), (-50, 40), (-50, 50)),
            **_side_limits("left"),
            **_side_limits("right"),
        },
    ),
    size_spread=0.25,
    build_spread=0.08,
    bone_spread=0.08,
)
