"""Draw lifted skeletons beside the truth: ``python -m training.pictures --data DIR``.

One picture a part (``seen``: validation sequences only, ``other_rig``, ``unseen``), one row a set:
the best, the median and the worst frame, each as the camera sees it and from its left side, where
depth shows. Grey is the truth, colour is what was lifted, Procrustes-aligned; hollow is hidden. The
errors are with det = +1, and with mirror images allowed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import tyro
from numpy.typing import NDArray

from lfm_ros import Lifter
from lfm_ros.core.errors import InputError
from lfm_ros.core.metrics import errors, similarity
from training.data.poses import PoseSet
from training.evaluation.conditions import CONDITIONS
from training.evaluation.sets import divided
from training.evaluation.shots import Shots, lift, shoot

matplotlib.use("Agg")
from matplotlib import pyplot

# Columns of the optical frame (x right, y down, z forward) that each view draws, and their signs.
VIEWS = {"camera": ((0, 1), (1, -1)), "side": ((2, 1), (1, -1))}
_SIZE = 15.0, 2.6


@dataclass(frozen=True)
class PicturesConfig:
    """What to draw."""

    data: Path
    """Folder of pose sets."""
    sets: tuple[str, ...] = (
        "human/cmu_cc_s1_s7",
        "hand/leap_recordings",
        "face/ict68_samples",
        "animal/dog_model",
        "object/chair",
        "object/helmet",
        "robot/unitree_go1",
        "robot/panda_arm",
        "human/bandai1",
        "human/mvor10",
        "hand/nyu_test14",
        "animal/dog",
        "object/car",
        "robot/icub",
        "animal/bat_fruitbat",
        "hand/manipnet_two_hands34",
        "object/sofa",
        "object/bicycle",
    )
    """Those of them that the folder has are drawn."""
    condition: str = "upright"
    """A name of ``training.evaluation.conditions``."""
    output: Path = Path("runs/pictures")
    """Folder of the pictures."""
    model: str | None = None
    frames: int = 200
    seed: int = 0


def draw(config: PicturesConfig) -> list[Path]:
    """Lift frames of each set and write the pictures.

    Raises:
        InputError: The folder has none of the sets.
    """
    parts = {
        part: {name: sets[name] for name in config.sets if name in sets}
        for part, sets in divided(config.data).parts.items()
    }
    parts = {part: sets for part, sets in parts.items() if sets}
    if not parts:
        raise InputError(f"{config.data} has none of {config.sets}; name some with --sets")
    config.output.mkdir(parents=True, exist_ok=True)
    with Lifter.from_pretrained(config.model) as lifter:
        return [_draw_part(lifter, config, part, sets) for part, sets in parts.items()]


def _draw_part(
    lifter: Lifter, config: PicturesConfig, part: str, sets: Mapping[str, PoseSet]
) -> Path:
    size = _SIZE[0], _SIZE[1] * len(sets)
    figure, axes = pyplot.subplots(len(sets), 6, figsize=size, squeeze=False)
    for row, (name, poses) in zip(axes, sets.items(), strict=True):
        _draw_set(row, lifter, config, name, poses)
    figure.tight_layout()
    path = config.output / f"{part}.png"
    figure.savefig(path, dpi=70)
    pyplot.close(figure)
    return path


def _draw_set(row: Any, lifter: Lifter, config: PicturesConfig, name: str, poses: PoseSet) -> None:
    condition = CONDITIONS[config.condition]
    shots = shoot(poses, condition, config.frames, config.seed)
    points = lift(lifter, shots, condition).points.astype(np.float64)
    found = errors(points, shots.truth, shots.valid)
    aligned = similarity(points, shots.truth, shots.valid, "procrustes").apply(points)
    order = np.argsort(found.relative("procrustes"))
    for i, (label, rank) in enumerate({"best": 0, "median": len(order) // 2, "worst": -1}.items()):
        frame = order[rank]
        error = " ".join(f"{found.relative(n)[frame]:.1f} %" for n in ("procrustes", "reflected"))
        for axis, view in zip(row[2 * i : 2 * i + 2], VIEWS, strict=True):
            _draw_view(axis, view, shots.truth[frame], shots, frame, "0.7", 4)
            _draw_view(axis, view, aligned[frame], shots, frame, "C0", 1.5)
            axis.set_title(f"{name.split('/')[1]} {label} {error}, {view}", fontsize=7)
            axis.set_aspect("equal")
            axis.axis("off")


def _draw_view(
    axis: Any,
    view: str,
    points: NDArray[np.float64],
    shots: Shots,
    frame: int,
    color: str,
    width: float,
) -> None:
    columns, signs = VIEWS[view]
    flat, valid = points[:, columns] * signs, shots.valid[frame]
    for a, b in shots.skeleton.edges:
        if valid[a] and valid[b]:
            axis.plot(*flat[[a, b]].T, color=color, linewidth=width)
    hidden = shots.hidden[frame]
    axis.scatter(*flat[valid & ~hidden].T, color=color, s=6 * width, zorder=2)
    axis.scatter(*flat[hidden].T, facecolors="white", edgecolors=color, s=6 * width, zorder=2)


def main() -> None:
    """Read the command line and draw."""
    config = tyro.cli(PicturesConfig, description=__doc__)
    for path in draw(config):
        print(f"-> {path}")


if __name__ == "__main__":
    main()
