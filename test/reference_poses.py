"""Keypoints of an average adult, a dog and a car in metres, in the axes of their root frames.

x forward, y left, z up from the ground; a person stands with hanging arms, palms inwards. The
nominal sizes of ``config/skeletons`` are the edges of these. Shares of the stature H: D. A. Winter,
Biomechanics and Motor Control of Human Movement, 4th ed. (2009), figure 4.1. Finger bones: average
of adults (A. Buryanov, V. Kotiuk, Proportions of hand segments, Int. J. Morphol. 28(3), 2010).
The rest are our own estimates.
"""

from __future__ import annotations

import numpy as np

H = 1.75
Pose = dict[str, np.ndarray]

# Of the right hand in metres: distance of the knuckle from the wrist, how far it lies to the
# thumb's side, and the bones to the tip, which has 4 mm of soft tissue.
FINGERS = {
    "index_finger": (0.0961, 0.031, (0.0398, 0.0224, 0.0198)),
    "middle_finger": (0.0926, 0.010, (0.0446, 0.0263, 0.0214)),
    "ring_finger": (0.0860, -0.011, (0.0414, 0.0257, 0.0213)),
    "pinky": (0.0817, -0.031, (0.0327, 0.0181, 0.0200)),
}
JOINTS = ("mcp", "pip", "dip", "tip")
HALF_BODY = {  # on the left: (x, y, z)
    "shoulder": (0, 0.114 * H, 0.818 * H),
    "elbow": (0, 0.114 * H, (0.818 - 0.186) * H),
    "wrist": (0, 0.114 * H, (0.818 - 0.186 - 0.146) * H),
    "hip": (0, 0.049 * H, 0.530 * H),
    "knee": (0, 0.049 * H, (0.530 - 0.245) * H),
    "ankle": (0, 0.049 * H, (0.530 - 0.245 - 0.246) * H),
    "heel": (-0.055, 0.049 * H, 0.02),
    "big_toe": (0.195, 0.049 * H - 0.02, 0.02),
    "small_toe": (0.150, 0.049 * H + 0.045, 0.02),
    "foot_index": (0.195, 0.049 * H, 0.02),
    "eye": (0.084, 0.0315, 0.936 * H),
    "eye_inner": (0.084, 0.017, 0.936 * H),
    "eye_outer": (0.078, 0.046, 0.936 * H),
    "ear": (0, 0.075, 0.930 * H),
}
MIDDLE = {
    "nose": (0.116, 0, 0.936 * H - 0.040),
    "neck": (0, 0, 0.818 * H),
    "head": (0, 0, H),
    "hip": (0, 0, 0.530 * H),
    "mid_hip": (0, 0, 0.530 * H),
}
QUADRUPED = {
    "nose": (0.58, 0, 0.66),
    "neck": (0.27, 0, 0.58),
    "root_of_tail": (-0.36, 0, 0.55),
}
HALF_QUADRUPED = {
    "eye": (0.50, 0.035, 0.71),
    "shoulder": (0.25, 0.09, 0.46),
    "elbow": (0.19, 0.09, 0.33),
    "front_paw": (0.25, 0.09, 0.03),
    "hip": (-0.28, 0.08, 0.48),
    "knee": (-0.22, 0.09, 0.34),
    "back_paw": (-0.36, 0.08, 0.03),
}
HALF_CAR = {  # four doors, 4.6 m long, 2.7 m between the axles
    "front_wheel": (1.35, 0.85, 0.32),
    "back_wheel": (-1.35, 0.85, 0.32),
    "upper_windshield": (0.35, 0.55, 1.36),
    "upper_rearwindow": (-0.95, 0.52, 1.36),
    "front_light": (2.10, 0.66, 0.68),
    "back_trunk": (-2.15, 0.60, 0.98),
}
HALF_CAR24 = {  # by the names of the 24 of the 66 keypoints of ApolloCar3D
    "front_up": (0.35, 0.55, 1.36),
    "front_light": (2.10, 0.66, 0.68),
    "front_low": (2.15, 0.60, 0.42),
    "central_up": (-0.15, 0.58, 1.38),
    "front_wheel": (1.35, 0.85, 0.32),
    "rear_wheel": (-1.35, 0.85, 0.32),
    "rear_corner": (-2.05, 0.75, 0.85),
    "rear_up": (-0.95, 0.52, 1.36),
    "rear_light": (-2.20, 0.50, 0.95),
    "rear_low": (-2.30, 0.55, 0.45),
    "rear_plate": (-2.30, 0.25, 0.62),
    "mirror_edge": (0.65, 0.80, 1.00),
}


def mirrored(half: dict[str, tuple[float, float, float]]) -> Pose:
    """Both sides from the left one."""
    left = {f"left_{name}": np.array(place) for name, place in half.items()}
    return left | {f"right_{n}": np.array([x, -y, z]) for n, (x, y, z) in half.items()}


def hand() -> Pose:
    """A right hand: origin in the wrist, z to the fingers, y to the thumb, x out of the palm."""
    pose = {"wrist": np.zeros(3)}
    along = np.array([0, 0.5, np.sqrt(0.75)])
    place = np.array([0, 0.024, 0.0255])
    for joint, bone in zip(("cmc", "mcp", "ip", "tip"), (0, 0.0462, 0.0316, 0.0257), strict=True):
        place = place + bone * along
        pose[f"thumb_{joint}"] = place
    for finger, (reach, aside, bones) in FINGERS.items():
        heights = np.sqrt(reach**2 - aside**2) + np.concatenate([[0], np.cumsum(bones)])
        for joint, height in zip(JOINTS, heights, strict=True):
            pose[f"{finger}_{joint}"] = np.array([0, aside, height])
    return pose


def person() -> Pose:
    """Everything that the rigs of people name, hands too."""
    pose = mirrored(HALF_BODY) | {name: np.array(place) for name, place in MIDDLE.items()}
    pose |= mirrored({"mouth": (0.10, 0.025, 0.894 * H)})
    pose |= {f"mouth_{side}": pose[f"{side}_mouth"] for side in ("left", "right")}
    for side, outwards in (("left", 1.0), ("right", -1.0)):
        # Hanging: the fingers point down, the thumb forward, the palm to the body.
        down = np.array([[0, 1, 0], [-outwards, 0, 0], [0, 0, -1]], float)
        held = {name: pose[f"{side}_wrist"] + down @ place for name, place in hand().items()}
        pose |= {f"{side}_hand_root": held["wrist"], f"{side}_pinky": held["pinky_mcp"]}
        pose |= {f"{side}_index": held["index_finger_mcp"], f"{side}_thumb": held["thumb_ip"]}
        names = {"thumb": "thumb", "forefinger": "index_finger", "pinky_finger": "pinky"}
        names |= {name: name for name in ("middle_finger", "ring_finger")}
        for ours, theirs in names.items():
            joints = ("cmc", "mcp", "ip", "tip") if ours == "thumb" else JOINTS
            for number, joint in enumerate(joints, 1):
                pose[f"{side}_{ours}{number}"] = held[f"{theirs}_{joint}"]
    return pose | face(forward=0.084, height=0.936 * H)


def face(forward: float = 0.0, height: float = 0.0) -> Pose:
    """The 68 points of a face; the eyes look along x from ``(forward, 0, height)``."""
    around, turn = np.linspace(0, np.pi, 17), np.linspace(0, 2 * np.pi, 13)[:-1]
    jaw = [(-0.085 * (1 - np.sin(a)), -0.07 * np.cos(a), -0.11 * np.sin(a)) for a in around]
    places = {"jaw": jaw}
    for side, outwards in (("right", -1), ("left", 1)):
        spread = np.linspace(0.056, 0.016, 5)[:: 1 if side == "right" else -1]
        places[f"{side}_eyebrow"] = [(0.018 - 3 * y * y, outwards * y, 0.026) for y in spread]
        # From the corner at the image's left over the upper lid.
        ring = np.array([(-14, 0), (-6, 5), (6, 5), (14, 0), (6, -5), (-6, -5)]) / 1000
        places[f"{side}_eye"] = [(0.0, outwards * 0.0315 + y, z) for y, z in ring]
    places["nose_bridge"] = [
        (0.015 + 0.017 * t, 0, 0.006 - 0.042 * t) for t in np.linspace(0, 1, 4)
    ]
    places["nose_base"] = [(0.014, y, -0.048) for y in np.linspace(-0.015, 0.015, 5)]
    places["outer_lip"] = [(0.014, -0.026 * np.cos(a), -0.076 + 0.011 * np.sin(a)) for a in turn]
    corners = np.array([-0.020, -0.008, 0, 0.008, 0.020, 0.008, 0, -0.008])
    above = np.array([0, 3, 3, 3, 0, -3, -3, -3]) / 1000
    places["inner_lip"] = [(0.014, y, -0.076 + z) for y, z in zip(corners, above, strict=True)]
    shift = np.array([forward, 0, height])
    return {f"{part}_{i}": shift + p for part, ps in places.items() for i, p in enumerate(ps)}


def dog() -> Pose:
    """A dog of 57 cm at the withers."""
    return mirrored(HALF_QUADRUPED) | {n: np.array(p) for n, p in QUADRUPED.items()}


def car() -> Pose:
    """A saloon of the middle class, by the names of PASCAL3D+ and of ApolloCar3D."""
    pose = mirrored(HALF_CAR)
    for side in ("left", "right"):
        pose[f"upper_{side}_windshield"] = pose.pop(f"{side}_upper_windshield")
        pose[f"upper_{side}_rearwindow"] = pose.pop(f"{side}_upper_rearwindow")
    for name, place in mirrored(HALF_CAR24).items():
        side, part = name.split("_", 1)
        pose[f"{part}_{side}"] = place
    return pose
