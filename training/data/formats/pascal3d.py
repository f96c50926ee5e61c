"""PASCAL3D+: anchor points of the CAD models, MATLAB 5 files.

``CAD/<class>.mat`` holds one structure array of the class's name, one element a CAD model, with
``pnames`` and for each of them a field with its (1, 3) position, empty where the model has no such
part. The mesh's diagonal is 1; x is right, y backward, z up.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from scipy.io import loadmat

from lfm_ros.core.errors import InputError
from lfm_ros.core.skeleton import Skeleton
from training.data.formats.pose_file import PoseFile
from training.data.formats.source import Format, entry, find
from training.data.formats.spanning import spanning_edges


def read(folder: Path) -> Iterator[PoseFile]:
    """One set a class; a sequence is a CAD model."""
    for path in find(folder, "CAD/*.mat", "*.mat"):
        yield _set(path, _models(path))


def _models(path: Path) -> Any:
    try:
        content = loadmat(path)
    except Exception as error:  # scipy raises nearly anything on a damaged file
        raise InputError(
            f"{path} is not a MATLAB 5 file ({error}); expected CAD/<class>.mat of PASCAL3D+"
        ) from error
    models = entry(content, path.stem, str(path))
    if getattr(models, "dtype", None) is None or models.dtype.names is None or not models.size:
        raise InputError(f"{path}: {path.stem!r} is not a structure of CAD models; see --help")
    return models.ravel()


def _set(path: Path, models: Any) -> PoseFile:
    named = entry(models[0], "pnames", str(path)).ravel()
    names = [str(name.item() if name.size else "") for name in named]
    xyz = np.full((len(models), len(names), 3), np.nan)
    for row, model in enumerate(models):
        for i, name in enumerate(names):
            point = np.asarray(entry(model, name, f"{path} model {row}"), np.float64).ravel()
            if point.size == 3:
                xyz[row, i] = point
    valid = np.isfinite(xyz).all(-1)
    xyz = np.nan_to_num(xyz)
    labels = [f"{path.stem} {row}" for row in range(len(models))]
    skeleton = Skeleton(names, spanning_edges(xyz, valid))
    name = f"object/pascal3d_{path.stem}"
    return PoseFile(name, xyz, skeleton, labels, "mesh diagonal = 1", "+z", valid)


FORMAT = Format(
    holds="PASCAL3D+ unpacked (CAD/<class>.mat), or any folder of these files",
    origin="cvgl.stanford.edu/projects/pascal3d.html",
    license="none stated: evaluation only",
    use="eval",
    read=read,
)
