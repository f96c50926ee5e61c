"""Who of this frame is who of the frames before: assignment by the similarity of keypoints."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.bearing import squared_length

Floats = NDArray[np.floating]
Indices = NDArray[np.int64]
Mask = NDArray[np.bool_]

# Distance in radii at which a keypoint counts 0.61, between frames that follow each other at once,
# and how much it grows with every second in between: people and limbs do not stand still.
_TOLERANCE = 0.3
_TOLERANCE_PER_SECOND = 0.5
# Depth is lifted with several times the error of the directions that the image shows.
_WEIGHTS = np.array([1.0, 1.0, 0.25], np.float32)
# Roots further apart than so many tolerances cannot be similar enough, whatever the pose.
_GATE = 3.0
_LEAST_SIMILARITY = 0.2
# Two bodies cannot be so near each other that both are as similar as this.
_SURE = 0.8
# Tolerances squared within which a keypoint counts _SURE or more.
_SURELY_NEAR = -2 * math.log(_SURE)


class Candidates(NamedTuple):
    """One side of an assignment: what was seen, or what was expected.

    Attributes:
        rows: (B, 1 + K, 3), root and points around it as ``core.bearing`` has them.
        known: (B, K) which points mean anything.
        rig: (B,); different rigs never match.
        placed: (B,), as in ``core.bearing``. What has a place before a camera cannot go on as
            something that has none.
    """

    rows: Floats
    known: Mask
    rig: NDArray[np.int32]
    placed: Mask


def similarity(offset: Floats, both_known: Mask, tolerance: Floats) -> Floats:
    """Object keypoint similarity of P pairs, 1 for equal ones, shape (P,).

    As COCO's OKS (Lin et al., Microsoft COCO, ECCV 2014, keypoint evaluation): mean of
    exp(-d² / 2κ²) over the keypoints, here with d in three dimensions and in radii.

    Args:
        offset: Difference of ``Candidates.rows`` in radii, shape (P, 1 + K, 3).
        both_known: Shape (P, K). A pair without any common keypoint is compared by its root.
        tolerance: κ, shape (P,).
    """
    close = np.exp(_squared_distances(offset) * (-0.5 / (tolerance * tolerance))[:, None])
    count = both_known.sum(1)
    mean = (close[:, 1:] * both_known).sum(1) / np.maximum(count, 1)
    return mean if count.all() else np.where(count > 0, mean, close[:, 0])


def _squared_distances(offset: Floats) -> Floats:
    """Squares (P, 1 + K) of how far roots and keypoints are from each other in P pairs."""
    weighted = offset * _WEIGHTS
    weighted[:, 1:] += weighted[:, :1]
    return squared_length(weighted)


def matches(
    seen: Candidates, expected: Candidates, unit: Floats, seconds: Floats, wanted: Sequence[int]
) -> Indices:
    """The track of every row, or -1.

    Args:
        seen: R rows of this frame.
        expected: T tracks, where they should be by now.
        unit: Length of one radius in each row of ``expected.rows``, shape (T, 1 + K, 1).
        seconds: Since each track was seen, shape (T,).
        wanted: The track that bears a row's id, or -1, R of them; no track is wanted twice. It
            gets the row unless that would be a leap; then both are free for whoever is similar, as
            they are where a detector mixes two people up.
    """
    tolerance = _TOLERANCE + _TOLERANCE_PER_SECOND * np.maximum(seconds, 0.0)
    if _are_as_before(seen, expected, unit, tolerance, wanted):
        return np.arange(len(wanted))
    match, named = np.full(len(wanted), -1, np.int64), np.array(wanted, np.int64)
    asked = np.flatnonzero(named >= 0)
    if asked.size:
        tracks = named[asked]
        offset = (seen.rows[asked, 0] - expected.rows[tracks, 0]) / unit[tracks, 0]
        granted = _near(offset, tolerance[tracks]) & _alike(seen, asked, expected, tracks)
        match[asked] = np.where(granted, tracks, -1)
        if granted.all() and asked.size == len(wanted):
            return match
    free = np.ones(len(tolerance), bool)
    free[match[match >= 0]] = False
    rows, tracks = _pairs(
        seen, expected, unit, tolerance, np.flatnonzero(match < 0), np.flatnonzero(free)
    )
    if rows.size:
        offset = (seen.rows[rows] - expected.rows[tracks]) / unit[tracks]
        both = seen.known[rows] & expected.known[tracks]
        alike = similarity(offset, both, tolerance[tracks])
        for row, track in greedy(alike, rows, tracks):
            match[row] = track
    return match


def greedy(alike: Floats, rows: Indices, tracks: Indices) -> list[tuple[int, int]]:
    """Pairs, the most similar first, no row and no track twice.

    Args:
        alike: Similarity of P candidate pairs, shape (P,).
        rows: Row of each pair, shape (P,).
        tracks: Track of each pair, shape (P,).
    """
    order = np.argsort(-alike, kind="stable")
    order = order[: int((alike >= _LEAST_SIMILARITY).sum())]
    made: list[tuple[int, int]] = []
    rows_done: set[int] = set()
    tracks_done: set[int] = set()
    for row, track in zip(rows[order].tolist(), tracks[order].tolist(), strict=True):
        if row not in rows_done and track not in tracks_done:
            rows_done.add(row)
            tracks_done.add(track)
            made.append((row, track))
    return made


def _are_as_before(
    seen: Candidates,
    expected: Candidates,
    unit: Floats,
    tolerance: Floats,
    wanted: Sequence[int],
) -> bool:
    """Whether each row is its own track beyond doubt, which saves comparing all with all."""
    if len(seen.rig) != len(expected.rig) or len(seen.rig) == 0:
        return False
    if any(track not in (-1, row) for row, track in enumerate(wanted)):
        return False
    if seen.rig.tolist() != expected.rig.tolist():
        return False
    if seen.placed.tolist() != expected.placed.tolist():
        return False
    offset = (seen.rows - expected.rows) / unit
    # Mostly nothing at all is far off, and then the exponentials can be saved.
    if all((_squared_distances(offset).max(1) <= _SURELY_NEAR * tolerance * tolerance).tolist()):
        return True
    alike = similarity(offset, seen.known & expected.known, tolerance)
    return bool(alike.min() >= _SURE)


def _pairs(
    seen: Candidates,
    expected: Candidates,
    unit: Floats,
    tolerance: Floats,
    rows: Indices,
    tracks: Indices,
) -> tuple[Indices, Indices]:
    """Pairs of one rig whose roots are near each other."""
    if not (rows.size and tracks.size):
        return rows[:0], tracks[:0]
    offset = (seen.rows[rows, None, 0] - expected.rows[None, tracks, 0]) / unit[tracks, 0]
    near = _near(offset, tolerance[tracks])
    near &= _alike(seen, rows[:, None], expected, tracks[None])
    first, second = np.nonzero(near)
    return rows[first], tracks[second]


def _alike(seen: Candidates, rows: Indices, expected: Candidates, tracks: Indices) -> Mask:
    same_rig = seen.rig[rows] == expected.rig[tracks]
    return same_rig & (seen.placed[rows] == expected.placed[tracks])


def _near(offset: Floats, tolerance: Floats) -> Mask:
    weighted = offset * _WEIGHTS
    squared = (weighted * weighted).sum(-1)
    return squared <= (_GATE * _GATE) * (tolerance * tolerance)
