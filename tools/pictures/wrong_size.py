"""A child taken for an adult: what a wrong nominal size does to the place."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import pyplot
from numpy.typing import NDArray

from lfm_ros import Lifter
from lfm_ros.core.camera import LEVEL_UP
from lfm_ros.core.placement import size
from lfm_ros.scene import RIGS
from lfm_ros.scene.stage import CAMERA
from training.specimen import LIFTED, TRUTH

SHARE = 0.62
"""Height of the child, as a share of the adult that the skeleton stands for."""
PLACE = np.array([0.3, 1.0, 3.5])
"""Where it stands in the camera's frame, metres."""
HEIGHT = 1.0
"""Of the camera above the floor, metres."""


@dataclass(frozen=True)
class Child:
    """What came out, metres in the camera's frame.

    Attributes:
        truth: (K, 3).
        nominal: (K, 3), lifted with the skeleton's own size.
        known: (K, 3), lifted with the child's.
    """

    truth: NDArray[np.floating]
    nominal: NDArray[np.floating]
    known: NDArray[np.floating]


def lift_child(lifter: Lifter) -> Child:
    """Lift a walking child of the built-in scene twice."""
    rig = RIGS["scene_person"]
    pose = SHARE * rig.keypoints(rig.motion(np.array([0.35])))[0]
    # It walks to the camera's right and a little towards it: x right, y down, z forward.
    away = np.array([[0.85, 0.5, 0.0], [0.0, 0.0, -1.0], [-0.5, 0.85, 0.0]])
    truth = pose @ away.T / np.linalg.norm(away[0]) + PLACE
    truth[:, 1] = PLACE[1] - pose[:, 2]
    pixels = CAMERA.project(truth)
    told = {"camera": CAMERA, "skeleton": rig.skeleton, "up": LEVEL_UP}
    real = float(size(truth[None], rig.skeleton)[0])
    nominal, known = (
        lifter.lift(pixels, known_size=given, **told).points[0] for given in (None, real)
    )
    return Child(truth, nominal, known)


def draw_child(child: Child, path: Path) -> None:
    """Draw both from the side, with the camera and the floor."""
    figure, axes = pyplot.subplots(2, 1, figsize=(7.5, 4.6), sharex=True)
    rows = (("nominal size of an adult", child.nominal), ("its own size given", child.known))
    for axis, (title, points) in zip(axes, rows, strict=True):
        _draw_side(axis, child.truth, TRUTH, 3.0)
        _draw_side(axis, points, LIFTED, 1.3)
        axis.plot([0, 0.22, 0.22, 0], [HEIGHT, HEIGHT + 0.12, HEIGHT - 0.12, HEIGHT], color="0.2")
        axis.axhline(0.0, color="0.8", linewidth=1, zorder=0)
        axis.set(title=title, ylabel="height, m", xlim=(-0.2, 7.2), ylim=(-0.75, 1.9))
        axis.set_aspect("equal")
        axis.spines[["top", "right"]].set_visible(False)
    axes[1].set_xlabel("distance from the camera, m")
    figure.tight_layout()
    figure.savefig(path, dpi=100)
    pyplot.close(figure)


def _draw_side(axis: Any, points: NDArray[np.floating], color: str, width: float) -> None:
    flat = np.stack([points[:, 2], HEIGHT - points[:, 1]], -1)
    for a, b in RIGS["scene_person"].skeleton.edges:
        axis.plot(*flat[[a, b]].T, color=color, linewidth=width, solid_capstyle="round")
