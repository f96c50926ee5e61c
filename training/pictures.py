"""Draw lifted skeletons beside the truth: ``python -m training.pictures --data DIR``.

One picture a part (``seen``: validation sequences only, ``other_rig``, ``unseen``), one row a set:
the best, the median and the worst frame, each as the camera sees it and from its left side, where
depth shows. Grey is the truth, blue is what was lifted, Procrustes-aligned; hollow is hidden. The
errors are with det = +1, and with mirror images allowed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np

from lfm_ros import Lifter
from lfm_ros.core.errors import InputError
from lfm_ros.core.metrics import errors
from training.command import options_of, sentences
from training.data.poses import PoseSet
from training.evaluation.conditions import CONDITIONS
from training.evaluation.sets import divided
from training.evaluation.shots import lift, shoot
from training.specimen import draw_specimen, specimen

matplotlib.use("Agg")
from matplotlib import pyplot

_VIEWS = "camera", "side"
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
    points = lift(lifter, shots, condition).points
    found = errors(points, shots.truth, shots.valid)
    order = np.argsort(found.relative("procrustes"))
    for i, (label, rank) in enumerate({"best": 0, "median": len(order) // 2, "worst": -1}.items()):
        frame = order[rank]
        error = " ".join(f"{found.relative(n)[frame]:.1f} %" for n in ("procrustes", "reflected"))
        axes = row[2 * i : 2 * i + 2]
        draw_specimen(axes, specimen(shots, points, frame, turned=True), _VIEWS)
        for axis, view in zip(axes, _VIEWS, strict=True):
            axis.set_title(f"{name.split('/')[1]} {label} {error}, {view}", fontsize=7)


def main() -> None:
    """Read the command line and draw."""
    config = options_of("training.pictures", PicturesConfig, __doc__)
    with sentences():
        for path in draw(config):
            print(f"-> {path}")


if __name__ == "__main__":
    main()
