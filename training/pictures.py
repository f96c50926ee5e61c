"""Draw lifted skeletons beside the truth: ``python -m training.pictures --data DIR``.

One row a set: the best, the median and the worst frame, each as the camera sees it and from its
left side, where depth shows. Grey is the truth, colour is what was lifted, Procrustes-aligned.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import tyro
from numpy.typing import NDArray

from lfm_ros import Lifter, Skeleton
from lfm_ros.core.alignment import procrustes
from lfm_ros.core.metrics import errors
from training.data.poses import load_set
from training.evaluation.conditions import CAMERA, Condition
from training.evaluation.shots import shoot

matplotlib.use("Agg")
from matplotlib import pyplot

# Columns of the optical frame (x right, y down, z forward) that each view draws, and their signs.
VIEWS = {"camera": ((0, 1), (1, -1)), "side": ((2, 1), (1, -1))}


@dataclass(frozen=True)
class PicturesConfig:
    """What to draw."""

    data: Path
    """Folder of pose sets."""
    sets: tuple[str, ...] = (
        "human/cmu_amc_s1_s3",
        "hand/leap_recordings",
        "animal/dog_model",
        "object/chair",
        "robot/unitree_go1",
        "robot/panda_arm",
    )
    output: Path = Path("runs/pictures.png")
    model: str | None = None
    frames: int = 200
    seed: int = 0


def draw(config: PicturesConfig) -> None:
    """Lift frames of each set and write the picture."""
    figure, axes = pyplot.subplots(len(config.sets), 6, figsize=(15, 2.6 * len(config.sets)))
    with Lifter.from_pretrained(config.model) as lifter:
        for row, name in zip(np.atleast_2d(axes), config.sets, strict=True):
            _draw_set(row, lifter, config, name)
    config.output.parent.mkdir(parents=True, exist_ok=True)
    figure.tight_layout()
    figure.savefig(config.output, dpi=70)


def _draw_set(row: Any, lifter: Lifter, config: PicturesConfig, name: str) -> None:
    poses = load_set(config.data / f"{name}.npz", f"{name}.npz")
    shots = shoot(poses, Condition(), config.frames, config.seed)
    out = lifter.lift(shots.pixels, shots.confidence, CAMERA, shots.skeleton, up=shots.up)
    found = errors(out.points, shots.truth, shots.valid)
    aligned = procrustes(out.points.astype(float), shots.truth, shots.valid).apply(out.points)
    order = np.argsort(found.relative("procrustes"))
    for i, (label, rank) in enumerate({"best": 0, "median": len(order) // 2, "worst": -1}.items()):
        frame = order[rank]
        title = f"{name.split('/')[1]} {label} {found.relative('procrustes')[frame]:.1f} %"
        for axis, view in zip(row[2 * i : 2 * i + 2], VIEWS, strict=True):
            _draw_view(axis, view, shots.truth[frame], shots.valid[frame], shots.skeleton, "0.7", 4)
            _draw_view(axis, view, aligned[frame], shots.valid[frame], shots.skeleton, "C0", 1.5)
            axis.set_title(f"{title}, {view}", fontsize=7)
            axis.set_aspect("equal")
            axis.axis("off")


def _draw_view(
    axis: Any,
    view: str,
    points: NDArray[np.float64],
    valid: NDArray[np.bool_],
    skeleton: Skeleton,
    color: str,
    width: float,
) -> None:
    columns, signs = VIEWS[view]
    flat = points[:, columns] * signs
    for a, b in skeleton.edges:
        if valid[a] and valid[b]:
            axis.plot(*flat[[a, b]].T, color=color, linewidth=width)
    axis.scatter(*flat[valid].T, color=color, s=6 * width, zorder=2)


def main() -> None:
    """Read the command line and draw."""
    config = tyro.cli(PicturesConfig, description=__doc__)
    draw(config)
    print(f"-> {config.output}")


if __name__ == "__main__":
    main()
