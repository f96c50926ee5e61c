"""Recordings at their full rate, seen by a camera and by a detector that errs anew every frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lfm_ros import Skeleton
from lfm_ros.core.errors import InputError
from lfm_ros.core.placement import radius, size
from lfm_ros.core.rotations import matrix_from_rotvec
from lfm_ros.scene.detector import Detector
from training.data.poses import PoseSet, load_set
from training.evaluation.conditions import CAMERA

Array = NDArray[np.float64]

_LONGEST_SECONDS = 4.0
# Radii from the camera to the middle of the whole clip, and degrees that it looks down.
_DISTANCE = (4.0, 7.0)
_DOWN = (0.0, 20.0)
_NEAREST = 0.5


@dataclass(frozen=True)
class Clip:
    """T frames of one rig.

    Attributes:
        name: Set and sequence.
        group: ``human``, ``hand`` and so on.
        rate: Frames a second.
        truth: (T, K, 3) metres in the camera's frame.
        exact: (T, K, 2) where the camera sees the truth.
        pixels: (T, K, 2) what the detector says.
        confidence: (T, K).
        up: (3,) against gravity.
        skeleton: The rig; its nominal size is the true one.
    """

    name: str
    group: str
    rate: float
    truth: Array
    exact: Array
    pixels: Array
    confidence: Array
    up: Array
    skeleton: Skeleton


def clips(folder: Path, each: int, rate: float | None, seed: int) -> list[Clip]:
    """Clips of every ``*_clips`` set of a folder.

    Args:
        folder: Holds ``group/set_clips.npz``.
        each: Most clips of a set, spread evenly over its sequences.
        rate: Frames are left out to come down to this many a second. None: all of them.
        seed: Of views and noise.

    Raises:
        InputError: There is no such set.
    """
    files = sorted(folder.glob("*/*_clips.npz"))
    if not files:
        raise InputError(f"{folder} has no */*_clips.npz; see docs/data.md for the form of a set")
    return [clip for path in files for clip in _of_set(path, each, rate, seed)]


def turning_clips(folder: Path, groups: Sequence[str], rate: float, seed: int) -> list[Clip]:
    """One rigid object of every set, which sways, turned to and fro by 120 degrees about ``up``.

    Args:
        folder: Holds ``group/set.npz``.
        groups: Which kinds of objects.
        rate: Frames a second.
        seed: Of objects, views and noise.

    Raises:
        InputError: There is no such set.
    """
    files = [path for group in groups for path in sorted(folder.glob(f"{group}/*.npz"))]
    if not files:
        raise InputError(f"{folder} has no set of {', '.join(groups)}; see docs/data.md")
    return [_turning(path, rate, [seed, index]) for index, path in enumerate(files)]


def _turning(path: Path, rate: float, seed: list[int]) -> Clip:
    poses = load_set(path, f"{path.parent.name}/{path.name}")
    random = np.random.default_rng(seed)
    most_seen = np.flatnonzero(poses.valid.sum(1) == poses.valid.sum(1).max())
    row = random.choice(most_seen)
    shape = poses.xyz[row] - poses.xyz[row][poses.valid[row]].mean(0)
    up = poses.up if poses.up.any() else np.array([0.0, 0.0, 1.0], np.float32)
    seconds = np.arange(round(_LONGEST_SECONDS * rate)) / rate
    around = np.deg2rad(60) * np.sin(np.pi / 2 * seconds)
    tilt = np.deg2rad(10) * np.sin(2 * seconds)
    aside = np.cross(up, [0.36, 0.48, 0.8])
    turn = matrix_from_rotvec(around[:, None] * up) @ matrix_from_rotvec(tilt[:, None] * aside)
    moved = shape @ np.swapaxes(turn, 1, 2)
    clip = replace(
        poses,
        xyz=moved.astype(np.float32),
        valid=np.broadcast_to(poses.valid[row], moved.shape[:2]),
        sequence=np.full(len(moved), poses.sequence[row]),
        up=up,
    )
    return _filmed(clip, np.arange(len(moved)), rate, seed)


def _of_set(path: Path, each: int, rate: float | None, seed: int) -> list[Clip]:
    poses = load_set(path, f"{path.parent.name}/{path.name}")
    with np.load(path, allow_pickle=False) as arrays:
        own = float(arrays["fps"])
    step = max(1, round(own / rate)) if rate else 1
    sequences = np.unique(poses.sequence)
    chosen = sequences[np.unique(np.linspace(0, len(sequences) - 1, each).astype(int))]
    rows = [np.flatnonzero(poses.sequence == sequence)[::step] for sequence in chosen]
    most = round(_LONGEST_SECONDS * own / step)
    return [_filmed(poses, r[:most], own / step, [seed, i]) for i, r in enumerate(rows)]


def _filmed(poses: PoseSet, rows: NDArray[np.int64], rate: float, seed: list[int]) -> Clip:
    random = np.random.default_rng(seed)
    truth, up = _placed(poses.xyz[rows].astype(np.float64), poses.up, random)
    projected = CAMERA.project(truth)
    pixels, confidence = projected.copy(), np.ones(truth.shape[:2])
    detector = Detector(seed[0])
    for frame, exact in enumerate(projected):
        inside = ((exact > 0) & (exact < CAMERA.size)).all(-1)
        pixels[frame], found = detector.observe(exact, seed[1], frame / rate)
        confidence[frame] = np.where(inside & poses.valid[rows[frame]], found, 0.0)
    usual = float(np.median(size(truth, poses.skeleton)))
    return Clip(
        f"{poses.name}/{poses.sequence[rows[0]]}",
        poses.group,
        rate,
        truth,
        projected,
        pixels,
        confidence,
        up,
        replace(poses.skeleton, nominal_size=usual),
    )


def _placed(
    points: Array, up: NDArray[np.float32], random: np.random.Generator
) -> tuple[Array, Array]:
    """Turned to stand before the camera and moved as a whole: motion is not taken out."""
    upright = _turn_to_up(up) @ matrix_from_rotvec(up * random.uniform(0, 2 * np.pi))
    down = matrix_from_rotvec(np.array([np.deg2rad(random.uniform(*_DOWN)), 0.0, 0.0]))
    turned = points @ (down @ upright).T
    extent = float(np.median(radius(turned)))
    turned += [0, 0, random.uniform(*_DISTANCE) * extent] - turned.reshape(-1, 3).mean(0)
    turned[..., 2] += max(0.0, _NEAREST * extent - turned[..., 2].min())
    return turned, down @ [0.0, -1.0, 0.0]


def _turn_to_up(up: NDArray[np.float32]) -> Array:
    """The rotation that takes the set's up to -y, which is up for a level camera."""
    wanted, axis = np.array([0.0, -1.0, 0.0]), np.cross(up, [0.0, -1.0, 0.0])
    if np.linalg.norm(axis) < 1e-9:
        return np.eye(3) if up @ wanted > 0 else matrix_from_rotvec(np.array([np.pi, 0.0, 0.0]))
    return matrix_from_rotvec(axis / np.linalg.norm(axis) * np.pi / 2)
