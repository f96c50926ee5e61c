"""From one rig to another of the same body: fewer keypoints, and more.

The network meets a rig that it was trained on with half of its keypoints gone, and with a new
keypoint in the middle of every edge. What counts is the error of the keypoints that both rigs
have, beside their error when the rig is lifted as it was trained on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lfm_ros import Lifter, Skeleton
from lfm_ros.core.metrics import errors
from training.evaluation.conditions import CAMERA, Condition
from training.evaluation.examiner import Examiner, Sets
from training.evaluation.figures import Figures, means
from training.evaluation.shots import Shots, lift, shoot

_KEPT = 0.5
SMALLEST = 6
Common = NDArray[np.int64]
#: The rig that is lifted instead, and which of its keypoints are the first of the old rig's.
Other = tuple[Shots, Common, Common]


def transfer(examiner: Examiner, sets: Sets) -> dict[str, Any]:
    """``subset`` and ``superset``: averages of the common keypoints' errors.

    ``..._before`` are those of the rig as it was trained on. Sets too small to lose half of their
    keypoints are left out of ``subset``, and without edges a set cannot grow; an entry for which
    no set is left is missing.
    """
    large = {n: s for n, s in sets.items() if len(s.skeleton) * _KEPT >= SMALLEST}
    joined = {n: s for n, s in sets.items() if s.skeleton.edges}
    shots = partial(shoot, condition=Condition(), frames=examiner.fewer, seed=examiner.seed)
    tasks: dict[str, tuple[Sets, Callable[[Shots, int], Other]]] = {
        "subset": (large, fewer_keypoints),
        "superset": (joined, more_keypoints),
    }
    result = {}
    for name, (chosen, change) in tasks.items():
        answer = partial(_compare, examiner.lifter, change, examiner.seed)
        found = examiner.ask(chosen, shots, answer)
        rows = {name: row for name, row in found.items() if row}
        if rows:
            result[name] = examiner.averages(rows)
    return result


def fewer_keypoints(shots: Shots, seed: int) -> Other:
    """Half of the keypoints, and the edges that are left when the others are taken out.

    Returns:
        The new shots, and the common keypoints' indices in the old rig and in the new one.
    """
    random = np.random.default_rng(seed)
    total = len(shots.skeleton)
    kept = np.sort(random.permutation(total)[: max(SMALLEST, round(_KEPT * total))])
    graph = _among(kept, shots.skeleton.adjacency)
    edges = [(int(a), int(b)) for a, b in np.argwhere(np.triu(graph) > 0)]
    place = {int(old): new for new, old in enumerate(kept)}
    pairs = [(place[a], place[b]) for a, b in shots.skeleton.pairs or () if {a, b} <= set(place)]
    names = [shots.skeleton.names[i] for i in kept]
    skeleton = Skeleton(names, edges, pairs, side=shots.skeleton.side)
    return _taken(shots, kept, skeleton), kept, np.arange(len(kept))


def more_keypoints(shots: Shots, seed: int) -> Other:
    """One more keypoint in the middle of every edge, joined to both of its ends.

    Returns:
        As ``fewer_keypoints``. ``seed`` is not used: there is one such rig.
    """
    del seed
    rig, total = shots.skeleton, len(shots.skeleton)
    first, second = np.array(rig.edges).T
    names = [*rig.names, *(f"{rig.names[a]}|{rig.names[b]}" for a, b in rig.edges)]
    ends = zip(first, second, strict=True)
    edges = [(int(e), total + i) for i, pair in enumerate(ends) for e in pair]
    pairs = [*(rig.pairs or ()), *_paired_edges(rig)]
    truth = np.concatenate([shots.truth, (shots.truth[:, first] + shots.truth[:, second]) / 2], 1)
    valid = np.concatenate([shots.valid, shots.valid[:, first] & shots.valid[:, second]], 1)
    # A middle whose ends have no truth must still be in front of the camera.
    somewhere = np.where(valid[..., None], truth, (0.0, 0.0, 1.0))
    grown = replace(
        shots,
        pixels=CAMERA.project(somewhere),
        confidence=valid.astype(np.float64),
        truth=truth,
        valid=valid,
        skeleton=Skeleton(names, edges, pairs, side=rig.side),
    )
    return grown, np.arange(total), np.arange(total)


def _paired_edges(rig: Skeleton) -> list[tuple[int, int]]:
    """Left and right middles of edges, numbered behind the keypoints."""
    other = dict(rig.pairs or ())
    number = {frozenset(edge): len(rig) + i for i, edge in enumerate(rig.edges)}
    found = [
        (index, number.get(frozenset(other.get(end, end) for end in edge), index))
        for edge, index in number.items()
    ]
    return [(left, right) for left, right in found if left != right]


def _among(kept: Common, adjacency: NDArray[np.float32]) -> NDArray[np.float32]:
    """Edges among some keypoints: what was joined through another one stays joined.

    Each that goes leaves its edges to its first neighbour. Training does this at random, and may
    change how; figures of different years shall be of the same rigs.
    """
    graph = adjacency.copy()
    for gone in np.setdiff1d(np.arange(len(graph)), kept):
        around = np.flatnonzero(graph[gone])
        graph[gone] = graph[:, gone] = 0
        graph[around[:1], around[1:]] = graph[around[1:], around[:1]] = 1
    return graph[np.ix_(kept, kept)]


def _taken(shots: Shots, kept: Common, skeleton: Skeleton) -> Shots:
    parts = {n: getattr(shots, n)[:, kept] for n in ("pixels", "confidence", "truth", "valid")}
    return replace(shots, **parts, skeleton=skeleton)


def _compare(
    lifter: Lifter, change: Callable[[Shots, int], Other], seed: int, shots: Shots
) -> Figures:
    other, old, new = change(shots, seed)
    truth, valid = shots.truth[:, old], shots.valid[:, old]
    # A frame needs four keypoints on both sides, and three to be aligned at all.
    enough = (other.confidence > 0).sum(-1) >= lifter.min_keypoints
    enough &= valid.sum(-1) >= lifter.min_keypoints
    if not enough.any():
        return {}
    points = lift(lifter, other, Condition()).points[:, new]
    before = lift(lifter, shots, Condition()).points[:, old]
    after = means(errors(points[enough], truth[enough], valid[enough]))
    known = means(errors(before[enough], truth[enough], valid[enough]))
    return {**after, **{f"{name}_before": value for name, value in known.items()}}
