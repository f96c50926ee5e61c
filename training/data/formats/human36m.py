"""Human3.6M in the form that lifting code shares: ``positions_3d`` in one npz.

A pickled ``{subject: {action: (T, 32, 3)}}`` in metres, world frame, z up. Of the 32 joints 17 move
on their own; the others repeat one or are ends of toes and fingers.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from lfm_ros.core.errors import InputError
from lfm_ros.skeletons import load_skeleton
from training.data.formats.pickles import read_pickled_array
from training.data.formats.pose_file import PoseFile
from training.data.formats.source import Format, find, shaped

#: Of the 32, in the order of our skeleton ``h36m17``.
MOVING = [0, 1, 2, 3, 6, 7, 8, 12, 13, 14, 15, 17, 18, 19, 25, 26, 27]
ALL = 32


def read(folder: Path) -> Iterator[PoseFile]:
    """One set of 17 joints; a sequence is a subject."""
    path = find(folder, "data_3d_h36m.npz", "data_3d*.npz")[0]
    data = read_pickled_array(path, "positions_3d")
    if not isinstance(data, dict) or not all(isinstance(a, dict) for a in data.values()):
        raise InputError(
            f"{path}: positions_3d is not {{subject: {{action: poses}}}}; make it with "
            "prepare_data_h36m.py of VideoPose3D"
        )
    xyz, labels = [], []
    for subject, actions in data.items():
        for action, poses in actions.items():
            points = shaped(poses, (-1, ALL, 3), f"{path} {subject} {action}")
            xyz.append(points[:, MOVING].astype(np.float32))
            labels += [str(subject)] * len(points)
    skeleton = load_skeleton("h36m17")
    joined = np.concatenate(xyz) if xyz else np.zeros((0, len(skeleton), 3))
    yield PoseFile("human/human36m", joined, skeleton, labels, "m", "+z")


FORMAT = Format(
    holds="data_3d_h36m.npz (array positions_3d, 32 joints)",
    origin="vision.imar.ro/human3.6m, converted by github.com/facebookresearch/VideoPose3D "
    "(DATASETS.md)",
    license="Human3.6M licence: academic use only: evaluation only",
    use="eval",
    read=read,
)
