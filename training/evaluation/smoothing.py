"""What smoothing is worth and what it costs: jitter, error and delay on moving recordings.

``python -m training.evaluation.smoothing --data DIR`` films the ``*_clips`` sets at their own rate
(``--rate`` thins them out), lifts every frame by itself from noisy keypoints, and runs the tracker
over the result with each kind of smoothing. The table has, as medians over the clips of a group:

``jitter``, ``shape``
    Mean distance of the second derivative from the truth's, m/s², of the points where they are and
    around their centroid; ``x`` is how many times smaller the first is than without smoothing.
``error``, ``around``
    Mean distance of the points from the truth in mm, where they are and around their centroid.
``delay``
    How much later the points move around their centroid than without smoothing, ms, and beside it
    the same across the image: by the shift at which their velocity correlates best with that of
    points lifted from keypoints without noise. The last is how much later the distance is: the mean
    error of the centroid's depth, weighted with the true velocity, over that velocity.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tyro
from numpy.typing import NDArray

from lfm_ros import Lifted, Lifter, Tracker
from lfm_ros.core.filters import FILTERS
from training.command import sentences
from training.evaluation.clip_report import Row, Rows, medians, tell
from training.evaluation.clips import Clip, clips
from training.evaluation.conditions import CAMERA

Array = NDArray[np.float64]

# The first moments, in which a filter still settles, are not judged.
_SETTLING_SECONDS = 0.3
_LONGEST_DELAY = 8


@dataclass(frozen=True)
class SmoothingConfig:
    """What is measured."""

    data: Path
    """Folder with group/set_clips.npz."""
    output: Path | None = None
    """A JSON file for the figures of every clip."""
    model: str | None = None
    """A model folder or name; the one that ships if left out."""
    each: int = 3
    """Most clips of a set."""
    rate: float | None = None
    """Frames a second; left out: all that a set has."""
    dropped: float = 0.0
    """Share of the frames that never arrive."""
    strength: float = 1.0
    """The tracker's."""
    seed: int = 0


def measure(config: SmoothingConfig) -> dict[str, dict[str, Row]]:
    """Clip -> smoothing -> figures; ``group`` of a clip is the start of its name."""
    made: dict[str, dict[str, Row]] = {}
    with Lifter.from_pretrained(config.model) as lifter:
        for clip in clips(config.data, config.each, config.rate, config.seed):
            made[clip.name] = _of_clip(lifter, clip, config)
    return made


def _of_clip(lifter: Lifter, clip: Clip, config: SmoothingConfig) -> dict[str, Row]:
    out = lifter.lift(clip.pixels, clip.confidence, CAMERA, clip.skeleton, up=clip.up)
    random = np.random.default_rng([config.seed, len(clip.truth)])
    shown = np.flatnonzero(out.valid & (random.random(len(out.valid)) >= config.dropped))
    exact = lifter.lift(clip.exact, clip.confidence, CAMERA, clip.skeleton, up=clip.up)
    times, truth, steady = shown / clip.rate, clip.truth[shown], exact.points[shown]
    rows: dict[str, Row] = {}
    for name in FILTERS:
        tracker = Tracker(name, strength=config.strength)
        points = _tracked(tracker, out, shown, clip.rate)
        rows[name] = _figures(points, truth, steady, times)
    for row in rows.values():
        for name in ("delay", "image_delay", "distance_delay"):
            row[name] = row[f"lag_{name}"] - rows["none"][f"lag_{name}"]
    return rows


def _tracked(tracker: Tracker, out: Lifted, shown: Iterable[int], rate: float) -> Array:
    tracked = [
        tracker.update(out.only(np.array([i])), round(1e9 * i / rate), [0]).points[0] for i in shown
    ]
    return np.array(tracked, np.float64)


def _figures(points: Array, truth: Array, steady: Array, times: Array) -> Row:
    late = times >= times[0] + _SETTLING_SECONDS
    points, truth, times = points[late], truth[late], times[late]
    steady = steady[late].astype(np.float64)
    around, true_around = _centred(points), _centred(truth)
    seconds = float(np.median(np.diff(times)))
    return {
        "jitter": _distance(_acceleration(points, times), _acceleration(truth, times)),
        "shape": _distance(_acceleration(around, times), _acceleration(true_around, times)),
        "error": 1000 * _distance(points, truth),
        "around": 1000 * _distance(around, true_around),
        "lag_delay": 1000 * lag(around, _centred(steady), seconds),
        "lag_image_delay": 1000 * lag(points[..., :2], steady[..., :2], seconds),
        "lag_distance_delay": 1000 * _late(points[..., 2].mean(1), truth[..., 2].mean(1), times),
    }


def _late(depth: Array, truth: Array, times: Array) -> float:
    """How many seconds a depth (T,) is late, from its error and the true velocity."""
    velocity = np.gradient(truth, times)
    return float((velocity * (truth - depth)).sum() / np.square(velocity).sum())


def _centred(points: Array) -> Array:
    return points - points.mean(1, keepdims=True)


def _distance(points: Array, truth: Array) -> float:
    return float(np.linalg.norm(points - truth, axis=-1).mean())


def _acceleration(points: Array, times: Array) -> Array:
    """Second divided difference, for frames that may be missing."""
    steps = np.diff(times)[:, None, None]
    velocity = np.diff(points, axis=0) / steps
    return np.diff(velocity, axis=0) / (0.5 * (steps[1:] + steps[:-1]))


def lag(points: Array, truth: Array, seconds: float) -> float:
    """How much later one motion is than another, seconds.

    Args:
        points: Shape (T, K, D).
        truth: The same motion, earlier or later.
        seconds: Between two frames.
    """
    ours, theirs = (np.diff(x, axis=0).reshape(len(x) - 1, -1) for x in (points, truth))
    shifts = range(-_LONGEST_DELAY, _LONGEST_DELAY + 1)
    fit = np.array([_correlation(ours, theirs, shift) for shift in shifts])
    best = int(np.clip(fit.argmax(), 1, len(fit) - 2))
    before, here, after = fit[best - 1 : best + 2]
    # The top of the parabola through the three best.
    return seconds * (shifts[best] + 0.5 * (before - after) / (before - 2 * here + after))


def _correlation(ours: Array, theirs: Array, shift: int) -> float:
    end = len(ours)
    late = ours[max(shift, 0) : end + min(shift, 0)]
    early = theirs[max(-shift, 0) : end - max(shift, 0)]
    return float((late * early).sum() / np.sqrt((late**2).sum() * (early**2).sum()))


def table(found: Mapping[str, Rows]) -> str:
    """Medians over the clips of every group."""
    lines = [
        f"{'':8}{'smoothing':19}{'jitter':>9}{'x':>6}{'shape':>9}{'error':>8}{'around':>8}"
        f"{'delay':>8}{'in image':>10}{'in depth':>10}"
    ]
    for group, rows in medians(found).items():
        for name, row in rows.items():
            times = rows["none"]["jitter"] / row["jitter"]
            lines.append(
                f"{group:8}{name:19}{row['jitter']:9.2f}{times:6.1f}{row['shape']:9.2f}"
                f"{row['error']:8.0f}{row['around']:8.0f}{row['delay']:8.1f}"
                f"{row['image_delay']:10.1f}{row['distance_delay']:10.1f}"
            )
    return "\n".join(lines)


def main() -> None:
    """Read the command line, measure, print the table."""
    with sentences():
        config = tyro.cli(SmoothingConfig, description=__doc__)
        tell(measure(config), table, config.output)


if __name__ == "__main__":
    main()
