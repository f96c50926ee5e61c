"""Which sets are evaluated, as what, and which of them are listed but not averaged."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lfm_ros.core.errors import InputError
from training.data.poses import PoseSet, listed, load_folder
from training.data.robot import urdf_sets
from training.data.splits import FEWEST_SEQUENCES, divide, held_out, load_splits

PARTS = ("seen", "other_rig", "unseen")
#: Planar rigs and rigs with one degree of freedom: a flat shape or a mean shape does well there.
DEGENERATE = frozenset(
    {
        "animal/fish_model",
        "animal/worm_model",
        "object/cabinet_double",
        "object/cabinet_sliding",
        "object/dishwasher",
        "object/guitar",
        "object/knife",
        "robot/abb_irb2400_arm",
        "robot/robotiq_2f85",
    }
)
#: Poses of this group are drawn at random within the joints' limits: no posture tells of another.
RANDOM_GROUP = "robot"


@dataclass(frozen=True)
class Division:
    """The sets by what the network has seen of them.

    Attributes:
        parts: ``seen``: sequences held out of sets that it is trained on. ``other_rig``: kinds that
            it knows with other keypoints. ``unseen``: the other sets for evaluation only. Parts
            without any set are left out.
        training: What it was trained on of the ``seen`` sets, and of those that only train.
    """

    parts: dict[str, dict[str, PoseSet]]
    training: dict[str, PoseSet]

    def why_listed(self, name: str, poses: PoseSet) -> str:
        """Why a set is listed and not averaged; empty if it is averaged."""
        if name in DEGENERATE:
            return "planar or one degree of freedom"
        sequences = len(np.unique(poses.sequence))
        if sequences < FEWEST_SEQUENCES:
            return f"fewer than {FEWEST_SEQUENCES} sequences"
        return ""

    @property
    def listed(self) -> set[str]:
        """Names of the sets that are listed and not averaged."""
        sets = [item for part in self.parts.values() for item in part.items()]
        return {name for name, poses in sets if self.why_listed(name, poses)}

    @property
    def random(self) -> set[str]:
        """Names of the sets whose poses are random configurations."""
        sets = [poses for part in self.parts.values() for poses in part.values()]
        return {poses.name for poses in sets if poses.group == RANDOM_GROUP}

    def catalogue(self) -> dict[str, dict[str, Any]]:
        """What each evaluated set is: the columns beside its figures."""
        return {
            name: {
                "part": part,
                "keypoints": len(poses.skeleton),
                "frames": len(poses),
                "sequences": len(np.unique(poses.sequence)),
                "training_frames": len(self.training[name]) if name in self.training else 0,
                "listed": self.why_listed(name, poses),
            }
            for part, sets in self.parts.items()
            for name, poses in sets.items()
        }


def divided_robot(urdf: Path, links: list[str] | None, seed: int = 0) -> Division:
    """A robot's configurations, divided as ``training.train --urdf`` divides them.

    Args:
        urdf: The robot's file.
        links: Which of its links are keypoints; None chooses.
        seed: That of the training, which then saw none of what is judged.

    Raises:
        LfmError: The URDF or the links are not usable.
    """
    training, validation = divide(*urdf_sets(urdf, links, seed=seed))
    return Division({"seen": validation}, training)


def divided(folder: Path) -> Division:
    """Read a folder of pose sets.

    Raises:
        InputError: There is nothing to evaluate.
    """
    splits = load_splits()
    train, others = (load_folder(folder, u) if listed(folder, u) else {} for u in ("train", "eval"))
    training, validation = divide(train, held_out(train))
    other = {n: others[n] for n in splits["other_rig"] if n in others}
    own = [n for n in others if n not in train and n not in other]
    unseen = {n: others[n] for n in dict.fromkeys((*splits["unseen"], *own)) if n in others}
    parts = {"seen": validation, "other_rig": other, "unseen": unseen}
    parts = {name: sets for name, sets in parts.items() if sets}
    if not parts:
        raise InputError(
            f"{folder} has nothing to evaluate: none of its sets has {FEWEST_SEQUENCES} sequences, "
            "so that one could be held out, and none is for evaluation only ('use': 'eval' in "
            "index.json); see docs/data.md"
        )
    return Division(parts, training)
