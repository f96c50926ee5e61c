"""FreiHAND: 21 joints of a right hand, JSON.

``training_xyz.json``: a list of 32,560 (21, 3), metres, camera frame (x right, y down, z forward);
``evaluation_xyz.json`` likewise. Order: wrist, then thumb to little finger from base to tip.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from lfm_ros.skeletons import load_skeleton
from training.data.formats.pose_file import PoseFile
from training.data.formats.source import Format, find, read_json, shaped


def read(folder: Path) -> Iterator[PoseFile]:
    """One set of both files. Frames are not grouped in the source, so each is its own sequence."""
    xyz, labels = [], []
    for path in find(folder, "*_xyz.json"):
        part = shaped(read_json(path, list), (-1, 21, 3), str(path))
        xyz.append(part)
        labels += [f"{path.stem} {i}" for i in range(len(part))]
    # A hand before a camera says nothing about gravity.
    up = "unknown (camera frame)"
    skeleton = load_skeleton("hand21")
    yield PoseFile("hand/freihand21", np.concatenate(xyz), skeleton, labels, "m", up)


FORMAT = Format(
    holds="training_xyz.json, evaluation_xyz.json or both",
    origin="lmb.informatik.uni-freiburg.de/projects/freihand (FreiHAND_pub_v2 and its evaluation "
    "annotations)",
    license="research only, any commercial use is prohibited: evaluation only",
    use="eval",
    read=read,
)
