"""An npz of 3D key points in the common form, read and checked.

``xyz`` (N, K, 3) is all that must be there. ``names``, ``edges``, ``valid``, ``sequence``, ``fps``,
``up``, and where the source has images ``uv``, ``K``, ``R``, ``t``, ``dist``, ``image_size``,
``uv_det``, ``uv_det_conf`` are used when present.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.errors import InputError, SkeletonError
from lfm_ros.core.skeleton import Skeleton
from lfm_ros.scene.npz import load_npz
from lfm_ros.skeletons import skeleton_with

Arrays = Mapping[str, NDArray[Any]]

# Shapes by N frames and K joints; a plain number is a length. Where there are two, both are fine.
_SHAPES: dict[str, tuple[tuple[str | int, ...], ...]] = {
    "xyz": (("N", "K", 3),),
    "valid": (("N", "K"),),
    "names": (("K",),),
    "edges": (("E", 2),),
    "sequence": (("N",),),
    "person_annotation": (("N",),),
    "uv": (("N", "K", 2),),
    "uv_valid": (("N", "K"),),
    "uv_det": (("N", "K", 2),),
    "uv_det_conf": (("N", "K"),),
    "K": (("N", 3, 3), (3, 3)),
    "R": (("N", 3, 3), (3, 3)),
    "t": (("N", 3), (3,)),
    "dist": (("N", 5), (5,)),
    "image_size": (("N", 2), (2,)),
}


def read_pose_file(path: str | Path) -> dict[str, NDArray[Any]]:
    """Read the arrays of a file and check that they fit together.

    Raises:
        InputError: It is not such a file; the message is one sentence that says why.
    """
    arrays = load_npz(path)
    if "xyz" not in arrays:
        raise InputError(f"{path} has {sorted(arrays)} but no 'xyz' (frames, joints, 3); add it")
    xyz = arrays["xyz"]
    if xyz.ndim != 3 or xyz.shape[2] != 3 or 0 in xyz.shape or xyz.dtype.kind not in "fiu":
        raise InputError(
            f"{path}: 'xyz' has shape {xyz.shape} and type {xyz.dtype}; "
            "expected numbers (frames, joints, 3), at least one frame and one joint"
        )
    for name, allowed in _SHAPES.items():
        if name in arrays:
            _check(path, name, arrays[name], allowed, {"N": xyz.shape[0], "K": xyz.shape[1]})
    return arrays


def skeleton_of(arrays: Arrays, path: str | Path) -> Skeleton:
    """The rig of a file: the registered one with the same joint names, else names and edges of it.

    Raises:
        InputError: The edges do not fit the joints.
    """
    count = arrays["xyz"].shape[1]
    names = [str(n) for n in arrays["names"]] if "names" in arrays else _numbered(count)
    edges = arrays.get("edges", np.zeros((0, 2), int))
    try:
        return skeleton_with(names, edges.tolist(), Path(path).stem)
    except SkeletonError as error:
        raise InputError(f"{path}: {error}") from error


def _numbered(count: int) -> list[str]:
    return [f"keypoint_{i}" for i in range(count)]


def _check(
    path: str | Path,
    name: str,
    array: NDArray[Any],
    allowed: tuple[tuple[str | int, ...], ...],
    sizes: Mapping[str, int],
) -> None:
    def fits(shape: tuple[str | int, ...]) -> bool:
        wanted = [sizes.get(s) if isinstance(s, str) else s for s in shape]
        return len(shape) == array.ndim and all(
            want in (None, got) for want, got in zip(wanted, array.shape, strict=True)
        )

    kinds = "SU" if name == "names" else "biuf"
    if not any(fits(shape) for shape in allowed) or array.dtype.kind not in kinds:
        wanted = " or ".join("(" + ", ".join(map(str, shape)) + ")" for shape in allowed)
        raise InputError(
            f"{path}: {name!r} has shape {array.shape} and type {array.dtype}; expected {wanted} "
            f"with N = {sizes['N']} frames and K = {sizes['K']} joints as in 'xyz'"
        )
