"""AcinoSet: cheetahs, pickles of the full trajectory estimation (FTE).

``<date>/<animal>/<run>/fte/fte.pickle`` (first release: ``traj_opt.pickle``): a dict with
``positions`` (T, 20, 3) in metres, z up; a later version has a 21st marker, the lure.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from lfm_ros.core.errors import InputError
from lfm_ros.core.skeleton import Skeleton
from training.data.formats.pickles import read_pickle
from training.data.formats.pose_file import PoseFile
from training.data.formats.source import Format, entry, find, shaped

MARKERS = (
    ("l_eye", "nose"),
    ("r_eye", "nose"),
    ("nose", "neck_base"),
    ("neck_base", ""),
    ("spine", "neck_base"),
    ("tail_base", "spine"),
    ("tail1", "tail_base"),
    ("tail2", "tail1"),
    ("l_shoulder", "neck_base"),
    ("l_front_knee", "l_shoulder"),
    ("l_front_ankle", "l_front_knee"),
    ("r_shoulder", "neck_base"),
    ("r_front_knee", "r_shoulder"),
    ("r_front_ankle", "r_front_knee"),
    ("l_hip", "tail_base"),
    ("l_back_knee", "l_hip"),
    ("l_back_ankle", "l_back_knee"),
    ("r_hip", "tail_base"),
    ("r_back_knee", "r_hip"),
    ("r_back_ankle", "r_back_knee"),
)


def cheetah() -> Skeleton:
    """20 markers, each joined to the one that is named beside it."""
    names = [name for name, _ in MARKERS]
    edges = [(names.index(other), names.index(name)) for name, other in MARKERS if other]
    return Skeleton(names, edges)


def read(folder: Path) -> Iterator[PoseFile]:
    """One set; a sequence is a run."""
    xyz, labels = [], []
    for path in find(folder, "fte.pickle", "traj_opt.pickle"):
        positions = np.asarray(entry(read_pickle(path), "positions", str(path)))
        if positions.shape[1:] not in ((len(MARKERS), 3), (len(MARKERS) + 1, 3)):
            raise InputError(
                f"{path}: positions have shape {positions.shape}; expected (T, 20, 3), or "
                "(T, 21, 3) with the lure; is it the result of another model?"
            )
        xyz.append(shaped(positions[:, : len(MARKERS)], (-1, len(MARKERS), 3), str(path)))
        labels += [path.parent.relative_to(folder).as_posix()] * len(positions)
    yield PoseFile("animal/acinoset_cheetah", np.concatenate(xyz), cheetah(), labels, "m", "+z")


FORMAT = Format(
    holds="fte.pickle files (or traj_opt.pickle), in the folders of the runs",
    origin="github.com/African-Robotics-Unit/AcinoSet (links to the 3D files in its README)",
    license="none stated in its repository: evaluation only",
    use="eval",
    read=read,
)
