"""How far the lifted scene is from the truth, rig by rig, in millimetres."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.metrics import errors, mpjpe
from lfm_ros.core.placement import centroid
from lfm_ros.core.skeleton import Skeleton
from lfm_ros.demo.moments import Moment
from lfm_ros.demo.nodepth import flat_points

Array = NDArray[np.float64]

# A shape needs as many points before it says anything about depth.
_FEWEST = 4
_RECENT = 300

#: What is measured of every instance in every frame, millimetres. ``flat`` is no depth at all.
FIGURES = {
    "in_place": "root on root, nothing else aligned, all keypoints of the rig",
    "aligned": "best similarity taken out (det = +1), all keypoints of the rig",
    "aligned_seen": "the same with the detected keypoints only",
    "flat_seen": "the same without depth: the picture itself as a flat shape",
    "root": "distance of the root from the true root",
    "flat_root": "the same without depth",
}


@dataclass(frozen=True)
class _Rows:
    """Instances of one rig from many frames; K is the rig's number of keypoints."""

    points: Array
    truth: Array
    flat: Array
    known: NDArray[np.bool_]
    seen: NDArray[np.bool_]


class Accuracy:
    """Running means of the errors.

    Args:
        rigs: What ``skeleton`` in the moments points into.
    """

    def __init__(self, rigs: Sequence[Skeleton]) -> None:
        self._rigs = list(rigs)
        self._sums = {name: defaultdict[str, float](float) for name in self.names}
        self._counts = {name: defaultdict[str, int](int) for name in self.names}
        self._recent: deque[tuple[float, float]] = deque(maxlen=_RECENT)

    @property
    def names(self) -> list[str]:
        """Of the rigs."""
        return [rig.name or f"rig {index}" for index, rig in enumerate(self._rigs)]

    def add(self, moments: Iterable[Moment]) -> None:
        """Compare what was lifted with the truth."""
        pairs = [pair for moment in moments for pair in _pairs(moment)]
        for index, (name, rig) in enumerate(zip(self.names, self._rigs, strict=True)):
            ours = [pair for pair in pairs if pair.skeleton == index]
            if ours:
                self._add(name, _figures(_rows(ours, rig), rig))

    def mean(self, rig: str | None = None) -> dict[str, float]:
        """Means of ``FIGURES`` and the number of ``instances``.

        Args:
            rig: Its name; None for the mean over all instances of all rigs.
        """
        names = self.names if rig is None else [rig]
        made = {"instances": float(sum(self._counts[name]["aligned"] for name in names))}
        for figure in FIGURES:
            count = sum(self._counts[name][figure] for name in names)
            total = sum(self._sums[name][figure] for name in names)
            made[figure] = total / count if count else float("nan")
        return made

    def recent(self) -> tuple[float, float]:
        """``in_place`` and ``aligned`` over the last few seconds; NaN without any."""
        if not self._recent:
            return float("nan"), float("nan")
        in_place, aligned = np.mean(self._recent, axis=0)
        return float(in_place), float(aligned)

    def _add(self, name: str, figures: dict[str, Array]) -> None:
        for figure, values in figures.items():
            finite = values[np.isfinite(values)]
            self._sums[name][figure] += float(finite.sum())
            self._counts[name][figure] += len(finite)
        both = np.stack([figures["in_place"], figures["aligned"]], -1)
        self._recent.extend(tuple(row) for row in both[np.isfinite(both).all(-1)].tolist())


@dataclass(frozen=True)
class _Pair:
    """One instance in one frame, (K, ...) arrays as wide as the frame."""

    skeleton: int
    points: Array
    truth: Array
    uv: Array
    seen: NDArray[np.bool_]
    moment: Moment


def _pairs(moment: Moment) -> list[_Pair]:
    """The instances that were detected, lifted and have a truth."""
    lifted = {int(i): row for row, i in enumerate(moment.lifted.instance_id)}
    truth = {int(i): row for row, i in enumerate(moment.truth.instance_id)}
    made: list[_Pair] = []
    for row, instance in enumerate(moment.detected.instance_id.tolist()):
        if instance not in lifted or instance not in truth:
            continue
        ours, true = lifted[instance], truth[instance]
        uv = moment.detected.uv[row].astype(np.float64)
        seen = (moment.detected.confidence[row] > 0) & np.isfinite(uv).all(-1)
        skeleton = int(moment.truth.skeleton[true])
        points, real = moment.lifted.xyz[ours], moment.truth.xyz[true]
        made.append(_Pair(skeleton, points, real, np.where(seen[:, None], uv, 0), seen, moment))
    return made


def _rows(pairs: Sequence[_Pair], rig: Skeleton) -> _Rows:
    points, truth, uv, seen = (
        np.stack([getattr(pair, part)[: len(rig)] for pair in pairs])
        for part in ("points", "truth", "uv", "seen")
    )
    known = np.isfinite(points).all(-1) & np.isfinite(truth).all(-1)
    enough = (known.sum(-1) >= _FEWEST) & ((known & seen).sum(-1) >= _FEWEST)
    cameras = [pair.moment.camera for pair, kept in zip(pairs, enough, strict=True) if kept]
    points, truth, known, seen = points[enough], truth[enough], known[enough], seen[enough]
    index = np.zeros(len(points), np.int64)
    flat = flat_points(uv[enough], seen, cameras, [rig], index) if len(points) else points
    clean = [np.where(known[..., None], values, 0.0).astype(float) for values in (points, truth)]
    return _Rows(clean[0], clean[1], flat, known, known & seen)


def _figures(rows: _Rows, rig: Skeleton) -> dict[str, Array]:
    """``FIGURES`` of every row, millimetres; NaN where one is not defined."""
    if not len(rows.points):
        return {figure: np.zeros(0) for figure in FIGURES}
    root, true_root = _root(rows.points, rows.known, rig), _root(rows.truth, rows.known, rig)
    rooted = rows.points + (true_root - root)[:, None]
    # Without its root in the picture a flat shape has no root: only frames that have both count.
    flat_root = _root(np.where(rows.seen[..., None], rows.flat, np.nan), rows.seen, rig)
    placed = np.isfinite(flat_root).all(-1)
    shift = np.where(placed, np.linalg.norm(root - true_root, axis=-1), np.nan)
    metres = {
        "in_place": mpjpe(rooted, rows.truth, rows.known),
        "aligned": errors(rows.points, rows.truth, rows.known).procrustes,
        "aligned_seen": errors(rows.points, rows.truth, rows.seen).procrustes,
        "flat_seen": errors(rows.flat, rows.truth, rows.seen).procrustes,
        "root": shift,
        "flat_root": np.linalg.norm(flat_root - true_root, axis=-1),
    }
    return {figure: 1000 * values for figure, values in metres.items()}


def _root(points: Array, known: NDArray[np.bool_], rig: Skeleton) -> Array:
    """Origin of the rig's root frame (B, 3); the centroid of what is known for rigs without."""
    if rig.root is None:
        return centroid(np.where(known[..., None], points, 0.0), known)
    origin = list(rig.root.origin)
    whole = known[:, origin].all(-1)
    return np.where(whole[:, None], points[:, origin].mean(1), np.nan)
