"""Keypoints in an ``.npz`` file, as ``lfm lift`` and ``lfm demo`` read them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.camera import Intrinsics
from lfm_ros.core.errors import InputError
from lfm_ros.core.skeleton import Skeleton
from lfm_ros.cues import as_numbers
from lfm_ros.scene.npz import load_npz
from lfm_ros.skeletons import skeleton_with

Arrays = Mapping[str, NDArray[Any]]

#: Names of the keypoint arrays, in the order in which they are looked for, each with the names of
#: the arrays that may say how far to trust them.
SOURCES = {
    "keypoints": ("confidence",),
    "uv_det": ("uv_det_conf",),
    "uv": ("uv_conf", "uv_valid", "valid"),
}
_OVERSHOOT = 1.2


@dataclass(frozen=True)
class KeypointFile:
    """What a file holds. N rows of K keypoints each, whatever the leading shape is.

    Attributes:
        shape: Leading shape of the keypoints, (N,) or (frames, instances).
        keypoints: (N, K, 2) pixels.
        confidence: (N, K), or None.
        cameras: N cameras, or None.
        skeleton: The rig that the file names, or None.
        image_size: Width and height in pixels, or None where the file does not say.
    """

    shape: tuple[int, ...]
    keypoints: NDArray[np.float64]
    confidence: NDArray[np.float64] | None
    cameras: list[Intrinsics] | None
    skeleton: Skeleton | None
    image_size: tuple[int, int] | None = None


def read_keypoints(path: Path, source: str | None = None) -> KeypointFile:
    """Read a file.

    Args:
        path: An ``.npz`` with ``keypoints`` (N, K, 2) or (N, B, K, 2) and perhaps ``confidence``;
            or of the common form with ``uv_det`` or ``uv``. ``K`` (3, 3) or (N, 3, 3) with
            ``image_size`` is the camera, ``names`` and ``edges`` are the rig.
        source: Name of the array to read; None takes the first of ``SOURCES`` that is there.

    Raises:
        InputError: The file is missing, is no ``.npz``, or its arrays do not fit together.
    """
    arrays = load_npz(path)
    name = source or next((name for name in SOURCES if name in arrays), None)
    if name not in arrays:
        wanted = repr(source) if source else " or ".join(SOURCES)
        raise InputError(f"{path} has no array {wanted}; it has {', '.join(sorted(arrays))}")
    keypoints = as_numbers(arrays[name], name)
    if keypoints.ndim not in (3, 4) or keypoints.shape[-1] != 2:
        raise InputError(
            f"{name} in {path} has shape {keypoints.shape}; it must be (N, K, 2) or (N, B, K, 2)"
            f"{_split_scores(name, keypoints.shape)}"
        )
    shape, width = keypoints.shape[:-2], keypoints.shape[-2]
    return KeypointFile(
        shape,
        keypoints.reshape(-1, width, 2),
        _confidence(arrays, SOURCES.get(name, ()), (*shape, width)),
        _cameras(arrays, shape),
        _skeleton(arrays, path, width),
        _image_size(arrays, shape[0]),
    )


def _split_scores(name: str, shape: tuple[int, ...]) -> str:
    """What to do with x, y and score in one array, which many detectors give."""
    if len(shape) not in (3, 4) or shape[-1] != 3:
        return ""
    score = SOURCES.get(name, ("confidence",))[0]
    return f": is the third number a score? save {name}=a[..., :2] and {score}=a[..., 2]"


def _confidence(
    arrays: Arrays, names: tuple[str, ...], shape: tuple[int, ...]
) -> NDArray[np.float64] | None:
    name = next((name for name in names if name in arrays), None)
    if name is None:
        return None
    values = as_numbers(arrays[name], name)
    if values.shape != shape:
        raise InputError(f"{name} has shape {values.shape}, but the keypoints ask for {shape}")
    # Scores read from heat maps overshoot 1 a little; those far above are on another scale, which
    # the lifter refuses.
    return np.where(values < _OVERSHOOT, np.minimum(values, 1.0), values).reshape(-1, shape[-1])


def _cameras(arrays: Arrays, shape: tuple[int, ...]) -> list[Intrinsics] | None:
    """One camera for each row; rows that share a calibration share the object."""
    if "K" not in arrays:
        return None
    matrices = as_numbers(arrays["K"], "K")
    if matrices.shape not in ((3, 3), (shape[0], 3, 3)):
        raise InputError(f"K has shape {matrices.shape}; it must be (3, 3) or ({shape[0]}, 3, 3)")
    count = shape[0]
    matrices = np.broadcast_to(matrices, (count, 3, 3))
    sizes = _sizes(arrays, count)
    sizes = 2 * matrices[:, :2, 2] if sizes is None else np.broadcast_to(sizes, (count, 2))
    distortion = as_numbers(arrays.get("dist", ()), "dist")
    if distortion.shape[:-1] not in ((), (count,)) or not distortion.ndim:
        raise InputError(f"dist has shape {distortion.shape}; it must be (D,) or ({count}, D)")
    distortions = np.broadcast_to(distortion, (count, distortion.shape[-1]))
    made: dict[bytes, Intrinsics] = {}
    rows: list[Intrinsics] = []
    for matrix, size, one in zip(matrices, sizes, distortions, strict=True):
        key = np.concatenate([matrix.ravel(), size, one]).tobytes()
        made.setdefault(key, Intrinsics(matrix, (int(size[0]), int(size[1])), one.tolist()))
        rows += [made[key]] * int(np.prod(shape[1:]))
    return rows


def _skeleton(arrays: Arrays, path: Path, width: int) -> Skeleton | None:
    """The rig that the file describes; a registered one if it is the same, for its size."""
    if "names" not in arrays:
        return None
    names = [str(name) for name in np.atleast_1d(arrays["names"])]
    if len(names) != width:
        raise InputError(f"{path} has {len(names)} names for {width} keypoints; give each one")
    edges = np.asarray(arrays.get("edges", np.zeros((0, 2), int)))
    if edges.size and (edges.shape[1:] != (2,) or edges.dtype.kind not in "iu"):
        raise InputError(
            f"edges in {path} has shape {edges.shape} and type {edges.dtype}; it must be (E, 2), "
            "whole numbers that point into names"
        )
    return skeleton_with(names, edges.reshape(-1, 2).tolist(), path.stem)


def _sizes(arrays: Arrays, count: int) -> NDArray[np.float64] | None:
    """Width and height of the images, (2,) or (count, 2)."""
    if "image_size" not in arrays:
        return None
    sizes = as_numbers(arrays["image_size"], "image_size")
    if sizes.shape not in ((2,), (count, 2)) or not np.isfinite(sizes).all():
        raise InputError(
            f"image_size has shape {sizes.shape} or values that are not finite; it must be (2,) or "
            f"({count}, 2), width and height in pixels"
        )
    return sizes


def _image_size(arrays: Arrays, count: int) -> tuple[int, int] | None:
    """Of the largest image, where rows have images of their own."""
    sizes = _sizes(arrays, count)
    if sizes is None or not sizes.size:
        return None
    width, height = sizes.reshape(-1, 2).max(0)
    return int(width), int(height)
