"""``python -m tools.pictures.gallery --data DIR``: write docs/gallery.md and its pictures.

Only sets that ``index.json`` marks ``use: train`` are read: their licence lets a picture of them be
shown. Of these, only sequences that are kept out of training are drawn.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import numpy as np

from lfm_ros import Lifter
from lfm_ros.core.errors import InputError
from lfm_ros.core.metrics import Errors, errors
from tools.pictures import page
from tools.pictures.bicycle import bicycles
from tools.pictures.cases import FAILURES, SERIES, Failure, Series
from tools.pictures.wrong_size import draw_child, lift_child
from training.data.poses import PoseSet, load_folder
from training.data.splits import divide, held_out
from training.evaluation.conditions import CONDITIONS, Condition
from training.evaluation.shots import Shots, lift, shoot
from training.specimen import VIEWS, Specimen, draw_specimen, specimen

matplotlib.use("Agg")
from matplotlib import pyplot

DOCS = Path(__file__).resolve().parents[2] / "docs"
FRAMES, SEED = 200, 0
_DPI = 100


@dataclass(frozen=True)
class Lifting:
    """What became of the frames of a set."""

    shots: Shots
    found: Errors
    points: np.ndarray

    def specimen(self, frame: int) -> Specimen:
        """A frame, brought to the place and size of the truth."""
        return specimen(self.shots, self.points, frame, turned=False)

    def error(self, frame: int, how: str = "camera") -> float:
        """Per cent of the radius."""
        return float(self.found.relative(how)[frame])


def main(arguments: Sequence[str]) -> int:
    """Draw and write everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of pose sets")
    parser.add_argument("--output", type=Path, default=DOCS, help="folder of the documents")
    parser.add_argument("--model", help="of lfm models; None is the one that ships")
    options = parser.parse_args(arguments)
    pictures = options.output / "gallery"
    pictures.mkdir(parents=True, exist_ok=True)
    sets = {**shown_sets(options.data), "own/bicycle": bicycles(FRAMES, SEED)}
    with Lifter.from_pretrained(options.model) as lifter:
        good = [(s, draw_series(lifter, s, sets[s.poses], pictures)) for s in SERIES]
        bad = [(f, draw_failure(lifter, f, sets[f.poses], pictures)) for f in FAILURES]
        child = lift_child(lifter)
        name = lifter.model.name
    draw_child(child, pictures / "wrong_size.png")
    (options.output / "gallery.md").write_text(page.gallery(name, FRAMES, good, bad, child))
    total = sum(path.stat().st_size for path in pictures.iterdir())
    print(f"-> {options.output / 'gallery.md'} and {total / 1e3:.0f} kB of pictures")
    return 0


def shown_sets(folder: Path) -> Mapping[str, PoseSet]:
    """The sets that the gallery shows: frames that no network was trained on.

    Raises:
        InputError: One of them is not in the folder, or its licence is not one to show it.
    """
    free = load_folder(folder, "train")
    _, validation = divide(free, held_out(free))
    wanted = {case.poses for case in (*SERIES, *FAILURES) if not case.poses.startswith("own/")}
    missing = wanted - set(validation)
    if missing:
        raise InputError(f"{folder} has no free set with held-out frames named {sorted(missing)}")
    return {name: validation[name] for name in wanted}


def lifted(lifter: Lifter, poses: PoseSet, condition: Condition) -> Lifting:
    """Photograph a set and lift it."""
    shots = shoot(poses, condition, FRAMES, SEED)
    points = lift(lifter, shots, condition).points
    return Lifting(shots, errors(points, shots.truth, shots.valid), points)


def draw_series(lifter: Lifter, case: Series, poses: PoseSet, folder: Path) -> page.Figures:
    """Draw the best, the median and the worst frame; returns their errors."""
    lifting = lifted(lifter, poses, CONDITIONS["upright"])
    order = np.argsort(lifting.found.relative("camera"))
    ranks = {"best": order[0], "median": order[len(order) // 2], "worst": order[-1]}
    views = ("camera", "side")
    figure, axes = pyplot.subplots(1, 6, figsize=(10, 2.1), layout="constrained")
    for i, (label, frame) in enumerate(ranks.items()):
        pair = axes[2 * i : 2 * i + 2]
        draw_specimen(pair, lifting.specimen(frame), views)
        for axis, view in zip(pair, views, strict=True):
            axis.set_title(f"{label} {lifting.error(frame):.1f} %, {view}", fontsize=8)
    _save(figure, folder / f"{case.file}.png")
    return {label: lifting.error(frame) for label, frame in ranks.items()}


def draw_failure(lifter: Lifter, case: Failure, poses: PoseSet, folder: Path) -> page.Figures:
    """Draw one frame from three sides; returns its errors and those of the others."""
    lifting = lifted(lifter, poses, case.condition)
    frame = case.pick(lifting.shots, lifting.points, lifting.found)
    figure, axes = pyplot.subplots(1, len(VIEWS), figsize=(8.4, 3.0), layout="constrained")
    draw_specimen(axes, lifting.specimen(frame), tuple(VIEWS))
    titles = ("as the camera sees it", "from the side", "from above")
    for axis, title in zip(axes, titles, strict=True):
        axis.set_title(title, fontsize=9)
    _save(figure, folder / f"{case.file}.png")
    every = lifting.found.relative("camera")
    return {
        "this": lifting.error(frame),
        "aligned": lifting.error(frame, "procrustes"),
        "mirrored": lifting.error(frame, "reflected"),
        "median": float(np.median(every)),
        "worst": float(every.max()),
    }


def _save(figure: pyplot.Figure, path: Path) -> None:
    figure.get_layout_engine().set(h_pad=0.08)
    figure.savefig(path, dpi=_DPI)
    pyplot.close(figure)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
