"""Shapes, cameras and rigs for the tests of the geometry, each from a numbered seed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from hypothesis import settings
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from lfm_ros import Intrinsics, Skeleton

Array = NDArray[np.float64]

#: The same examples on every run and machine, so that a red test can be repeated.
REPEATABLE = settings(derandomize=True, deadline=None, database=None, max_examples=40)
MANY = settings(REPEATABLE, max_examples=200)
FEW = settings(REPEATABLE, max_examples=12)

#: Distortion of real lenses, one for each model of CameraInfo, from mild to strong.
LENSES = {
    "none": ("plumb_bob", ()),
    "plumb_bob": ("plumb_bob", (-0.28, 0.09, 0.0007, -0.0004, -0.012)),
    "rational_polynomial": (
        "rational_polynomial",
        (3.2, 1.1, -0.0003, 0.0002, 0.04, 3.5, 1.9, 0.21),
    ),
    "equidistant": ("equidistant", (-0.011, 0.021, -0.018, 0.005)),
}


def camera(lens: str = "none") -> Intrinsics:
    """A 1280x720 camera with unequal focal lengths and a principal point off the middle."""
    model, distortion = LENSES[lens]
    matrix = [[910.0, 0, 655.5], [0, 890.0, 342.25], [0, 0, 1]]
    return Intrinsics(matrix, (1280, 720), distortion, model)


def square_camera() -> Intrinsics:
    """A camera whose image may be turned: fx = fy, no distortion."""
    return Intrinsics([[800.0, 0, 500], [0, 800.0, 400], [0, 0, 1]], (1000, 800))


def rotations(count: int, seed: int) -> Array:
    """Uniformly random rotation matrices (count, 3, 3)."""
    return Rotation.from_quat(np.random.default_rng(seed).standard_normal((count, 4))).as_matrix()


def shapes(count: int, keypoints: int, seed: int) -> Array:
    """Random points (count, keypoints, 3) around the origin."""
    return np.random.default_rng(seed).standard_normal((count, keypoints, 3))


def chain(keypoints: int, name: str = "", nominal_size: float | None = None) -> Skeleton:
    """A rig whose keypoints hang on each other in a row."""
    edges = [(i, i + 1) for i in range(keypoints - 1)]
    names = [f"point_{i}" for i in range(keypoints)]
    return Skeleton(names, edges, nominal_size=nominal_size, name=name)


def bush(keypoints: int, name: str = "", nominal_size: float | None = None) -> Skeleton:
    """A rig whose keypoints hang on each other as a binary tree."""
    edges = [((i - 1) // 2, i) for i in range(1, keypoints)]
    names = [f"node_{i}" for i in range(keypoints)]
    return Skeleton(names, edges, nominal_size=nominal_size, name=name)


def in_front(count: int, keypoints: int, seed: int) -> Array:
    """Points (count, keypoints, 3) of objects about 1 m large, 3 to 6 m before the camera."""
    random = np.random.default_rng(seed)
    centre = np.stack(
        [
            random.uniform(-0.8, 0.8, count),
            random.uniform(-0.5, 0.5, count),
            random.uniform(3, 6, count),
        ],
        -1,
    )
    return centre[:, None] + 0.3 * shapes(count, keypoints, seed + 1)


def write_poses(
    path: Path, skeleton: Skeleton, sequences: int, frames: int, seed: int = 0, **more: object
) -> None:
    """A set of poses as ``docs/data.md`` describes it: each sequence one body in many postures."""
    random = np.random.default_rng(seed)
    bodies = random.standard_normal((sequences, 1, len(skeleton), 3))
    xyz = bodies + 0.15 * random.standard_normal((sequences, frames, len(skeleton), 3))
    arrays = {
        "xyz": xyz.reshape(-1, len(skeleton), 3).astype(np.float32),
        "names": np.array(skeleton.names),
        "edges": np.array(skeleton.edges, np.int64),
        "sequence": np.repeat(np.arange(sequences), frames),
        "unit": "m",
        "up": "+z",
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **{**arrays, **more})
