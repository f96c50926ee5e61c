"""From detected objects to ``Keypoints2D``: which rig, which column, which identity."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lfm_ros.core.skeleton import Skeleton
from lfm_ros.ros.adapters.highest_keypoints import HighestKeypoints
from lfm_ros.ros.adapters.instance import Floats, Instance
from lfm_ros.ros.adapters.keypoint_order import KeypointOrder
from lfm_ros.ros.adapters.keypoints2d import Keypoints2D

#: Any class that class_skeletons does not list.
ANY_CLASS = "*"
# Nothing that is worth lifting fits into so few pixels, so these are shares of the image. Beyond
# 0 to 1, because a share may lie outside of the image.
_SHARES = (-1.0, 2.0)
# No image is that large, and float32 still resolves a tenth of a pixel.
_LARGEST_PIXEL = 1e6


class Rigging:
    """Makes a frame of the instances of a message.

    Args:
        classes: Index of the rig by class; empty: everything has the first rig.
        order: Which keypoint goes where.
        least_score: What a detection must score, asked at every frame.
    """

    def __init__(
        self, classes: Mapping[str, int], order: KeypointOrder, least_score: Callable[[], float]
    ) -> None:
        self._classes, self._order, self._least_score = classes, order, least_score
        self._highest = HighestKeypoints()

    def frame(
        self,
        header: Any,
        instances: Sequence[Instance],
        rigs: Sequence[Skeleton],
        *,
        normalized: bool = False,
    ) -> Keypoints2D:
        """The detections that have a rig, in its order.

        Args:
            header: ``std_msgs/msg/Header`` of the message.
            instances: What was detected.
            rigs: The rigs in use.
            normalized: The points are shares of the image. Pixels that can only be shares are
                taken as such.

        Raises:
            MessageError: Keypoints do not fit their rig.
        """
        left_out: list[str] = []
        kept = [pair for i in instances if (pair := self._with_rig(i, left_out)) is not None]
        width = max((len(rigs[rig]) for _, rig in kept), default=0)
        columns = [self._order.columns(i.places, i.names, rigs[rig]) for i, rig in kept]
        doubts = [why for i, rig in kept if (why := self._doubt(i, rigs[rig]))]
        points, confidence = _padded([instance for instance, _ in kept], columns, width)
        return Keypoints2D(
            keypoints=points,
            confidence=confidence,
            instance_id=np.array([i.instance_id for i, _ in kept], np.int32),
            skeleton=np.array([rig for _, rig in kept], np.int32),
            stamp=header.stamp,
            frame_id=header.frame_id,
            normalized=normalized or _are_shares(points[confidence > 0]),
            left_out=tuple(dict.fromkeys(left_out)),
            doubts=tuple(dict.fromkeys(doubts)),
            highest_score=_highest_score(kept),
        )

    def _doubt(self, instance: Instance, rig: Skeleton) -> str:
        assumed = self._order.assumed(instance.names, rig)
        return self._highest.doubt(instance.places, rig) if assumed else ""

    def _with_rig(self, instance: Instance, left_out: list[str]) -> tuple[Instance, int] | None:
        # Written so that a score of NaN is too low.
        if instance.score is not None and not instance.score >= self._least_score():
            return None
        if not len(instance.places):
            left_out.append(
                "detections without keypoints are left out; let the detector run a model for poses"
            )
            return None
        rig = self._rig(instance.labels)
        if rig is None:
            left_out.append(self._without_rig(instance.labels))
            return None
        return instance, rig

    def _without_rig(self, labels: tuple[str, ...]) -> str:
        label = labels[0][:80]
        why = f"detections of class {label!r} are left out, for class_skeletons gives them no rig"
        same = next((c for c in self._classes if c.lower() in map(str.lower, labels)), None)
        if same is not None:
            return f"{why}: it has {same!r}, which is not the same; write {label!r}"
        return f"{why}; add '{label}: RIG' or '{ANY_CLASS}: RIG'"

    def _rig(self, labels: tuple[str, ...]) -> int | None:
        if not self._classes:
            return 0
        return next((self._classes[c] for c in (*labels, ANY_CLASS) if c in self._classes), None)


def _padded(
    instances: Sequence[Instance], columns: Sequence[NDArray[np.int64]], width: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Points (B, K, 2) and confidence (B, K), the surest of two keypoints for the same column."""
    points = np.zeros((len(instances), width, 2), np.float32)
    confidence = np.zeros((len(instances), width), np.float32)
    if instances:
        row = np.repeat(np.arange(len(instances)), [len(places) for places in columns])
        column = np.concatenate(columns)
        given = np.concatenate([instance.points for instance in instances])
        sure = np.clip(np.concatenate([instance.confidence for instance in instances]), 0, 1)
        # Many detectors write (0, 0) for what they do not see.
        placed = given.any(-1) & (np.abs(given) < _LARGEST_PIXEL).all(-1)
        usable = (column >= 0) & (sure > 0) & placed
        order = np.argsort(sure, kind="stable")
        order = order[usable[order]]
        points[row[order], column[order]] = given[order]
        confidence[row[order], column[order]] = sure[order]
    return points, confidence


def _highest_score(kept: Sequence[tuple[Instance, int]]) -> float:
    """The largest finite confidence of a keypoint, or 1."""
    scores = np.concatenate([[1.0], *(instance.confidence for instance, _ in kept)])
    return float(scores.max(initial=1, where=np.isfinite(scores)))


def _are_shares(seen: Floats | NDArray[np.float32]) -> bool:
    low, high = _SHARES
    return bool(len(seen) and seen.min() >= low and seen.max() <= high)
