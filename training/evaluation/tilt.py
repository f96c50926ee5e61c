"""What it costs not to know how far the camera looks down.

``python -m training.evaluation.tilt --data DIR`` shows the validation people of every set, as
COCO's 17 keypoints, to a camera that looks so many degrees below the horizon, and lifts them told a
level camera, the tilt, and nothing of gravity. Millimetres that a keypoint is off, hips on hips and
at the true distance; mean over frame and set.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import tyro
from numpy.typing import NDArray

from lfm_ros import Lifter, Skeleton
from lfm_ros.core.camera import LEVEL_UP, pitched_up
from lfm_ros.core.errors import InputError
from lfm_ros.core.placement import centroid, radius
from lfm_ros.skeletons import load_skeleton
from training.command import sentences
from training.data.detector_rigs import with_detector_rigs
from training.data.poses import FAMILY_END, PoseSet, load_folder
from training.data.splits import divide, held_out
from training.evaluation.conditions import CAMERA, UPRIGHT, Condition
from training.evaluation.shots import Shots, shoot

Array = NDArray[np.float64]

_RIG = "coco17"
_TILTS = (0, 10, 20, 30)


@dataclass(frozen=True)
class TiltConfig:
    """What is measured."""

    data: Path
    """Folder with group/set.npz."""
    model: str | None = None
    """A model folder or name; the one that ships if left out."""
    frames: int = 150
    """Of each set and tilt."""
    seed: int = 0


def measure(config: TiltConfig) -> dict[int, dict[str, float]]:
    """Degrees of tilt -> what is told of it -> millimetres.

    Raises:
        InputError: The folder has no people to validate with.
    """
    sets = load_folder(config.data, "train")
    _, validation = divide(sets, held_out(sets))
    made = with_detector_rigs(dict(validation))
    people = [poses for name, poses in made.items() if name.endswith(FAMILY_END + _RIG)]
    if not people:
        raise InputError(f"{config.data} holds no people to validate with; see docs/data.md")
    with Lifter.from_pretrained(config.model) as lifter:
        return {tilt: _mean([_off(lifter, p, tilt, config) for p in people]) for tilt in _TILTS}


def _off(lifter: Lifter, poses: PoseSet, tilt: int, config: TiltConfig) -> dict[str, float]:
    views = replace(UPRIGHT, elevation=(float(tilt), float(tilt)), roll=0.0)
    shots = shoot(poses, Condition(views=views), config.frames, config.seed)
    body = 1000 * float(np.mean(radius(poses.xyz.astype(np.float64), poses.valid)))
    told = {"not told": LEVEL_UP, "told": pitched_up(tilt), "gravity none": None}
    rig = load_skeleton(_RIG)
    found = {}
    for name, up in told.items():
        out = lifter.lift(shots.pixels, shots.confidence, CAMERA, rig, up=up, nominal=False)
        found[name] = body * _distance(out.points.astype(np.float64), shots, rig)
    return found


def _distance(points: Array, shots: Shots, rig: Skeleton) -> float:
    """Mean distance of the keypoints from the truth, hips on hips, in radii of the body."""
    assert rig.root is not None
    far = [np.linalg.norm(centroid(p, shots.valid), axis=-1) for p in (shots.truth, points)]
    points = points * (far[0] / far[1])[:, None, None]
    hips = list(rig.root.origin)
    ours, truth = (p - p[:, hips].mean(1, keepdims=True) for p in (points, shots.truth))
    return float(np.linalg.norm(ours - truth, axis=-1)[shots.valid].mean())


def _mean(rows: list[dict[str, float]]) -> dict[str, float]:
    return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}


def table(found: Mapping[int, Mapping[str, float]]) -> str:
    """A line a tilt."""
    names = list(next(iter(found.values())))
    lines = ["tilt " + "".join(f"{name:>14}" for name in names)]
    for tilt, row in found.items():
        lines.append(f"{tilt:4d} " + "".join(f"{row[name]:14.0f}" for name in names))
    return "\n".join(lines)


def main() -> None:
    """Read the command line, measure, print the table."""
    with sentences():
        print(table(measure(tyro.cli(TiltConfig, description=__doc__))))


if __name__ == "__main__":
    main()
