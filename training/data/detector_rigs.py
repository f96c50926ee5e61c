"""The rigs of common detectors on the bodies of motion capture.

Motion capture has joints, detectors have noses and ears as well, and draw other edges. A network
that never saw such a rig has to guess what its edges mean. The limbs are taken from the recording;
what no recording has, ears, knuckles and heels, is put where an average body has it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lfm_ros.skeletons import load_skeleton
from training.data.limbs import LimbConfig, Limbs, vary
from training.data.poses import FAMILY_END, PoseSet

Points = NDArray[np.float32]

#: Skeletons that people are given, by name.
DETECTORS = ("coco17", "halpe26", "openpose25", "h36m17", "mediapipe33")

# Landmarks of a head in distances between the eyes, around their middle: left, forward, up. Our
# own estimates; with eyes 63 mm apart a nose is 60 mm from an eye, and an ear 93 mm.
_HEAD = {
    "left_eye": (0.5, 0.0, 0.0),
    "left_eye_inner": (0.3, 0.0, 0.0),
    "left_eye_outer": (0.75, -0.1, 0.0),
    "right_eye": (-0.5, 0.0, 0.0),
    "right_eye_inner": (-0.3, 0.0, 0.0),
    "right_eye_outer": (-0.75, -0.1, 0.0),
    "mouth_left": (0.4, 0.2, -1.15),
    "mouth_right": (-0.4, 0.2, -1.15),
    "nose": (0.0, 0.5, -0.65),
    "left_ear": (1.2, -1.27, -0.3),
    "right_ear": (-1.2, -1.27, -0.3),
    "head": (0.0, -1.2, 1.9),
}
# In the recordings' rest poses the eyes are seen so far above the horizon from the skull's joint.
_EYES_ABOVE_SKULL = np.radians(42.0)
# Without eyes: how wide they are apart, in widths of the shoulders; how far a head nods and turns,
# standard deviations in radians.
_EYES_APART, _NOD_AND_TURN = 0.18, (0.25, 0.4)
# Knuckles and thumb from the wrist: ahead and towards the thumb, in lengths of the forearm.
_HAND = {"index": (0.36, 0.1), "pinky": (0.32, -0.14), "thumb": (0.2, 0.17)}
# Toes to the side and the heel behind and below the ankle, in lengths from ankle to toe.
_TOES_APART, _HEEL_BACK, _HEEL_DOWN = 0.2, 0.25, 0.35


@dataclass(frozen=True)
class Body:
    """Where a motion capture rig has the joints of a body.

    Attributes:
        limbs: Names of hip, knee, ankle, toe, shoulder, elbow and wrist on the left; ``swap`` gives
            those on the right.
        trunk: Names of pelvis, spine, thorax, neck and the skull's joint.
        swap: Text of the left side and of the right.
        eyes: Names of both eyes, or none.
        eyes_from_skull: Without eyes, where their middle is from the skull's joint: left, forward
            and up, in distances between the eyes.
    """

    limbs: tuple[str, ...]
    trunk: tuple[str, ...]
    swap: tuple[str, str]
    eyes: tuple[str, ...] = ()
    eyes_from_skull: tuple[float, float, float] = (0.0, 1.4, 0.9)


_LIMBS = ("hip", "knee", "ankle", "toe", "shoulder", "elbow", "wrist")
_TRUNK = ("hip", "spine", "thorax", "neck", "skull")
#: By the names of the sets' keypoints, since files may be called anything.
BODIES = (
    Body(
        ("lThigh", "lShin", "lFoot", "lFoot_end", "lShldr", "lForeArm", "lHand"),
        ("hip", "abdomen", "chest", "neck", "head"),
        ("l", "r"),
        ("leftEye", "rightEye"),
    ),
    Body(
        ("L_Thigh", "L_Calf", "L_Foot", "L_MidToe1", "L_Upperarm", "L_Forearm", "L_Hand"),
        ("Hip", "Spine01", "Spine02", "NeckTwist01", "Head"),
        ("L", "R"),
        ("L_Eye", "R_Eye"),
    ),
    Body(
        ("lhipjoint", "lfemur", "ltibia", "lfoot", "lclavicle", "lhumerus", "lwrist"),
        ("root", "lowerback", "upperback", "lowerneck", "upperneck"),
        ("l", "r"),
    ),
    Body(
        (
            *("HipLeft", "KneeLeft", "AnkleLeft", "FootLeft"),
            *("ShoulderLeft", "ElbowLeft", "WristLeft"),
        ),
        ("HipCenter", "Spine", "ShoulderCenter", "ShoulderCenter", "Head"),
        ("Left", "Right"),
        # The joint is the middle of the head.
        eyes_from_skull=(0.0, 1.3, -0.1),
    ),
)


def with_detector_rigs(sets: dict[str, PoseSet], seed: int = 0) -> dict[str, PoseSet]:
    """The sets, and those of people once more with the rig of every detector.

    Bodies and postures are varied first, as the sampler does it with rigs that are trees.
    """
    random = np.random.default_rng(seed)
    made = dict(sets)
    for name, poses in sets.items():
        body = next((b for b in BODIES if {*b.limbs, *b.trunk} <= set(poses.skeleton.names)), None)
        if body is not None and len(poses):
            points = _varied(poses, random)
            found, valid = landmarks(body, points, random)
            for detector in DETECTORS:
                made[f"{name}{FAMILY_END}{detector}"] = _on(poses, detector, found, valid)
    return made


def landmarks(
    body: Body, poses: PoseSet, random: np.random.Generator
) -> tuple[dict[str, Points], NDArray[np.bool_]]:
    """Points (N, 3) of every landmark by its name, and which poses (N,) have all that it takes."""
    place = {name: i for i, name in enumerate(poses.skeleton.names)}
    left = {f"left_{n}": place[k] for n, k in zip(_LIMBS, body.limbs, strict=True)}
    right = {
        f"right_{n}": place[_other_side(k, body)] for n, k in zip(_LIMBS, body.limbs, strict=True)
    }
    trunk = {n: place[k] for n, k in zip(_TRUNK, body.trunk, strict=True)}
    used = {**left, **right, **trunk, **{e: place[e] for e in body.eyes}}
    found = {name: poses.xyz[:, index] for name, index in used.items()}
    valid = poses.valid[:, sorted(set(used.values()))].all(1)
    found["mid_hip"] = found["hip"] = 0.5 * (found["left_hip"] + found["right_hip"])
    found |= _feet(found) | _hands(found, random)
    eyes = [found[name] for name in body.eyes]
    found |= _with_eyes(found, *eyes) if eyes else _without_eyes(found, body, random)
    return found, valid


def _varied(poses: PoseSet, random: np.random.Generator) -> PoseSet:
    limbs = Limbs.of(poses.skeleton)
    xyz = vary(poses.xyz, poses.valid, limbs, False, LimbConfig(), random)
    return replace(poses, xyz=xyz)


def _on(
    poses: PoseSet, detector: str, found: dict[str, Points], valid: NDArray[np.bool_]
) -> PoseSet:
    skeleton = load_skeleton(detector)
    xyz = np.stack([found[name] for name in skeleton.names], 1).astype(np.float32)
    return replace(
        poses,
        name=f"{poses.name}{FAMILY_END}{detector}",
        xyz=xyz,
        valid=np.repeat(valid[:, None], xyz.shape[1], 1),
        skeleton=skeleton,
    ).only(valid)


def _other_side(name: str, body: Body) -> str:
    left, right = body.swap
    if name.startswith(left):
        return right + name[len(left) :]
    return name.removesuffix(left) + right


def _feet(found: dict[str, Points]) -> dict[str, Points]:
    made = {}
    for side in ("left", "right"):
        ankle, toe, knee = (found[f"{side}_{name}"] for name in ("ankle", "toe", "knee"))
        foot = toe - ankle
        length = np.linalg.norm(foot, axis=-1, keepdims=True)
        down = _unit(ankle - knee)
        # To the left of a foot that points ahead, seen from above; big toes are on the inside.
        across = _unit(np.cross(foot, down)) * (-1 if side == "left" else 1) * length
        made[f"{side}_big_toe"] = toe + _TOES_APART * across
        made[f"{side}_small_toe"] = toe - _TOES_APART * across
        made[f"{side}_foot_index"] = toe
        made[f"{side}_heel"] = ankle - _HEEL_BACK * foot + _HEEL_DOWN * length * down
    return made


def _hands(found: dict[str, Points], random: np.random.Generator) -> dict[str, Points]:
    """Hands in line with their forearms, turned about them at random."""
    made = {}
    for side in ("left", "right"):
        wrist = found[f"{side}_wrist"]
        arm = wrist - found[f"{side}_elbow"]
        length = np.linalg.norm(arm, axis=-1, keepdims=True)
        across = _unit(np.cross(arm, random.standard_normal(arm.shape))) * length
        for name, (ahead, aside) in _HAND.items():
            made[f"{side}_{name}"] = wrist + ahead * arm + aside * across
    return made


def _with_eyes(found: dict[str, Points], left: Points, right: Points) -> dict[str, Points]:
    """A head by the eyes and the skull's joint behind and below them."""
    middle, across = 0.5 * (left + right), left - right
    to_left = _unit(across)
    to_eyes = middle - found["skull"]
    to_eyes = _unit(to_eyes - (to_eyes * to_left).sum(-1, keepdims=True) * to_left)
    above = np.cross(to_eyes, to_left)
    # Tilted back by the usual angle, the line to the eyes points forward.
    forward = np.cos(_EYES_ABOVE_SKULL) * to_eyes - np.sin(_EYES_ABOVE_SKULL) * above
    axes = np.stack([to_left, forward, np.cross(forward, to_left)], -1)
    return _head(middle, axes, np.linalg.norm(across, axis=-1))


def _without_eyes(
    found: dict[str, Points], body: Body, random: np.random.Generator
) -> dict[str, Points]:
    """A head above neck and shoulders, turned and nodding at random."""
    across = found["left_shoulder"] - found["right_shoulder"]
    neck = found["skull"] - found["neck"]
    upright = _unit(neck)
    to_left = _unit(across - (across * upright).sum(-1, keepdims=True) * upright)
    axes = np.stack([to_left, np.cross(to_left, upright), upright], -1)
    nod, turn = np.array(_NOD_AND_TURN)[:, None] * random.standard_normal((2, len(neck)))
    axes = axes @ _about(2, turn) @ _about(0, nod)
    eyes_apart = _EYES_APART * np.linalg.norm(across, axis=-1)
    middle = found["skull"] + eyes_apart[:, None] * (axes @ np.array(body.eyes_from_skull))
    return _head(middle, axes, eyes_apart)


def _head(middle: Points, axes: Points, apart: Points) -> dict[str, Points]:
    return {
        name: middle + apart[:, None] * (axes @ np.array(place)) for name, place in _HEAD.items()
    }


def _about(axis: int, angle: Points) -> Points:
    """Rotations (N, 3, 3) about one of the axes."""
    turned = np.zeros((len(angle), 3, 3))
    a, b = (axis + 1) % 3, (axis + 2) % 3
    turned[:, axis, axis] = 1.0
    turned[:, a, a] = turned[:, b, b] = np.cos(angle)
    turned[:, b, a], turned[:, a, b] = np.sin(angle), -np.sin(angle)
    return turned


def _unit(vectors: Points) -> Points:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)
