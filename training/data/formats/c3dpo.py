"""PASCAL3D+ as C3DPO published it, JSON: keypoints of all classes side by side.

``{"dataset", "data": [...]}`` or the list alone. An entry has ``kp_loc_3d`` (3, 124) in the
camera's frame at the scale of the pixels, ``class_mask`` (124) which of them are of its class,
``kp_defined`` (124) which its CAD model has, and ``p3d_info`` with ``p3d_class``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.errors import InputError
from lfm_ros.core.skeleton import Skeleton
from training.data.formats.pose_file import PoseFile
from training.data.formats.source import Format, entry, find, read_json, shaped
from training.data.formats.spanning import spanning_edges

Array = NDArray[np.float64]

KEYPOINTS = 124
#: Shapes whose distances between points differ by less than this share of their size are one model.
SAME_SHAPE = 0.01


def read(folder: Path) -> Iterator[PoseFile]:
    """One set a class; a sequence is a shape, since images of one CAD model share theirs."""
    classes: dict[str, list[tuple[Array, NDArray[np.bool_]]]] = {}
    for path in find(folder, "pascal3d_[tv]*.json", "pascal3d_hrnet_*.json"):
        for i, said in enumerate(_entries(path)):
            where = f"{path} entry {i}"
            kind = str(entry(entry(said, "p3d_info", where), "p3d_class", where))
            xyz = shaped(entry(said, "kp_loc_3d", where), (3, KEYPOINTS), where).T
            mask = shaped(entry(said, "class_mask", where), (KEYPOINTS,), where) > 0
            defined = shaped(entry(said, "kp_defined", where), (KEYPOINTS,), where) > 0
            classes.setdefault(kind, []).append((xyz[mask], defined[mask]))
    for kind, frames in classes.items():
        yield _set(kind, frames)


def _entries(path: Path) -> list[Any]:
    content = read_json(path, (dict, list))
    return entry(content, "data", str(path)) if isinstance(content, dict) else content


def _set(kind: str, frames: list[tuple[Array, NDArray[np.bool_]]]) -> PoseFile:
    sizes = sorted({len(points) for points, _ in frames})
    if len(sizes) > 1:
        raise InputError(
            f"class {kind!r} has entries of {sizes} keypoints in class_mask; expected one number; "
            "the files are of different versions, download both once more"
        )
    xyz = np.stack([points for points, _ in frames])
    valid = np.stack([defined for _, defined in frames])
    skeleton = Skeleton([f"{kind}_{i}" for i in range(sizes[0])], spanning_edges(xyz, valid))
    labels = [f"{kind} shape {number}" for number in _shapes(xyz, valid)]
    # Photographs are taken from above as well, and their cameras are not known.
    up = "unknown (camera frame: x right, y down)"
    unit = "weak perspective, at the scale of the image"
    return PoseFile(f"object/c3dpo_{kind}", xyz, skeleton, labels, unit, up, valid)


def _shapes(xyz: Array, valid: NDArray[np.bool_]) -> list[int]:
    """A number for each frame; frames have the same where they are one shape seen differently."""
    known: list[tuple[NDArray[np.bool_], Array]] = []
    numbers = []
    for points, seen in zip(xyz, valid, strict=True):
        distances = np.linalg.norm(points[seen][:, None] - points[seen], axis=-1)
        distances = distances / max(distances.max(initial=0), np.finfo(float).tiny)
        same = [
            number
            for number, (also, shape) in enumerate(known)
            if (seen == also).all() and np.abs(shape - distances).max(initial=0) < SAME_SHAPE
        ]
        numbers.append(same[0] if same else len(known))
        if not same:
            known.append((seen, distances))
    return numbers


FORMAT = Format(
    holds="pascal3d_train.json, pascal3d_val.json or both (pascal3d_hrnet_*.json are read alike)",
    origin="dl.fbaipublicfiles.com/c3dpo_nrsfm, named in github.com/facebookresearch/c3dpo_nrsfm",
    license="none stated for the data (PASCAL3D+ states none either): evaluation only",
    use="eval",
    read=read,
)
