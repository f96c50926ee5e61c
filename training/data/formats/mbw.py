"""MBW-Zoo: animals before two hand-held cameras, 3D from the labels of a network, pickles.

``<animal>/annot/*.pkl``, one file a camera: a list of frames, each a dict with ``S_Pred`` (K, 3),
up to scale, zero where nothing was reconstructed, and ``confidence``, True where both views agree.
``S_Pred`` of the first camera stands for both.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from lfm_ros.core.errors import InputError
from lfm_ros.core.skeleton import Skeleton
from training.data.formats.pickles import read_pickle
from training.data.formats.pose_file import PoseFile
from training.data.formats.source import Format, entry, find, shaped
from training.data.formats.spanning import spanning_edges


def read(folder: Path) -> Iterator[PoseFile]:
    """One set an animal, of the frames that the source is confident of."""
    first = {path.parent: path for path in reversed(find(folder, "annot/*.pkl", "*.pkl"))}
    for beside, path in sorted(first.items()):
        home = beside.parent if beside.name == "annot" else beside
        yield _set(path, home.resolve().name.lower())


def _set(path: Path, animal: str) -> PoseFile:
    frames = read_pickle(path)
    if not isinstance(frames, list) or not frames:
        raise InputError(
            f"{path} holds a {type(frames).__name__}; expected a list of frames; give the annot "
            "folder of MBW-Zoo"
        )
    xyz, sure = [], []
    for i, frame in enumerate(frames):
        where = f"{path} frame {i}"
        points = shaped(entry(frame, "S_Pred", where), (-1, 3), where)
        xyz.append(points)
        sure.append(_confident(entry(frame, "confidence", where)) and points.any(-1).all())
    counts = sorted({len(points) for points in xyz})
    if len(counts) > 1:
        raise InputError(f"{path}: frames of {counts} keypoints; expected one number in all")
    poses = np.stack(xyz)
    valid = np.tile(np.array(sure)[:, None], (1, counts[0]))
    skeleton = Skeleton([f"{animal}_{i}" for i in range(counts[0])], spanning_edges(poses, valid))
    labels = [path.stem] * len(poses)
    unit, up = "up to scale", "unknown"
    return PoseFile(f"animal/mbw_{animal}", poses, skeleton, labels, unit, up, valid)


def _confident(flag: Any) -> bool:
    return bool(np.all(flag))


FORMAT = Format(
    holds="MBW-Zoo unpacked: <animal>/annot/*.pkl, any of the animals",
    origin="github.com/mosamdabhi/MBW-Data (zenodo.org, doi 10.5281/zenodo.7058567)",
    license="CC BY-NC 4.0: evaluation only",
    use="eval",
    read=read,
)
