"""Whether the order of the keypoints matters: it must not."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from lfm_ros import Lifter, Skeleton
from lfm_ros.core.metrics import errors, similarity
from training.evaluation.conditions import Condition
from training.evaluation.examiner import Examiner, Sets
from training.evaluation.figures import Figures, means
from training.evaluation.shots import Shots, lift, shoot

_FRAMES = 20


def order_matters(examiner: Examiner, sets: Sets) -> dict[str, dict[str, float]]:
    """How far points move when the keypoints are shuffled, with and without edges.

    Returns:
        ``with_edges`` and ``without_edges``: ``largest`` and ``mean`` distance over all points and
        sets in per cent of the radius, and the mean ``procrustes`` error before and after.
    """
    frames = min(_FRAMES, examiner.fewer)
    shots = partial(shoot, condition=Condition(), frames=frames, seed=examiner.seed)
    result = {}
    for name, condition in {
        "with_edges": Condition(),
        "without_edges": Condition(edges=False),
    }.items():
        answer = partial(_moved, examiner.lifter, condition, examiner.seed)
        rows = list(examiner.ask(sets, shots, answer).values())
        result[name] = {
            "largest": max(row["largest"] for row in rows),
            **{n: float(np.mean([r[n] for r in rows])) for n in ("mean", "before", "after")},
        }
    return result


def shuffled(shots: Shots, order: NDArray[np.int64]) -> Shots:
    """The same frames with keypoint ``order[i]`` at place i, edges and all."""
    parts = {n: getattr(shots, n)[:, order] for n in ("pixels", "confidence", "truth", "valid")}
    place = np.argsort(order)
    rig = shots.skeleton
    edges = [(int(place[a]), int(place[b])) for a, b in rig.edges]
    pairs = [(int(place[a]), int(place[b])) for a, b in rig.pairs or ()]
    names = [rig.names[i] for i in order]
    new = Skeleton(names, edges, pairs, nominal_size=rig.nominal_size, side=rig.side)
    return replace(shots, **parts, skeleton=new)


def _moved(lifter: Lifter, condition: Condition, seed: int, shots: Shots) -> Figures:
    order = np.random.default_rng(seed).permutation(len(shots.skeleton))
    before = lift(lifter, shots, condition).points.astype(np.float64)
    after = np.empty_like(before)
    after[:, order] = lift(lifter, shuffled(shots, order), condition).points
    # Only the unit of the points may differ from the truth's; the place counts.
    scale = similarity(before, shots.truth, shots.valid, "camera").scale
    distance = 100 * np.linalg.norm(after - before, axis=-1) * scale[:, None] * shots.valid
    found = [means(errors(p, shots.truth, shots.valid)) for p in (before, after)]
    return {
        "largest": float(distance.max()),
        "mean": float(distance.sum() / shots.valid.sum()),
        "before": found[0]["procrustes"],
        "after": found[1]["procrustes"],
    }
