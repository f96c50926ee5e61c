"""What the gallery shows, why, and where its poses are from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.metrics import Errors, errors
from training.evaluation.conditions import CONDITIONS, SWEEPS, Condition
from training.evaluation.shots import Shots

Points = NDArray[np.floating]
Pick = Callable[[Shots, Points, Errors], int]

_CMU = (
    "CMU Graphics Lab Motion Capture Database, mocap.cs.cmu.edu (free for all uses; funded by "
    "NSF EIA-0196217), in the BVH form of DragonForgedTheArtist/IClone-CMU-Mocap"
)
_LEAP = "leapmotion/leapjs-playback, Apache-2.0; tracked by a Leap Motion, so itself an estimate"
_DOG = "google-deepmind/dm_control, dog_v2, Apache-2.0; random poses of a body model"
_ICT = "ICT-VGL/ICT-FaceKit, MIT; identities and expressions sampled from the model"
_KEYPOINTNET = "annotations of KeypointNet (qq456cvb), MIT"
_GO1 = "Unitree's URDF, MPL-2.0; random joint angles"
_PANDA = "URDF of the Panda, Apache-2.0; random joint angles"
_OWN = "own kinematics (`tools/pictures/bicycle.py`)"


@dataclass(frozen=True)
class Series:
    """Best, median and worst frame of a set, told everything.

    Attributes:
        file: Name of the picture without suffix.
        poses: Name of the set.
        title: What it is.
        credit: Source and licence.
    """

    file: str
    poses: str
    title: str
    credit: str


@dataclass(frozen=True)
class Failure:
    """One frame that came out badly, and why.

    Attributes:
        file, poses, credit: As in ``Series``.
        title: What goes wrong.
        condition: What the lifter is shown and told.
        pick: Which frame is shown.
        picked: Which that is, in words.
        why: Sentences for the reader.
    """

    file: str
    poses: str
    title: str
    credit: str
    condition: Condition
    pick: Pick
    picked: str
    why: str


def typical(shots: Shots, _: Points, found: Errors) -> int:
    """The median frame."""
    return int(np.argsort(found.relative("camera"))[len(shots.truth) // 2])


def flipped(shots: Shots, points: Points, found: Errors) -> int:
    """The frame that is worst as it is, and best with its depths turned round."""
    share = shots.valid / shots.valid.sum(-1, keepdims=True)
    turned = points.astype(np.float64)
    turned[..., 2] = 2 * (turned[..., 2] * share).sum(-1, keepdims=True) - turned[..., 2]
    other = errors(turned, shots.truth, shots.valid)
    return int(np.argmax(found.relative("camera") - 2 * other.relative("camera")))


def closed(shots: Shots, _: Points, found: Errors) -> int:
    """The median of the tenth of the hands whose keypoints are nearest to the palm, in radii."""
    reach = np.linalg.norm(shots.truth - shots.truth[:, :1], axis=-1).mean(-1)
    rows = np.argsort(reach)[: max(1, len(reach) // 10)]
    order = np.argsort(found.relative("camera")[rows])
    return int(rows[order[len(rows) // 2]])


SERIES = (
    Series("human", "human/cmu_cc_s1_s7", "People, 33 keypoints", _CMU),
    Series("hand", "hand/leap_recordings", "Hands, 21 keypoints", _LEAP),
    Series("face", "face/ict68_samples", "Faces, 68 keypoints", _ICT),
    Series("dog", "animal/dog_model", "Dogs, 39 keypoints", _DOG),
    Series("chair", "object/chair", "Chairs, up to 21 keypoints", _KEYPOINTNET),
    Series("go1", "robot/unitree_go1", "A robot with four legs, 17 keypoints", _GO1),
)

FAILURES = (
    Failure(
        "depth_flip",
        "robot/panda_arm",
        "Depth flips",
        _PANDA,
        CONDITIONS["no_up"],
        flipped,
        "the clearest flip",
        "From one side a shape and its mirror image in depth look almost alike: only perspective, "
        "gravity and the habits of the object tell them apart. An arm in a random pose has no "
        "habits, and here gravity was not told. As the camera sees it, all is well; from the side "
        "it bends the other way. Tell gravity (`gravity_frame`), and mistrust a single frame.",
    ),
    Failure(
        "hidden_60",
        "human/cmu_cc_s1_s7",
        "60 % of the keypoints hidden",
        _CMU,
        SWEEPS["occlusion"]["60"],
        typical,
        "the median frame",
        "Hollow keypoints were not detected and are filled in. They are where they usually are, "
        "given the others, and not where they were: a limb of which nothing is seen is a guess. "
        "`observed` is false for them and `sigma` is larger; use both.",
    ),
    Failure(
        "no_edges",
        "animal/dog_model",
        "No skeleton given",
        _DOG,
        CONDITIONS["no_edges"],
        typical,
        "the median frame",
        "The same dogs as above without their edges: the network sees a cloud of dots and has to "
        "find out what it is. The result is about as wrong as no depth at all. Give edges, "
        "even a rough chain of them.",
    ),
    Failure(
        "unseen",
        "own/bicycle",
        "A kind that it never met",
        _OWN,
        CONDITIONS["upright"],
        typical,
        "the median frame",
        "No bicycle was in the training data. Edges and gravity give a rough shape; that a "
        "bicycle is flat but for its handlebars is not known. For a new kind, train on "
        "poses of it (`training.train --init base`).",
    ),
    Failure(
        "closed_hand",
        "hand/leap_recordings",
        "Closed hands",
        _LEAP,
        CONDITIONS["upright"],
        closed,
        "the median of the tenth that is most closed",
        "Curled fingers lie over one another and over the palm: the same pixels are left by a "
        "finger that bends towards the camera and by one that bends away. Open hands come "
        "out better.",
    ),
)
