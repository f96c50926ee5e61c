"""Recorded objects whose place in metres is known, and what could tell a robot their scale."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lfm_ros import Skeleton
from lfm_ros.core.placement import size
from training.evaluation.depth_images import render
from training.evaluation.recorded import Recorded, read

Array = NDArray[np.float64]

_FEWEST = 4
_ALL = 10**9
# Height of a car's hubs above the road, metres: config/skeletons/car12.yaml.
_HUB = 0.32


@dataclass(frozen=True)
class Case:
    """One set.

    Attributes:
        recorded: Frames in which enough keypoints were seen and the whole truth is known.
        rig: With nominal size, contacts, and how deep keypoints lie.
        sizes: (B,) true sizes, metres.
        bone: The edge whose length may be told.
        floors: (B, 4) ground planes in the camera frame, or None.
        thickness: Radius of the limbs in simulated depth images, metres.
    """

    recorded: Recorded
    rig: Skeleton
    sizes: Array
    bone: tuple[int, int]
    floors: Array | None
    thickness: float

    @cached_property
    def depths(self) -> list[NDArray[np.float32]]:
        """A depth image of each frame as a camera without a fault sends it, metres."""
        recorded = self.recorded
        parts = zip(recorded.truth, recorded.valid, recorded.cameras, strict=True)
        return [
            render(truth, valid, self.rig, camera, self.thickness).astype(np.float32)
            for truth, valid, camera in parts
        ]


def cases(folder: Path, frames: int) -> dict[str, Case]:
    """The sets that are there, each with frames spread evenly over it."""
    makers = {
        "human/mvor10": ("uv_det", _people),
        "object/car": ("uv", _cars),
        "animal/mouse_dannce22": ("uv", _mice),
    }
    found = {}
    for name, (source, make) in makers.items():
        path = folder / f"{name}.npz"
        if path.exists():
            recorded = read(path, source, _ALL)
            with np.load(path, allow_pickle=False) as arrays:
                case = make(recorded, {key: arrays[key] for key in arrays.files})
            found[name] = _some(case, frames)
    return found


def _some(case: Case, frames: int) -> Case:
    """The frames that can be judged, at most so many."""
    recorded = case.recorded
    rows = np.flatnonzero(recorded.valid.all(-1) & (recorded.different >= _FEWEST))
    rows = rows[np.linspace(0, len(rows) - 1, min(frames, len(rows))).astype(int)]
    floors = None if case.floors is None else case.floors[rows]
    return replace(case, recorded=recorded.only(rows), sizes=case.sizes[rows], floors=floors)


def _people(recorded: Recorded, _: dict[str, NDArray]) -> Case:
    """Upper bodies; the registered rig says what is usual."""
    rig = recorded.skeleton
    bone = rig.names.index("left_shoulder"), rig.names.index("left_hip")
    return Case(recorded, rig, size(recorded.truth, rig), bone, None, 0.06)


def _cars(recorded: Recorded, arrays: dict[str, NDArray]) -> Case:
    """Cars on the road under the other cars of the same image."""
    names = recorded.skeleton.names
    hubs = [i for i, name in enumerate(names) if name.startswith("center_") and "wheel" in name]
    rig = replace(
        recorded.skeleton,
        contacts=[(hub, _HUB) for hub in hubs],
        nominal_size=_usual(recorded),
        size_spread=_spread(recorded),
    )
    up = np.asarray(arrays["R"], np.float64)[:, :, 2]
    below = recorded.truth[:, hubs].mean(1) - _HUB * up
    floors = _roads(below, up, arrays["image_id"])
    sides = names.index("center_left_front_wheel"), names.index("center_left_rear_wheel")
    return Case(recorded, rig, size(recorded.truth, rig), sides, floors, 0.03)


def _roads(below: Array, up: Array, image: NDArray) -> Array:
    """Planes (N, 4) under each car, from the other cars of its image; else from those of others."""
    planes = np.zeros((len(below), 4))
    for i in range(len(below)):
        others = (image == image[i]) & (np.arange(len(below)) != i)
        rows = np.flatnonzero(others if others.sum() >= 2 else image != image[i])
        normal = up[rows].mean(0)
        normal /= np.linalg.norm(normal)
        planes[i] = [*normal, -np.median(below[rows] @ normal)]
    return planes


def _mice(recorded: Recorded, arrays: dict[str, NDArray]) -> Case:
    """Mice on the floor of their arena, z = 0, seen through lenses."""
    names = recorded.skeleton.names
    paws = [i for i, name in enumerate(names) if "paw" in name]
    rig = replace(
        recorded.skeleton,
        contacts=[(paw, 0.0) for paw in paws],
        surface_depth=0.003,
        nominal_size=_usual(recorded),
        size_spread=_spread(recorded),
    )
    up = np.asarray(arrays["R"], np.float64)[:, :, 2]
    origin = np.asarray(arrays["t"], np.float64)
    floors = np.concatenate([up, -(up * origin).sum(-1, keepdims=True)], -1)
    bone = names.index("SpineM"), names.index("Tail_base")
    return Case(recorded, rig, size(recorded.truth, rig), bone, floors, 0.004)


def _usual(recorded: Recorded) -> float:
    whole = recorded.valid.all(-1)
    return float(np.median(size(recorded.truth[whole], recorded.skeleton)))


def _spread(recorded: Recorded) -> float:
    whole = recorded.valid.all(-1)
    return float(np.log(size(recorded.truth[whole], recorded.skeleton)).std())
