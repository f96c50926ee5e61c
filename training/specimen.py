"""A lifted skeleton beside the truth, drawn from several sides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.metrics import similarity
from lfm_ros.core.skeleton import Edge
from training.evaluation.shots import Shots

#: Columns of the optical frame (x right, y down, z forward) that each view draws, and their signs.
#: The camera itself is to the left of the side view, and below the view from above.
VIEWS = {
    "camera": ((0, 1), (1, -1)),
    "side": ((2, 1), (1, -1)),
    "above": ((0, 2), (1, 1)),
}
TRUTH, LIFTED, APART = "0.62", "#0072b2", "#d55e00"
_MARGIN = 1.08


@dataclass(frozen=True)
class Specimen:
    """One instance, all in the camera's optical frame and in one unit.

    Attributes:
        points: What was lifted, (K, 3).
        truth: (K, 3).
        valid: (K,) which points have a truth.
        hidden: (K,) which of them the lifter did not see.
        edges: Pairs of keypoint indices.
    """

    points: NDArray[np.floating]
    truth: NDArray[np.floating]
    valid: NDArray[np.bool_]
    hidden: NDArray[np.bool_]
    edges: Sequence[Edge]


def specimen(shots: Shots, points: NDArray[np.floating], frame: int, *, turned: bool) -> Specimen:
    """One frame of many.

    Args:
        shots: What was photographed.
        points: What was lifted from it, (B, K, 3).
        frame: Which of the B.
        turned: Take out the best proper similarity. False: only move to the place of the truth and
            scale to its size, so that a wrong orientation shows.
    """
    row = slice(frame, frame + 1)
    lifted, truth, valid = points[row].astype(np.float64), shots.truth[row], shots.valid[row]
    if turned:
        (aligned,) = similarity(lifted, truth, valid, "procrustes").apply(lifted)
    else:
        aligned = _as_large(lifted[0], truth[0], valid[0])
    return Specimen(aligned, truth[0], valid[0], shots.hidden[frame], shots.skeleton.edges)


def draw_specimen(axes: Sequence[Any], shown: Specimen, views: Sequence[str]) -> None:
    """Draw into one matplotlib axis a view, all to one scale.

    Grey is the truth, blue what was lifted, hollow what the lifter did not see; thin red lines join
    what belongs together.
    """
    both = np.concatenate([shown.truth[shown.valid], shown.points[shown.valid]])
    middle = (both.min(0) + both.max(0)) / 2
    reach = _MARGIN * float(np.ptp(both, axis=0).max()) / 2
    for axis, view in zip(axes, views, strict=True):
        columns, signs = VIEWS[view]
        truth, lifted = (
            ((points - middle)[:, columns] * signs) for points in (shown.truth, shown.points)
        )
        for one, other in zip(truth[shown.valid], lifted[shown.valid], strict=True):
            axis.plot(*np.stack([one, other]).T, color=APART, linewidth=0.6, alpha=0.7)
        _draw(axis, shown, truth, TRUTH, 3.2)
        _draw(axis, shown, lifted, LIFTED, 1.3)
        axis.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
        axis.axis("off")


def _as_large(
    points: NDArray[np.float64], truth: NDArray[np.float64], valid: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """The points at the place and size of the truth.

    Not the scale with the least error: what is turned the wrong way would shrink to a dot.
    """
    middle, target = points[valid].mean(0), truth[valid].mean(0)
    spread = np.linalg.norm(points[valid] - middle)
    wanted = np.linalg.norm(truth[valid] - target)
    return (points - middle) * wanted / max(spread, 1e-12) + target


def _draw(axis: Any, shown: Specimen, flat: NDArray[np.floating], color: str, width: float) -> None:
    for a, b in shown.edges:
        if shown.valid[a] and shown.valid[b]:
            axis.plot(*flat[[a, b]].T, color=color, linewidth=width, solid_capstyle="round")
    seen = shown.valid & ~shown.hidden
    # Many keypoints are close together: their dots must not hide the shape.
    size = 4.5 * width * min(1.0, 30 / len(flat))
    axis.scatter(*flat[seen].T, color=color, s=size, zorder=2)
    axis.scatter(
        *flat[shown.hidden].T, facecolors="white", edgecolors=color, s=1.6 * size, zorder=2
    )
