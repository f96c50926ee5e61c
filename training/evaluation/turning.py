"""How steadily the frame of a tracked object turns with it, for rigs without a root frame.

``python -m training.evaluation.turning --data DIR`` lets rigid objects of every set turn to and fro
before a camera (``--clips``: takes the ``*_clips`` recordings as they are), lifts every frame by
itself from noisy keypoints, and runs the tracker over the result. ``as lifted`` is the rotation of
the network's canonical structure, ``none`` is ``Tracked.orientation`` without smoothing, and the
other lines are what the node makes of it for /tf. As medians over the sets of a group:

``jitter``
    Mean distance of the angular acceleration from the truth's, degrees/s²; ``x`` is how many times
    smaller it is than as lifted.
``step``
    Mean distance of the turn from one frame to the next from the truth's, degrees.
``astray``
    Median angle between the turn since the first frame and the true one, degrees.
``delay``
    How much later it turns than without smoothing, ms.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tyro
from numpy.typing import NDArray

from lfm_ros import Lifter, Tracker
from lfm_ros.core.alignment import procrustes
from lfm_ros.core.filters import FILTERS
from lfm_ros.core.rotations import (
    angle_between,
    matrix_from_quat_xyzw,
    quat_xyzw_from_matrix,
    rotvec_from_matrix,
)
from lfm_ros.core.steady_turns import SteadyTurns
from training.command import sentences
from training.evaluation.clip_report import Row, Rows, medians, tell
from training.evaluation.clips import Clip, clips, turning_clips
from training.evaluation.conditions import CAMERA
from training.evaluation.smoothing import lag

Array = NDArray[np.float64]

_AS_LIFTED = "as lifted"


@dataclass(frozen=True)
class TurningConfig:
    """What is measured."""

    data: Path
    """Folder with group/set.npz."""
    output: Path | None = None
    """A JSON file for the figures of every clip."""
    model: str | None = None
    """A model folder or name; the one that ships if left out."""
    clips: bool = False
    """Recordings that move in place of objects that turn."""
    groups: tuple[str, ...] = ("object", "robot")
    """Kinds of objects."""
    rate: float = 30.0
    """Frames a second."""
    strength: float = 1.0
    """The tracker's."""
    seed: int = 0


def measure(config: TurningConfig) -> dict[str, dict[str, Row]]:
    """Clip -> smoothing -> figures; ``group`` of a clip is the start of its name."""
    if config.clips:
        shown = clips(config.data, 3, config.rate, config.seed)
    else:
        shown = turning_clips(config.data, config.groups, config.rate, config.seed)
    with Lifter.from_pretrained(config.model) as lifter:
        found = {clip.name: _of_clip(lifter, clip, config.strength) for clip in shown}
    return {name: rows for name, rows in found.items() if rows}


def _of_clip(lifter: Lifter, clip: Clip, strength: float) -> dict[str, Row]:
    out = lifter.lift(clip.pixels, clip.confidence, CAMERA, clip.skeleton, up=clip.up)
    if not out.valid.all():
        return {}
    weights = (clip.confidence > 0).astype(np.float64)
    first = np.broadcast_to(clip.truth[0], clip.truth.shape)
    truth = procrustes(first, clip.truth, weights * weights[0], scaled=False).rotation
    found = {_AS_LIFTED: out.rotation.astype(np.float64)}
    for name in FILTERS:
        tracker = Tracker(name, strength=strength)
        stamps = (round(1e9 * i / clip.rate) for i in range(len(truth)))
        tracked = [tracker.update(out.only(np.array([i])), ns, [0]) for i, ns in enumerate(stamps)]
        told = [one.orientation.astype(np.float64) for one in tracked]
        found[name] = np.concatenate(told if name == "none" else _steady(told, clip.rate, strength))
    rows = {name: turn_figures(turns, truth, clip.rate) for name, turns in found.items()}
    for row in rows.values():
        row["delay"] = row["lag"] - rows["none"]["lag"]
    return rows


def _steady(turns: list[Array], rate: float, strength: float) -> list[Array]:
    steady = SteadyTurns()
    return [
        matrix_from_quat_xyzw(
            steady.step([0], quat_xyzw_from_matrix(turn), round(1e9 * i / rate), strength)
        )
        for i, turn in enumerate(turns)
    ]


def turn_figures(turns: Array, truth: Array, rate: float) -> Row:
    """Figures of rotations (T, 3, 3) beside the true ones since the first frame (T, 3, 3)."""
    steps, true_steps = _steps(turns), _steps(truth)
    error = angle_between(turns @ np.swapaxes(turns[:1], 1, 2), truth)
    off = steps - true_steps
    return {
        "jitter": rate**2 * _mean_length(np.diff(off, axis=0)),
        "step": _mean_length(off),
        "astray": float(np.degrees(np.median(error))),
        "lag": 1000 * lag(turns @ np.swapaxes(turns[:1], 1, 2), truth, 1 / rate),
    }


def _steps(turns: Array) -> Array:
    """Turns (T - 1, 3) from each frame to the next as vectors, degrees."""
    return np.degrees(rotvec_from_matrix(turns[1:] @ np.swapaxes(turns[:-1], 1, 2)))


def _mean_length(vectors: Array) -> float:
    return float(np.linalg.norm(vectors, axis=-1).mean())


def table(found: Mapping[str, Rows]) -> str:
    """Medians over the clips of every group."""
    lines = [
        f"{'':8}{'orientation':19}{'jitter':>9}{'x':>6}{'step':>8}{'astray':>8}{'delay':>8}",
    ]
    for group, rows in medians(found).items():
        for name, row in rows.items():
            times = rows[_AS_LIFTED]["jitter"] / row["jitter"]
            late = "" if name == _AS_LIFTED else f"{row['delay']:.1f}"
            lines.append(
                f"{group:8}{name:19}{row['jitter']:9.0f}{times:6.1f}{row['step']:8.2f}"
                f"{row['astray']:8.1f}{late:>8}"
            )
    return "\n".join(lines)


def main() -> None:
    """Read the command line, measure, print the table."""
    with sentences():
        config = tyro.cli(TurningConfig, description=__doc__)
        tell(measure(config), table, config.output)


if __name__ == "__main__":
    main()
