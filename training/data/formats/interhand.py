"""InterHand2.6M: 21 joints of each hand, JSON.

``InterHand2.6M_<split>_joint_3d.json``: ``{capture: {frame: {"world_coord": (42, 3), "joint_valid":
(42, 1), "hand_type", ...}}}``, millimetres. Joints 0 to 20 are of the right hand: four a finger
from tip to base, thumb first, then the wrist; 21 to 41 of the left hand alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from lfm_ros.core.skeleton import Skeleton
from lfm_ros.skeletons import load_skeleton
from training.data.formats.pose_file import PoseFile
from training.data.formats.source import Format, entry, find, read_json, shaped

JOINTS = 42
#: Of one hand, in the order of our skeleton ``hand21``: wrist, then each finger from its base.
ORDER = [20, *(4 * finger + joint for finger in range(5) for joint in (3, 2, 1, 0))]


def two_hands() -> Skeleton:
    """Right hand, then left hand; the wrists are not joined."""
    hand = load_skeleton("hand21")
    names = [f"{side}_{name}" for side in ("right", "left") for name in hand.names]
    return Skeleton(names, [*hand.edges, *((a + 21, b + 21) for a, b in hand.edges)])


def read(folder: Path) -> Iterator[PoseFile]:
    """One set of both hands; a hand that is not there is not valid. A sequence is a capture."""
    xyz, valid, labels = [], [], []
    for path in find(folder, "InterHand2.6M_*_joint_3d.json", "*joint_3d.json"):
        for capture, frames in read_json(path, dict).items():
            for frame, said in frames.items():
                where = f"{path} capture {capture} frame {frame}"
                points = shaped(entry(said, "world_coord", where), (JOINTS, 3), where)
                seen = shaped(entry(said, "joint_valid", where), (JOINTS, 1), where)[:, 0] > 0
                xyz.append(points / 1000)
                valid.append(seen)
                labels.append(f"{path.stem} capture {capture}")
    order = [*ORDER, *(21 + joint for joint in ORDER)]
    yield PoseFile(
        "hand/interhand42",
        np.array(xyz, np.float32)[:, order],
        two_hands(),
        labels,
        "m (mm * 0.001)",
        "unknown (world frame of the dome)",
        np.array(valid)[:, order],
    )


FORMAT = Format(
    holds="InterHand2.6M_{train,val,test}_joint_3d.json, any of them, also in folders below",
    origin="mks0601.github.io/InterHand2.6M (annotations)",
    license="CC BY-NC 4.0: evaluation only",
    use="eval",
    read=read,
)
